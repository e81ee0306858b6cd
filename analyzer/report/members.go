package report

import (
	"math"

	"seine/detectors"
	"seine/flow"
)

// confidence is how sure an alert is, held within 0 … 1; 0 is no say.
func confidence(a *detectors.Alert) float64 {
	c := a.Confidence
	if !(c > 0) || math.IsInf(c, 0) {
		return 0
	}
	return min(c, 1)
}

// facts appends facts as an object.
func (o *object) facts(name string, facts []detectors.Fact) {
	o.key(name)
	o.open()
	for i := range facts {
		o.key(facts[i].Key)
		o.b = facts[i].AppendJSON(o.b, quote)
	}
	o.shut()
}

// subject appends the parts of a subject as members, under the names that
// alerts have for them.
func (o *object) subject(s *detectors.Subject) {
	if s.Has&detectors.SubjectIP != 0 {
		o.text("ip", s.IP.String())
		if s.Role != detectors.NoRole {
			o.text("role", s.Role.String())
		}
	}
	if s.Has&detectors.SubjectPair != 0 {
		o.text("src_ip", s.Src.String())
		o.text("dst_ip", s.Dst.String())
	}
	if s.Has&detectors.SubjectPort != 0 {
		o.number("dst_port", uint64(s.DstPort))
	}
	if s.Has&detectors.SubjectProtocol != 0 {
		o.text("protocol", s.Protocol.String())
	}
	if s.Has&detectors.SubjectGroup != 0 {
		o.text("group", s.Group)
	}
}

// An endpoint is what an alert says of one side, as far as it does.
type endpoint struct {
	addr    flow.Addr
	hasAddr bool
	port    uint16
	hasPort bool
}

// sides are the source and the destination that an alert is about. What its
// subject leaves open stays so, for the flows may have many.
func sides(a *detectors.Alert) (src, dst endpoint) {
	s := &a.Subject
	if s.Has&detectors.SubjectPair != 0 {
		src, dst = endpoint{addr: s.Src, hasAddr: true}, endpoint{addr: s.Dst, hasAddr: true}
	} else if s.Has&detectors.SubjectIP != 0 {
		if s.Role == detectors.RoleDst {
			dst = endpoint{addr: s.IP, hasAddr: true}
		} else {
			src = endpoint{addr: s.IP, hasAddr: true}
		}
	}
	if s.Has&detectors.SubjectPort != 0 {
		dst.port, dst.hasPort = s.DstPort, true
	}
	return src, dst
}

// addresses are those of the subject and the evidence of an alert, each once,
// in their order.
func addresses(a *detectors.Alert, evidence []flow.Record) []flow.Addr {
	var all []flow.Addr
	seen := map[flow.Addr]bool{}
	put := func(a flow.Addr) {
		if !seen[a] {
			seen[a] = true
			all = append(all, a)
		}
	}
	s := &a.Subject
	if s.Has&detectors.SubjectIP != 0 {
		put(s.IP)
	}
	if s.Has&detectors.SubjectPair != 0 {
		put(s.Src)
		put(s.Dst)
	}
	for i := range evidence {
		if evidence[i].Has&flow.HasAddrs != 0 {
			put(evidence[i].Src)
			put(evidence[i].Dst)
		}
	}
	return all
}
