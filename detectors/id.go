package detectors

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
)

// AppendID appends the ID of the alert or, where it has none yet, what it
// will be: 16 hex digits of a SHA-256 over what makes two alerts the same
// finding: detector, rule, subject and the start of the window, or else when
// it was first seen. Nobody who chooses addresses can make two findings share
// an id without a search of about 2^32 tries.
func (a *Alert) AppendID(b []byte) []byte {
	if a.ID != "" {
		return append(b, a.ID...)
	}
	var space [256]byte
	k := a.appendSubject(space[:0])
	if a.HasWindow {
		k = binary.BigEndian.AppendUint64(append(k, 'w'), uint64(a.Window))
	} else {
		k = binary.BigEndian.AppendUint64(append(k, 'f'), uint64(a.FirstSeen))
	}
	sum := sha256.Sum256(k)
	return hex.AppendEncode(b, sum[:8])
}

// Matter is what the alert is about, whenever it was: equal for two alerts
// with the same detector, rule and subject, and a key for maps.
func (a *Alert) Matter() string { return string(a.appendSubject(nil)) }

func (a *Alert) appendSubject(k []byte) []byte {
	k = append(k, a.Detector.ID...)
	k = append(k, 0)
	k = append(k, a.Rule.ID...)
	s := &a.Subject
	k = append(k, 0, byte(s.Has))
	if s.Has&SubjectIP != 0 {
		k = append(append(k, byte(s.Role)), s.IP[:]...)
	}
	if s.Has&SubjectPair != 0 {
		k = append(append(k, s.Src[:]...), s.Dst[:]...)
	}
	if s.Has&SubjectPort != 0 {
		k = binary.BigEndian.AppendUint16(k, s.DstPort)
	}
	if s.Has&SubjectProtocol != 0 {
		k = append(k, byte(s.Protocol))
	}
	if s.Has&SubjectGroup != 0 {
		k = append(binary.BigEndian.AppendUint32(k, uint32(len(s.Group))), s.Group...)
	}
	return k
}
