package triage

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/where"
)

// Scope is what conditions are compiled for.
type Scope struct {
	Zone     *time.Location // of times of day and of times that carry none; nil means UTC
	Internal []netip.Prefix // what internal() means; nil means where.DefaultInternal
	Names    flow.Names     // of the flows that ignore rules see; nil where they see none
	Known    *enrich.Knowledge
}

func (s *Scope) zone() *time.Location {
	if s.Zone == nil {
		return time.UTC
	}
	return s.Zone
}

// Alerts is the schema of conditions on alerts.
func Alerts(scope Scope) *where.Schema[detectors.Alert] {
	s := &where.Schema[detectors.Alert]{Location: scope.zone()}
	alertTexts(s)
	alertEnds(s)
	alertTimes(s, scope.zone())
	s.Open("facts", "a fact by its name, as facts.ports > 100 or facts.service == 'ssh'; true counts as 1", factNumber, factTexts)
	s.Open("annotations", "what is known of an address beside the flows, as annotations.role == 'scanner'", nil, annotation)
	s.Networks(scope.Internal)
	s.Known(scope.Known)
	return s
}

// Condition compiles a condition on alerts.
func Condition(text string, scope Scope) (*where.Condition[detectors.Alert], error) {
	return Alerts(scope).Compile(text)
}

func alertTexts(s *where.Schema[detectors.Alert]) {
	type alert = detectors.Alert
	s.Text("detector", "id of the detector", func(a *alert) (string, bool) { return a.Detector.ID, true })
	s.Text("rule", "id of its rule", func(a *alert) (string, bool) { return a.Rule.ID, true })
	var severities []string
	for v := range detectors.Severities {
		severities = append(severities, v.String())
	}
	s.Word("severity", strings.Join(severities, " < "), severities, nil,
		func(a *alert) (uint64, bool) { return uint64(a.Severity), a.Severity < detectors.Severities }).Ordered()
	s.Number("confidence", "0 to 1, where the detector has a say",
		func(a *alert) (float64, bool) { return a.Confidence, a.Confidence > 0 })
	statuses := []string{"none", detectors.New.String(), detectors.Known.String(), detectors.Gone.String()}
	s.Word("status", "against the baseline: new, known; none without one", statuses, nil,
		func(a *alert) (uint64, bool) { return uint64(a.Status), true })
	s.Text("summary", "the sentence", func(a *alert) (string, bool) { return a.Summary, true })
	s.Text("id", "16 digits", func(a *alert) (string, bool) { return string(a.AppendID(nil)), true })
	s.Texts("attack", "MITRE ATT&CK techniques", func(a *alert) ([]string, bool) { return a.Rule.ATTACK, true })
	s.Count("count", "how often the same finding was met", func(a *alert) (uint64, bool) { return a.Count, true })
	s.Count("flows", "flows that support it", func(a *alert) (uint64, bool) { return a.Flows, true })
}

func alertEnds(s *where.Schema[detectors.Alert]) {
	type alert = detectors.Alert
	s.Addr("src_ip", "the source of the pair, or the address that it is about where that is in the role of one", source).
		Alias("src", "srcip", "saddr")
	s.Addr("dst_ip", "the destination, likewise", destination).Alias("dst", "dstip", "daddr")
	s.Addr("subject", "the one address that it is about, in any role", subject)
	s.Either("ip", "any of them", "src_ip", "dst_ip", "subject").Alias("addr", "host")
	s.Addr("accused", "the address that it accuses", func(a *alert) *flow.Addr {
		if addr, ok := a.Accused(); ok {
			return &addr
		}
		return nil
	})
	s.Count("dst_port", "port of the destination, where it is about one",
		func(a *alert) (uint64, bool) {
			return uint64(a.Subject.DstPort), a.Subject.Has&detectors.SubjectPort != 0
		}).AtMost(65535).Alias("port", "dport", "dstport")
	protocols := make([]string, 256)
	for i := range protocols {
		protocols[i] = flow.Proto(i).String()
	}
	s.Word("protocol", "'tcp', 'udp' …, or its number", protocols,
		func(text string) (uint64, error) {
			p, ok := flow.ParseProto([]byte(text))
			if !ok {
				return 0, fmt.Errorf("%q is no protocol that has a name here; its number does too", text)
			}
			return uint64(p), nil
		},
		func(a *alert) (uint64, bool) {
			return uint64(a.Subject.Protocol), a.Subject.Has&detectors.SubjectProtocol != 0
		}).Alias("proto")
	s.Text("group", "what else a rule of the user's own tells it apart by",
		func(a *alert) (string, bool) { return a.Subject.Group, a.Subject.Has&detectors.SubjectGroup != 0 })
}

