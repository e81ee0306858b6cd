package replay_test

import (
	"bytes"
	"context"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"seine/analyzer"
	"seine/analyzer/replay"
	"seine/analyzer/report"
	"seine/detectors"
	"seine/flow"
)

// A lexicon is Names over two lists.
type lexicon struct{ files, texts []string }

func (l *lexicon) File(i uint32) string      { return l.files[i] }
func (l *lexicon) Text(s flow.Symbol) string { return l.texts[s] }

var chain = []*detectors.Detector{
	{ID: "port-scan", Title: "scans", Rules: []detectors.Rule{
		{ID: "vertical", Severity: detectors.High, ATTACK: []string{"T1046"}}, {ID: "odd"},
	}},
	{ID: "beacon", Title: "beacons", Rules: []detectors.Rule{{ID: "regular", Severity: detectors.Medium}}},
}

// hostile are texts that an attacker may hope to see printed.
var hostile = rapid.OneOf(
	rapid.String(),
	rapid.StringOfN(rapid.Rune(), 0, 12, -1),
	rapid.Map(rapid.SliceOfN(rapid.Byte(), 0, 15), func(b []byte) string { return string(b) }),
	rapid.SampledFrom([]string{
		"", "-", "<script>alert(1)</script>", "\x1b[2J\x07", "\u202egnp.exe\u2066", "=1+1", "a\xff\xfe", "\xed\xa0\x80", "\ufffd",
		"one\ntwo\r\n\u2028three", `"\`, "\x00", "\U000e0041", "2017-01-27T16:24:49Z", "1e400", "null",
		"{\"schema\":\"seine.alert/1\"}", strings.Repeat("é", 200),
	}),
)

func aTime(t *rapid.T, name string) flow.Time {
	return flow.Time(rapid.OneOf(
		rapid.Int64(), rapid.Int64Range(0, 2e18),
		rapid.SampledFrom([]int64{0, -1, 1, 1<<63 - 1, -1 << 63, -999_999_999, -1_000_000_000}),
	).Draw(t, name))
}

func anAddr(t *rapid.T, name string) flow.Addr {
	a, err := flow.ParseAddr([]byte(rapid.SampledFrom([]string{
		"192.0.2.1", "0.0.0.0", "255.255.255.255", "2001:db8::1", "::", "::ffff:192.0.2.7", "::192.0.2.8", "fe80::1", "ff02::fb",
	}).Draw(t, name)))
	if err != nil {
		t.Fatal(err)
	}
	if rapid.IntRange(0, 9).Draw(t, "named") == 0 {
		host := rapid.SampledFrom([]string{"Comp1", "server-of-a-long-name-9"}).Draw(t, "host")
		a, _ = flow.NameAddr([]byte(host))
	}
	return a
}

func aFact(t *rapid.T, depth int) detectors.Fact {
	key := hostile.Draw(t, "key")
	kinds := 7
	if depth > 3 {
		kinds = 6
	}
	switch rapid.IntRange(0, kinds).Draw(t, "kind") {
	case 0:
		return detectors.Int(key, rapid.Int64().Draw(t, "int"))
	case 1:
		return detectors.Uint(key, rapid.OneOf(rapid.Uint64(), rapid.Uint64Range(1<<53, 1<<53+9), rapid.Uint64Range(1<<63, 1<<64-1)).Draw(t, "uint"))
	case 2:
		return detectors.Float(key, rapid.OneOf(rapid.Float64(), rapid.SampledFrom([]float64{0, 1e-9, 1e21, 123456789, 60, 0.1, -0.5})).Draw(t, "float"))
	case 3, 4:
		return detectors.Text(key, hostile.Draw(t, "text"))
	case 5:
		return detectors.Moment(key, aTime(t, "moment"))
	case 6:
		return detectors.Bool(key, rapid.Bool().Draw(t, "bool"))
	}
	n := rapid.IntRange(0, 4).Draw(t, "n")
	list := make([]detectors.Fact, n)
	for i := range list {
		list[i] = aFact(t, depth+1)
	}
	return detectors.List(key, list...)
}

func aFlow(t *rapid.T, l *lexicon) flow.Record {
	text := func(name string) flow.Symbol { return flow.Symbol(rapid.IntRange(0, len(l.texts)-1).Draw(t, name)) }
	return flow.Record{
		Has:   flow.Fields(rapid.Uint32().Draw(t, "has")) & (1<<16 - 1),
		Start: aTime(t, "start"), Duration: aTime(t, "duration"),
		SrcPort: rapid.Uint16().Draw(t, "sport"), DstPort: rapid.Uint16().Draw(t, "dport"),
		Proto: flow.Proto(rapid.Uint8().Draw(t, "proto")), State: flow.State(rapid.Uint8Range(0, 8).Draw(t, "state")),
		SrcFlags: flow.TCPFlags(rapid.Uint8().Draw(t, "sflags")), DstFlags: flow.TCPFlags(rapid.Uint8().Draw(t, "dflags")),
		ICMPType: rapid.Uint8().Draw(t, "type"), ICMPCode: rapid.Uint8().Draw(t, "code"),
		SrcBytes: rapid.Uint64().Draw(t, "sbytes"), DstBytes: rapid.Uint64().Draw(t, "dbytes"),
		SrcPkts: rapid.Uint64().Draw(t, "spkts"), DstPkts: rapid.Uint64().Draw(t, "dpkts"),
		Src: anAddr(t, "src"), Dst: anAddr(t, "dst"),
		Row: rapid.Uint64().Draw(t, "row"), File: uint32(rapid.IntRange(0, len(l.files)-1).Draw(t, "file")),
		RawState: text("raw state"), Service: text("service"), Label: text("label"),
		UID: flow.MakeUID([]byte(rapid.OneOf(hostile, rapid.StringMatching(`[0-9A-Za-z]{0,40}`)).Draw(t, "uid"))),
	}
}

func anAlert(t *rapid.T, l *lexicon) *detectors.Alert {
	d := rapid.SampledFrom(chain).Draw(t, "detector")
	r := &d.Rules[rapid.IntRange(0, len(d.Rules)-1).Draw(t, "rule")]
	switch rapid.IntRange(0, 5).Draw(t, "foreign") {
	case 0: // a rule of the user's own
		r = &detectors.Rule{ID: rapid.StringMatching(`[a-z-]{1,9}`).Draw(t, "rule id"), ATTACK: []string{hostile.Draw(t, "technique")}}
		d = &detectors.Detector{ID: "own" + hostile.Draw(t, "detector id")}
	case 1: // one of another version
		r = &detectors.Rule{ID: r.ID, ATTACK: []string{"T9999"}}
	}
	a := &detectors.Alert{
		Detector: d, Rule: r, Severity: detectors.Severity(rapid.IntRange(0, 4).Draw(t, "severity")),
		Confidence: rapid.SampledFrom([]float64{0, 0.5, 1, 0.1 + 0.2, 1e-9}).Draw(t, "confidence"),
		Summary:    hostile.Draw(t, "summary"),
		Time:       aTime(t, "time"), HasTime: true, FirstSeen: aTime(t, "first"), LastSeen: aTime(t, "last"),
		Count: rapid.Uint64().Draw(t, "count"), Flows: rapid.Uint64().Draw(t, "flows"),
		Status: detectors.Status(rapid.IntRange(0, 2).Draw(t, "status")),
	}
	s := &a.Subject
	s.Has = detectors.SubjectFields(rapid.IntRange(0, 31).Draw(t, "subject"))
	if s.Has&detectors.SubjectIP != 0 {
		s.IP, s.Role = anAddr(t, "ip"), detectors.Role(rapid.IntRange(0, 2).Draw(t, "role"))
	}
	if s.Has&detectors.SubjectPair != 0 {
		s.Src, s.Dst = anAddr(t, "from"), anAddr(t, "to")
	}
	s.DstPort, s.Protocol = rapid.Uint16().Draw(t, "port"), flow.Proto(rapid.Uint8().Draw(t, "protocol"))
	s.Group = hostile.Draw(t, "group")
	if a.HasWindow = rapid.Bool().Draw(t, "windowed"); a.HasWindow {
		a.Window, a.Grows = aTime(t, "window"), rapid.Bool().Draw(t, "grows")
	}
	for range rapid.IntRange(0, 5).Draw(t, "facts") {
		a.Facts = append(a.Facts, aFact(t, 0))
	}
	for range rapid.IntRange(0, 3).Draw(t, "evidence") {
		a.Evidence = append(a.Evidence, aFlow(t, l))
	}
	for range rapid.IntRange(0, 2).Draw(t, "annotations") {
		a.Annotations = append(a.Annotations, detectors.Annotation{
			IP: anAddr(t, "of"), Key: hostile.Draw(t, "note"), Value: hostile.Draw(t, "value"), Source: hostile.Draw(t, "source")})
	}
	for range rapid.IntRange(0, 2).Draw(t, "charts") {
		floats := func(name string) []float64 { return rapid.SliceOfN(rapid.Float64(), 0, 3).Draw(t, name) }
		a.Charts = append(a.Charts, detectors.Chart{
			Kind: detectors.ChartKind(rapid.IntRange(0, 2).Draw(t, "chart")), Title: hostile.Draw(t, "title"),
			X:      detectors.Axis{Name: "x", Unit: "s", Labels: []string{hostile.Draw(t, "label")}},
			Y:      detectors.Axis{Name: hostile.Draw(t, "axis"), At: floats("at")},
			Values: floats("values"), Mark: 7.25, HasMark: rapid.Bool().Draw(t, "marked"), MarkLabel: hostile.Draw(t, "mark"),
		})
	}
	return a
}

func written(t failing, format string, names analyzer.Names, alerts []*detectors.Alert) []byte {
	t.Helper()
	f, err := report.ByName(format)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	sink := f.New(&b, report.Options{Names: names})
	for _, a := range alerts {
		if err := sink.Alert(a); err != nil {
			t.Fatal(err)
		}
	}
	if err := sink.Close(&analyzer.Summary{}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func reread(t failing, text []byte) (*replay.Replay, []*detectors.Alert, *analyzer.Summary) {
	t.Helper()
	r := replay.New([]*flow.Source{flow.BytesSource("alerts", text, &flow.Options{Symbols: flow.NewSymbols()})}, chain)
	all, sum, err := r.All(context.Background())
	if err != nil {
		t.Fatalf("%v\n%s", err, text)
	}
	if sum.Alerts[0].Bad > 0 {
		t.Fatalf("%+v\n%s", sum.Alerts[0].BadRows, text)
	}
	return r, all, sum
}

// TestWhatIsReadIsWrittenTheSame is the law of the package: every alert that
// Seine can write is read back to the byte, in either layout.
func TestWhatIsReadIsWrittenTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		l := &lexicon{files: []string{"flows.csv"}, texts: []string{"", "tcp", "S0", "closed"}}
		for range rapid.IntRange(1, 3).Draw(t, "texts") {
			l.files = append(l.files, hostile.Draw(t, "file name"))
			l.texts = append(l.texts, hostile.Draw(t, "state or service"))
		}
		var alerts []*detectors.Alert
		for range rapid.IntRange(0, 3).Draw(t, "alerts") {
			alerts = append(alerts, anAlert(t, l))
		}
		for _, format := range []string{"ndjson", "json"} {
			first := written(t, format, l, alerts)
			r, all, _ := reread(t, first)
			second := written(t, format, r.Names(), all)
			if format == "json" { // the ranking and the summary are the reader's
				first, second = first[:bytes.LastIndex(first, []byte(`"hosts":`))], second[:bytes.LastIndex(second, []byte(`"hosts":`))]
			}
			if !bytes.Equal(first, second) {
				t.Fatalf("%s: written\n%s\nread and written\n%s", format, first, second)
			}
		}
	})
}

// failing is a test or a property.
type failing interface {
	Helper()
	Fatal(...any)
	Fatalf(string, ...any)
}
