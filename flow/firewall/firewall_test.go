package firewall

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

func TestGolden(t *testing.T) { flowtest.Golden(t, Format()) }

// Logs whose times have no year, the first of them in 2025.
func TestGoldenWithAYear(t *testing.T) {
	inputs, err := filepath.Glob("testdata/year/*.txt")
	if err != nil || len(inputs) == 0 {
		t.Fatal("no inputs", err)
	}
	for _, name := range inputs {
		data, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		got := flowtest.Dump(Format(), data, &flow.Options{Year: 2025})
		golden := strings.TrimSuffix(name, ".txt") + ".golden"
		if flag.Lookup("update").Value.String() == "true" {
			if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(golden)
		if err != nil {
			t.Fatal(err)
		}
		if got != string(want) {
			t.Errorf("%s reads as\n%s\nwant\n%s", name, got, want)
		}
	}
}

const deny = "%s fw %%ASA-4-106023: Deny tcp src outside:198.51.100.9/51000 dst inside:10.0.0.5/23 by access-group \"in\"\n"

// starts reads lines with the given times, and tells the times of the rows.
func starts(t *testing.T, src *flow.Source) (times []string) {
	t.Helper()
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		times = append(times, r.Start.String())
	}
	return times
}

func TestTheDateOfTheFileTellsTheYear(t *testing.T) {
	for _, test := range []struct {
		first, modified, want string
	}{
		{"Mar  4 05:06:07", "2024-03-05T00:00:00Z", "2024-03-04T05:06:07Z"},
		{"Mar  4 05:06:07", "2024-03-04T00:00:00Z", "2024-03-04T05:06:07Z"}, // clocks differ
		{"Dec 20 05:06:07", "2024-01-05T00:00:00Z", "2023-12-20T05:06:07Z"},
		{"Mar  6 05:06:07", "2024-03-04T00:00:00Z", "2023-03-06T05:06:07Z"},
	} {
		name := filepath.Join(t.TempDir(), "fw.log")
		if err := os.WriteFile(name, fmt.Appendf(nil, deny, test.first), 0o600); err != nil {
			t.Fatal(err)
		}
		at, err := time.Parse(time.RFC3339, test.modified)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(name, at, at); err != nil {
			t.Fatal(err)
		}
		src := flow.FileSource(name, &flow.Options{Symbols: flow.NewSymbols()})
		if got := starts(t, src); len(got) != 1 || got[0] != test.want {
			t.Errorf("%s, modified %s: %v", test.first, test.modified, got)
		}
		if !strings.Contains(strings.Join(src.Notes, "\n"), test.want[:4]+" is taken") {
			t.Errorf("notes %q do not tell the year", src.Notes)
		}
		src.Close()
	}
}

func TestTheZoneOfTheRunHoldsForTimesWithout(t *testing.T) {
	zone := time.FixedZone("", 3600)
	data := fmt.Appendf(nil, deny+deny+deny, "Mar  4 05:06:07", "Mar 04 2026 05:06:08", "2026-03-04T05:06:09Z")
	src := flow.BytesSource("x", data, &flow.Options{Symbols: flow.NewSymbols(), Location: zone, Year: 2026})
	if got := starts(t, src); strings.Join(got, " ") != "2026-03-04T04:06:07Z 2026-03-04T04:06:08Z 2026-03-04T05:06:09Z" {
		t.Error(got)
	}
}

func TestALaterLineWithoutAYearIsBadWhereNoneIsKnown(t *testing.T) {
	data := fmt.Appendf(nil, deny+deny, "2026-03-04T05:06:09Z", "Mar  4 05:06:07")
	// The second line is behind the head, or it would be asked for its year.
	data = append(data[:strings.Index(string(data), "\n")+1], append([]byte(strings.Repeat("\n", flow.HeadSize)), data[strings.Index(string(data), "\n")+1:]...)...)
	src := flow.BytesSource("x", data, &flow.Options{Symbols: flow.NewSymbols()})
	if got := starts(t, src); len(got) != 1 || src.Bad != 1 || !strings.Contains(src.BadRows[0].Reason, "--year") {
		t.Error(got, src.BadRows)
	}
}

// Behind many lines of one kind others may come, with fields of their own.
func TestAMixedLogMayCarryWhatEitherKindHas(t *testing.T) {
	lines := func(row func([]byte, int) []byte, n int) (b []byte) {
		for i := range n {
			b = row(b, i)
		}
		return b
	}
	for n, want := range map[int]flow.Fields{1: ciscoFields | packetFields, 500: ciscoFields | packetFields} {
		src := flow.BytesSource("x", append(lines(kernelRow, n), lines(ciscoRow, 1)...), &flow.Options{Symbols: flow.NewSymbols()})
		r, err := open(src)
		if err != nil {
			t.Fatal(err)
		}
		rows, err := flow.ReadAll(r)
		if err != nil || len(rows) != n+1 || src.Fields != want {
			t.Fatal(len(rows), src.Fields.Names(), err)
		}
		if last := rows[n]; last.Has&(flow.HasDuration|flow.HasUID) != flow.HasDuration|flow.HasUID || strings.Contains(strings.Join(src.Notes, "\n"), "left out") {
			t.Errorf("%v, notes %q", last.Has.Names(), src.Notes)
		}
	}
	src := flow.BytesSource("x", lines(kernelRow, 100), &flow.Options{Symbols: flow.NewSymbols()})
	if _, err := open(src); err != nil || src.Fields != packetFields {
		t.Error(src.Fields.Names(), err)
	}
}