func source(a *detectors.Alert) *flow.Addr {
	switch s := &a.Subject; {
	case s.Has&detectors.SubjectPair != 0:
		return &s.Src
	case s.Has&detectors.SubjectIP != 0 && s.Role == detectors.RoleSrc:
		return &s.IP
	}
	return nil
}

func destination(a *detectors.Alert) *flow.Addr {
	switch s := &a.Subject; {
	case s.Has&detectors.SubjectPair != 0:
		return &s.Dst
	case s.Has&detectors.SubjectIP != 0 && s.Role == detectors.RoleDst:
		return &s.IP
	}
	return nil
}

func subject(a *detectors.Alert) *flow.Addr {
	if a.Subject.Has&detectors.SubjectIP != 0 {
		return &a.Subject.IP
	}
	return nil
}

func alertTimes(s *where.Schema[detectors.Alert], zone *time.Location) {
	type alert = detectors.Alert
	s.Time("time", "when the rule was met", func(a *alert) (flow.Time, bool) { return a.Time, true }).Alias("ts")
	s.Time("first_seen", "", func(a *alert) (flow.Time, bool) { return a.FirstSeen, true })
	s.Time("last_seen", "", func(a *alert) (flow.Time, bool) { return a.LastSeen, true })
	s.Span("duration", "from first_seen to last_seen", func(a *alert) (flow.Time, bool) { return a.LastSeen.Sub(a.FirstSeen), true })
	s.Count("hour", "hour of time, 0 to 23, in the zone of the run",
		func(a *alert) (uint64, bool) { return uint64(a.Time.UTC().In(zone).Hour()), true }).AtMost(23)
	s.Word("weekday", "day of time: "+strings.Join(days, ", "), days, nil,
		func(a *alert) (uint64, bool) { return uint64(a.Time.UTC().In(zone).Weekday()), true })
}

func findFact(a *detectors.Alert, key string) *detectors.Fact {
	for i := range a.Facts {
		if a.Facts[i].Key == key {
			return &a.Facts[i]
		}
	}
	return nil
}

func factNumber(key string) func(*detectors.Alert) (where.Number, bool) {
	return func(a *detectors.Alert) (where.Number, bool) {
		f := findFact(a, key)
		if f == nil {
			return where.Number{}, false
		}
		switch v := f.Value().(type) {
		case int64:
			return where.Int(v), true
		case uint64:
			return where.Uint(v), true
		case float64:
			return where.Float(v)
		case bool:
			if v {
				return where.Int(1), true
			}
			return where.Int(0), true
		}
		return where.Number{}, false
	}
}

func factTexts(key string) func(*detectors.Alert) ([]string, bool) {
	return func(a *detectors.Alert) ([]string, bool) {
		f := findFact(a, key)
		if f == nil {
			return nil, false
		}
		list, ok := f.Value().([]detectors.Fact)
		if !ok {
			return []string{f.String()}, true
		}
		all := make([]string, len(list))
		for i := range list {
			all[i] = list[i].String()
		}
		return all, true
	}
}

func annotation(key string) func(*detectors.Alert) ([]string, bool) {
	return func(a *detectors.Alert) (all []string, ok bool) {
		for i := range a.Annotations {
			if a.Annotations[i].Key == key {
				all = append(all, a.Annotations[i].Value)
			}
		}
		return all, len(all) > 0
	}
}
