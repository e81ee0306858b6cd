package report

import (
	"io"
	"math"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"seine/detectors"
	"seine/flow"
)

func TestTimeIsThatOfFlow(t *testing.T) {
	var e encoder
	check := func(tm flow.Time) string {
		if got, want := string(e.time(nil, tm)), tm.String(); got != want {
			return got + ", want " + want
		}
		return ""
	}
	for _, tm := range []flow.Time{0, -1, 1, flow.MinTime, flow.MinTime + 1, flow.MaxTime, 86400 * flow.Second, 1e9 + 100} {
		if why := check(tm); why != "" {
			t.Errorf("%d: %s", tm, why)
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		if why := check(flow.Time(rapid.Int64().Draw(t, "time"))); why != "" {
			t.Fatal(why)
		}
	})
}

func TestSecondsAreExact(t *testing.T) {
	for d, want := range map[flow.Time]string{
		0: "0", 1: "0.000000001", flow.Second: "1", 1_500_000_000: "1.5", -250_000_000: "-0.25",
		math.MaxInt64: "9223372036.854775807",
	} {
		if got := string(appendSeconds(nil, d)); got != want {
			t.Errorf("%d ns: %s, want %s", d, got, want)
		}
	}
}

func TestIDIsOfTheFindingAlone(t *testing.T) {
	id := func(change func(*detectors.Alert)) string {
		a := *normal()[1]
		change(&a)
		return string(appendID(nil, &a))
	}
	was := id(func(*detectors.Alert) {})
	for name, change := range map[string]func(*detectors.Alert){
		"count":      func(a *detectors.Alert) { a.Count++ },
		"flows":      func(a *detectors.Alert) { a.Flows++ },
		"severity":   func(a *detectors.Alert) { a.Severity = detectors.Low },
		"sentence":   func(a *detectors.Alert) { a.Summary = "" },
		"facts":      func(a *detectors.Alert) { a.Facts = nil },
		"evidence":   func(a *detectors.Alert) { a.Evidence = nil },
		"time":       func(a *detectors.Alert) { a.Time++ },
		"first seen": func(a *detectors.Alert) { a.FirstSeen++ },
		"role":       func(a *detectors.Alert) { a.Subject.Role = detectors.RoleDst }, // has no address it could be of
	} {
		if id(change) != was {
			t.Errorf("the id changes with the %s", name)
		}
	}
	for name, change := range map[string]func(*detectors.Alert){
		"window":      func(a *detectors.Alert) { a.Window++ },
		"no window":   func(a *detectors.Alert) { a.HasWindow = false },
		"rule":        func(a *detectors.Alert) { a.Rule = &beacon.Rules[1] },
		"detector":    func(a *detectors.Alert) { a.Detector = fanout },
		"port":        func(a *detectors.Alert) { a.Subject.DstPort++ },
		"protocol":    func(a *detectors.Alert) { a.Subject.Protocol = flow.UDP },
		"destination": func(a *detectors.Alert) { a.Subject.Dst[15]++ },
	} {
		if id(change) == was {
			t.Errorf("the id stays with another %s", name)
		}
	}
}

func TestEvidenceIsCapped(t *testing.T) {
	for _, format := range []string{"ndjson", "json", "csv"} {
		all := string(write(t, format, Options{Names: names}, normal(), summary(nil)))
		one := string(write(t, format, Options{Names: names, Evidence: 1}, normal(), summary(nil)))
		if n, m := strings.Count(all, "conn.log"), strings.Count(one, "conn.log"); m >= n {
			t.Errorf("%s: %d places with all evidence, %d with one flow each", format, n, m)
		}
	}
}

func TestFactsThatAreNoNumbersStayJSON(t *testing.T) {
	a := *normal()[0]
	a.Confidence = math.NaN()
	a.Facts = []detectors.Fact{detectors.Float("nan", math.NaN()), detectors.Float("inf", math.Inf(1))}
	out := string(write(t, "ndjson", Options{Names: names}, []*detectors.Alert{&a}, nil))
	if !strings.Contains(out, `"facts":{"nan":null,"inf":null}`) || strings.Contains(out, "confidence") {
		t.Error(out)
	}
	read(t, []byte(out))
}

func BenchmarkOutput(b *testing.B) {
	alerts := normal()[:1] // as most alerts are: one address, two facts, three flows
	three := *alerts[0]
	three.Evidence = []flow.Record{three.Evidence[0], three.Evidence[0], three.Evidence[0]}
	for _, f := range []*Format{ndjsonFormat(), jsonFormat(), csvFormat()} {
		b.Run(f.Name, func(b *testing.B) {
			sink := f.New(io.Discard, Options{Names: names, Evidence: 3})
			b.ReportAllocs()
			for b.Loop() {
				if err := sink.Alert(&three); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
	b.Run("table", func(b *testing.B) {
		sink := tableFormat().New(io.Discard, Options{Names: names, Top: 50})
		b.ReportAllocs()
		for b.Loop() {
			if err := sink.Alert(&three); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("summary", func(b *testing.B) {
		s := summary(nil)
		var buf []byte
		b.ReportAllocs()
		for b.Loop() {
			buf = AppendSummaryJSON(buf[:0], s)
		}
	})
}
