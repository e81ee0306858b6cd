package explain

import (
	"strconv"

	"seine/detectors"
	"seine/flow"
)

// partNames are the parts of an alert that templates may name behind @.
var partNames = []string{
	"src", "dst", // of a pair
	"ip", "role", // of one address
	"peer",             // the other end of the first flow of the evidence
	"target",           // the destination of the first flow of the evidence
	"targetport",       // its port
	"port", "protocol", // of the subject
	"answered", // whether a flow of the evidence was answered
	"severity", "confidence", "status", "count", "flows",
	"first", "last", // the span that the flows to look at lie in
}

// part is the part of the alert with that name.
func (t *Teller) part(a *detectors.Alert, name string) value {
	s := &a.Subject
	word := func(text string) value { return value{kind: textValue, text: text} }
	switch name {
	case "src", "dst":
		if s.Has&detectors.SubjectPair == 0 {
			return value{}
		}
		if name == "src" {
			return word(s.Src.String())
		}
		return word(s.Dst.String())
	case "ip":
		if s.Has&detectors.SubjectIP != 0 {
			return word(s.IP.String())
		}
	case "role":
		if s.Has&detectors.SubjectIP != 0 && s.Role != detectors.NoRole {
			return word(s.Role.String())
		}
	case "port":
		if s.Has&detectors.SubjectPort != 0 {
			return numberOf(strconv.Itoa(int(s.DstPort)))
		}
	case "protocol":
		if s.Has&detectors.SubjectProtocol != 0 {
			return word(s.Protocol.String())
		}
	case "severity":
		return value{kind: doneValue, text: t.in.says.severity[min(a.Severity, detectors.Critical)]}
	case "status":
		if a.Status != detectors.NotCompared {
			return word(a.Status.String())
		}
	case "confidence":
		if a.Confidence > 0 {
			return numberOf(strconv.FormatFloat(min(a.Confidence, 1), 'f', 3, 64))
		}
	case "count":
		return uintValue(max(a.Count, 1))
	case "flows":
		return uintValue(a.Flows)
	case "first", "last":
		from, to := span(a)
		if name == "last" {
			from = to
		}
		return word(from.String())
	default:
		return exhibit(a, name)
	}
	return value{}
}

// exhibit is what the evidence tells.
func exhibit(a *detectors.Alert, name string) value {
	if len(a.Evidence) == 0 {
		return value{}
	}
	r := &a.Evidence[0]
	switch name {
	case "target":
		return value{kind: textValue, text: r.Dst.String()}
	case "targetport":
		if r.Has&flow.HasDstPort != 0 {
			return uintValue(uint64(r.DstPort))
		}
	case "peer":
		switch {
		case a.Subject.Has&detectors.SubjectIP == 0:
		case r.Src == a.Subject.IP:
			return value{kind: textValue, text: r.Dst.String()}
		case r.Dst == a.Subject.IP:
			return value{kind: textValue, text: r.Src.String()}
		}
	case "answered":
		known := false
		for i := range a.Evidence {
			r := &a.Evidence[i]
			if r.Has&flow.HasDstBytes != 0 && r.DstBytes > 0 || r.State == flow.StateEstablished || r.State == flow.StateClosed {
				return truthValue(true)
			}
			known = known || r.Has&(flow.HasDstBytes|flow.HasState) != 0
		}
		if known {
			return truthValue(false)
		}
	}
	return value{}
}

// span is the time in which the flows of an alert begin: from the start of
// the window or campaign, or the earliest moment that it knows, to the last.
// What a damaged file says of a time a year before the alert is not believed.
func span(a *detectors.Alert) (from, to flow.Time) {
	from, to = a.FirstSeen, a.LastSeen
	if from == 0 && to == 0 {
		from, to = a.Time, a.Time
	}
	to = max(from, to)
	earliest := from.Sub(400 * 24 * 3600 * flow.Second)
	take := func(at flow.Time) {
		if at >= earliest && at < from {
			from = at
		}
		if at > to && at.Sub(to) < 400*24*3600*flow.Second {
			to = at
		}
	}
	take(a.Time)
	if a.HasWindow {
		take(a.Window)
	}
	for i := range a.Evidence {
		if a.Evidence[i].Has&flow.HasStart != 0 {
			take(a.Evidence[i].Start)
		}
	}
	for i := range a.Facts {
		switch a.Facts[i].Key {
		case "since", "alert_start", "guessing_since", "window", "bucket_start":
			v := valueOf(&a.Facts[i])
			if at, ok := v.moment(); ok {
				if moment, sound := flow.FromTime(at); sound {
					take(moment)
				}
			}
		case "seconds", "window_seconds":
			// A window says itself when it began; an alert that grows has its
			// seconds up to its last flow, long behind the time that it met the rule.
			if v := valueOf(&a.Facts[i]); !a.HasWindow && v.kind == numberValue && v.num > 0 && v.num < 1e8 {
				take(a.Time.Sub(flow.Time(v.num * 1e9)))
			}
		}
	}
	return from, to
}
