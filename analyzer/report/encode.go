package report

import (
	"math"
	"strconv"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

// The names of the layouts, which change when their meaning does.
const (
	alertLayout  = "seine.alert/1"
	reportLayout = "seine.report/1"
)

// An encoder appends alerts as JSON without reflection. It remembers the last
// day it wrote, since alerts come in runs of the same one.
type encoder struct {
	names    analyzer.Names
	evidence int

	day     flow.Time // start of the day whose date is held
	date    []byte    // "2017-01-27T"
	hasDate bool
}

func newEncoder(o Options) *encoder { return &encoder{names: o.Names, evidence: o.Evidence} }

// alert appends one object, without a newline.
func (e *encoder) alert(b []byte, a *detectors.Alert) []byte {
	b = append(b, `{"schema":"`+alertLayout+`","id":"`...)
	b = appendID(b, a)
	b = append(b, `","time":"`...)
	b = e.time(b, a.Time)
	b = append(b, `","detector":`...)
	b = quote(b, a.Detector.ID)
	b = append(b, `,"rule":`...)
	b = quote(b, a.Rule.ID)
	b = append(b, `,"severity":`...)
	b = quote(b, a.Severity.String())
	if sure := a.Confidence; sure > 0 && !math.IsInf(sure, 0) {
		b = append(b, `,"confidence":`...)
		b = strconv.AppendFloat(b, sure, 'f', -1, 64)
	}
	if a.Status != detectors.NotCompared {
		b = append(b, `,"status":`...)
		b = quote(b, a.Status.String())
	}
	b = append(b, `,"summary":`...)
	b = quote(b, a.Summary)
	b = appendSubject(b, &a.Subject)
	b = append(b, `,"facts":{`...)
	for i := range a.Facts {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, a.Facts[i].Key)
		b = append(b, ':')
		b = a.Facts[i].AppendJSON(b, quote)
	}
	b = append(b, `},"attack":`...)
	b = appendTexts(b, a.Rule.ATTACK)
	b = append(b, `,"count":`...)
	b = strconv.AppendUint(b, a.Count, 10)
	b = append(b, `,"first_seen":"`...)
	b = e.time(b, a.FirstSeen)
	b = append(b, `","last_seen":"`...)
	b = e.time(b, a.LastSeen)
	if a.HasWindow {
		b = append(b, `","window":"`...)
		b = e.time(b, a.Window)
	}
	b = append(b, '"')
	if a.Grows && a.HasWindow {
		b = append(b, `,"grows":true`...)
	}
	b = append(b, `,"flows":`...)
	b = strconv.AppendUint(b, a.Flows, 10)
	b = append(b, `,"evidence":[`...)
	shown := shownEvidence(a, e.evidence)
	for i := range shown {
		if i > 0 {
			b = append(b, ',')
		}
		b = e.record(b, &shown[i])
	}
	b = append(b, ']')
	b = appendAnnotations(b, a.Annotations)
	b = appendCharts(b, a.Charts)
	return append(b, '}')
}

// shownEvidence is the evidence that an output prints; 0 means all.
func shownEvidence(a *detectors.Alert, limit int) []flow.Record {
	if limit > 0 && limit < len(a.Evidence) {
		return a.Evidence[:limit]
	}
	return a.Evidence
}

func appendSubject(b []byte, s *detectors.Subject) []byte {
	if s.Has&detectors.SubjectIP != 0 {
		b = append(b, `,"ip":"`...)
		b = s.IP.AppendTo(b)
		b = append(b, '"')
		if s.Role != detectors.NoRole {
			b = append(b, `,"role":`...)
			b = quote(b, s.Role.String())
		}
	}
	if s.Has&detectors.SubjectPair != 0 {
		b = append(b, `,"src_ip":"`...)
		b = s.Src.AppendTo(b)
		b = append(b, `","dst_ip":"`...)
		b = s.Dst.AppendTo(b)
		b = append(b, '"')
	}
	if s.Has&detectors.SubjectPort != 0 {
		b = append(b, `,"dst_port":`...)
		b = strconv.AppendUint(b, uint64(s.DstPort), 10)
	}
	if s.Has&detectors.SubjectProtocol != 0 {
		b = append(b, `,"protocol":`...)
		b = quote(b, s.Protocol.String())
	}
	if s.Has&detectors.SubjectGroup != 0 {
		b = append(b, `,"group":`...)
		b = quote(b, s.Group)
	}
	return b
}

// time appends t as RFC 3339 in UTC with a fraction only if there is one, as
// flow.Time.AppendTo does, several times faster.
func (e *encoder) time(b []byte, t flow.Time) []byte {
	const day = 24 * 60 * 60 * flow.Second
	d := t.Floor(day)
	if d == flow.MinTime { // Floor stopped at the end of time
		return t.AppendTo(b)
	}
	if d != e.day || !e.hasDate {
		e.day, e.hasDate = d, true
		e.date = d.UTC().AppendFormat(e.date[:0], "2006-01-02T")
	}
	b = append(b, e.date...)
	rest := uint64(t - d)
	s, frac := rest/uint64(flow.Second), rest%uint64(flow.Second)
	two := func(n uint64) { b = append(b, byte('0'+n/10), byte('0'+n%10)) }
	two(s / 3600)
	b = append(b, ':')
	two(s / 60 % 60)
	b = append(b, ':')
	two(s % 60)
	b = appendFraction(b, frac)
	return append(b, 'Z')
}

// appendFraction appends nanoseconds behind a decimal point, without zeros at
// the end; nothing for none.
func appendFraction(b []byte, nanos uint64) []byte {
	if nanos == 0 {
		return b
	}
	b = append(b, '.')
	for unit := uint64(flow.Second) / 10; nanos > 0; unit /= 10 {
		b = append(b, byte('0'+nanos/unit))
		nanos %= unit
	}
	return b
}

// appendSeconds appends a span as a number of seconds, exactly.
func appendSeconds(b []byte, d flow.Time) []byte {
	n := uint64(d)
	if d < 0 {
		b = append(b, '-')
		n = -n
	}
	b = strconv.AppendUint(b, n/uint64(flow.Second), 10)
	return appendFraction(b, n%uint64(flow.Second))
}

func appendTexts(b []byte, texts []string) []byte {
	b = append(b, '[')
	for i, t := range texts {
		if i > 0 {
			b = append(b, ',')
		}
		b = quote(b, t)
	}
	return append(b, ']')
}

// appendID appends the id of an alert.
func appendID(b []byte, a *detectors.Alert) []byte { return a.AppendID(b) }
