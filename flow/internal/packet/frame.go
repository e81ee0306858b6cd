package packet

// The link types of frames that do not come from a capture.
const (
	Ethernet = ethernet
	RawIP    = raw
)

// Decode fills p with a frame that did not come from a capture, such as the
// head of one that was sampled; on the wire it was length bytes long. Its
// error is nil, ErrNotIP or a Damage.
func (p *Packet) Decode(l Link, frame []byte, length int) error {
	*p = Packet{CaptureLength: len(frame), Length: length}
	return p.decode(l, frame)
}
