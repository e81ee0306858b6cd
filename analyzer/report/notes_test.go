package report

import (
	"bytes"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/detectors"
)

// noted are the normal alerts with what is known of their addresses.
func noted() []*detectors.Alert {
	alerts := normal()
	note := func(i int, ip, key, value, source string) {
		alerts[i].Annotations = append(alerts[i].Annotations, detectors.Annotation{IP: addr(ip), Key: key, Value: value, Source: source})
	}
	note(0, "192.168.100.96", "asset", "a-printer-with-a-very-long-name.example.net", "assets.csv:7")
	note(0, "192.168.100.96", "role", "printer", "assets.csv:7")
	note(0, "192.168.100.96", "owner", "facilities; floor 2", "assets.csv:7")
	note(0, "192.168.100.96", "criticality", "high", "assets.csv:3")
	note(1, "2001:db8::1", "role", "server", "assets.csv:9")
	note(1, "2001:db8::1", "role", "backup", "more.csv:2")
	note(1, "2001:db8:0:ffff::7", "country", "NL", "country.mmdb")
	note(1, "2001:db8:0:ffff::7", "asn", "AS64500 Example, Inc.", "asn.mmdb")
	note(1, "2001:db8:0:ffff::7", "intel", "c2, Example, score 90", "list.csv:12")
	note(3, "10.0.0.1", "asset", "www", "hosts:1")
	note(3, "10.0.0.1", "country", "DE", "country.mmdb")
	return alerts
}

func TestWhatIsKnownIsShown(t *testing.T) {
	alerts := noted()
	for _, c := range []struct {
		name, format string
		o            Options
	}{
		{"notes.txt", "table", Options{}},
		{"notes-120.txt", "table", Options{Width: 120}},
		{"notes-verbose.txt", "table", Options{Verbose: true, Width: 110}},
		{"notes.csv", "csv", Options{}},
	} {
		c.o.Names = names
		golden(t, c.name, write(t, c.format, c.o, alerts, summary(alerts)))
	}
	var page bytes.Buffer
	sink := NewHosts(&page, true, Options{})
	if err := sink.Close(summary(alerts)); err != nil {
		t.Fatal(err)
	}
	host := read(t, page.Bytes()).(map[string]any)["hosts"].([]any)[0].(map[string]any)
	if got := host["roles"].([]any); len(got) != 2 || got[0] != "server" || host["ip"] != "2001:db8::1" || host["name"] != nil {
		t.Errorf("%v", host)
	}
	v, root, err := newValidator(ReportSchema())
	if err != nil {
		t.Fatal(err)
	}
	out := read(t, write(t, "json", Options{Names: names}, alerts, summary(alerts)))
	if err := v.check(root, root, out, ""); err != nil {
		t.Error(err)
	}
}

func TestWhatIsKnownMayBeHostile(t *testing.T) {
	var alerts []*detectors.Alert
	for i, s := range attacks {
		a := normal()[1]
		for _, key := range []string{"asset", "role", "owner", "criticality", "country", "asn", "intel", "service"} {
			a.Annotations = append(a.Annotations,
				detectors.Annotation{IP: a.Subject.Src, Key: key, Value: s, Source: s},
				detectors.Annotation{IP: a.Subject.Dst, Key: key, Value: s, Source: s})
		}
		a.Subject = a.Subject.WithPort(uint16(i))
		alerts = append(alerts, a)
	}
	for _, format := range []string{"table", "csv", "ndjson", "json"} {
		for _, o := range []Options{{Names: names, Verbose: true}, {Names: names, Width: 80}} {
			harmless(t, write(t, format, o, alerts, summary(alerts)))
		}
	}
	var out bytes.Buffer
	for _, asJSON := range []bool{false, true} {
		if err := NewHosts(&out, asJSON, Options{Verbose: true}).Close(summary(alerts)); err != nil {
			t.Fatal(err)
		}
	}
	harmless(t, out.Bytes())
}

// Nothing known, nothing changed: an address stands where it stood.
func TestNotesStandBehindAddresses(t *testing.T) {
	for _, a := range normal() {
		if got, want := subjectOf(a), clean(a.Subject.String()); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	a := noted()[1]
	if got, want := subjectOf(a), "2001:db8::1 (server) → [2001:db8:0:ffff::7]:443/tcp (NL)"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
	a.Annotations = append(a.Annotations, detectors.Annotation{IP: a.Subject.Dst, Key: analyzer.NoteAsset, Value: strings.Repeat("ö", 60)})
	if got := subjectOf(a); !strings.HasSuffix(got, " ("+strings.Repeat("ö", longestName-1)+"…, NL)") {
		t.Errorf("%q", got)
	}
}