// Two firewalls that log to one place number their connections alike.
func TestConnectionsOfTwoDevicesAreKeptApart(t *testing.T) {
	const built = "Jan 01 2026 00:00:%02d %s : %%ASA-6-302013: Built %s TCP connection 1 for outside:198.51.100.9/5000 (198.51.100.9/5000) to inside:10.0.0.5/6000 (10.0.0.5/6000)\n"
	const down = "Jan 01 2026 00:00:%02d %s : %%ASA-6-302014: Teardown TCP connection 1 for outside:198.51.100.9/5000 to inside:10.0.0.5/6000 duration 0:00:10 bytes 9 TCP FINs\n"
	data := fmt.Appendf(nil, built+built+down+down, 0, "a", "inbound", 1, "b", "outbound", 10, "a", 11, "b")
	src := flow.BytesSource("x", data, &flow.Options{Symbols: flow.NewSymbols()})
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows, err := flow.ReadAll(r)
	if err != nil || len(rows) != 2 || rows[0].SrcPort != 5000 || rows[1].SrcPort != 6000 {
		t.Error(rows, err)
	}
}

func TestConnectionsInMindAreBounded(t *testing.T) {
	src := flow.BytesSource("x", nil, &flow.Options{})
	src.Rows = 1 << 62
	j := joiner{src: src, seen: new(tally)}
	const many = maxConnections + 1000
	for i := range many {
		r := flow.Record{UID: flow.MakeUID(fmt.Append(nil, i)), SrcPort: 1, DstPort: 2, Proto: flow.TCP, SrcHost: markBuilt}
		j.row(&r, 0)
	}
	if len(j.byName) != maxConnections || len(j.begins) != maxConnections || j.seen.evicted != 1000 {
		t.Errorf("%d named, %d kept, %d forgotten", len(j.byName), len(j.begins), j.seen.evicted)
	}
	for i := range many {
		r := flow.Record{UID: flow.MakeUID(fmt.Append(nil, i)), SrcPort: 1, DstPort: 2, Proto: flow.TCP, SrcHost: markTeardown, Has: flow.HasSrcPort}
		if !j.row(&r, 0) || r.SrcHost != 0 || (r.Orient == flow.OrientSource) != (i >= 1000) {
			t.Fatalf("%d: %+v", i, r)
		}
	}
	if len(j.byName) != 0 {
		t.Errorf("%d are left", len(j.byName))
	}
}

func TestMatch(t *testing.T) {
	for head, want := range map[string]string{
		"":      "no line of filterlog",
		"\x00":  "binary",
		"a,b\n": "no line of filterlog",
		"2026-01-01T00:00:12Z fw sshd[9]: Accepted publickey for root from 192.0.2.1 port 5 ssh2\n":           "no line of filterlog",
		`{"message":"Jan 01 2026 00:00:00 fw : %ASA-4-106023: Deny tcp src o:192.0.2.1/1 dst i:192.0.2.2/2"}`: "no line of filterlog",
	} {
		if score, reason := match([]byte(head)); score != 0 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q, want %q", head, score, reason, want)
		}
	}
}

func FuzzFirewall(f *testing.F) {
	format := Format()
	inner := format.Open
	format.Open = func(src *flow.Source) (flow.Reader, error) {
		src.Options.Year = 2025
		return inner(src)
	}
	inputs, _ := filepath.Glob("testdata/year/*.txt")
	for _, name := range inputs {
		data, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	flowtest.Fuzz(f, format)
}

func filterlogRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "2026-01-01T00:%02d:%02d+00:00 fw filterlog[77]: 5,,,1000000103,igb0,match,block,in,4,0x0,,64,12345,0,DF,6,tcp,60,198.51.%d.%d,192.0.2.10,%d,22,0,S,1234567890,,64240,,mss;sackOK;TS\n",
		i/60%60, i%60, i>>8&255, i&255, 1024+i%60000)
}

func kernelRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "2026-01-01T00:%02d:%02d.123456+00:00 host kernel: [12345.678901] [UFW BLOCK] IN=eth0 OUT= MAC=02:00:00:00:00:01:02:00:00:00:00:02:08:00 SRC=198.51.%d.%d DST=192.0.2.10 LEN=60 TOS=0x00 PREC=0x00 TTL=52 ID=54321 DF PROTO=TCP SPT=%d DPT=23 WINDOW=64240 RES=0x00 SYN URGP=0 \n",
		i/60%60, i%60, i>>8&255, i&255, 1024+i%60000)
}

func ciscoRow(b []byte, i int) []byte {
	b = fmt.Appendf(b, "Jan 01 2026 00:%02d:%02d fw : %%ASA-6-302013: Built inbound TCP connection %d for outside:198.51.%d.%d/51000 (198.51.%d.%d/51000) to dmz:10.0.1.15/443 (203.0.113.15/443)\n",
		i/60%60, i%60, i, i>>8&255, i&255, i>>8&255, i&255)
	return fmt.Appendf(b, "Jan 01 2026 00:%02d:%02d fw : %%ASA-6-302014: Teardown TCP connection %d for outside:198.51.%d.%d/51000 to dmz:10.0.1.15/443 duration 0:00:00 bytes 700 TCP FINs\n",
		i/60%60, i%60, i, i>>8&255, i&255)
}

func BenchmarkFilterlog(b *testing.B) { flowtest.Bench(b, Format(), "", filterlogRow) }
func BenchmarkKernel(b *testing.B)    { flowtest.Bench(b, Format(), "", kernelRow) }
func BenchmarkCisco(b *testing.B)     { flowtest.Bench(b, Format(), "", ciscoRow) }

func TestAllocations(t *testing.T) {
	flowtest.Allocations(t, Format(), "", filterlogRow)
	flowtest.Allocations(t, Format(), "", kernelRow)
}
