package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"

	"seine/analyzer/stats"
	"seine/flow"
)

// traffic is a day of few flows; hostile texts are those of attacks.
func traffic(services int) []flow.Record {
	var rows []flow.Record
	for i := range 200 {
		r := flow.Record{
			Start: moment("2026-03-10T09:00:00Z") + flow.Time(i)*61*flow.Second, Duration: flow.Time(i%7) * flow.Second / 2,
			Src: addr([]string{"10.0.0.1", "10.0.0.2", "2001:db8::7"}[i/2%3]), Dst: addr([]string{"192.0.2.80", "198.51.100.25", "10.0.0.1"}[i%3]),
			SrcPort: uint16(40000 + i), DstPort: []uint16{443, 53, 22, 8080}[i%4], Proto: []flow.Proto{flow.TCP, flow.UDP}[i%4%2],
			SrcBytes: uint64(i * 100), DstBytes: uint64(i*i) * 10, SrcPkts: uint64(i), DstPkts: uint64(2 * i), State: flow.StateClosed,
			Has: flow.HasStart | flow.HasDuration | flow.HasAddrs | flow.HasSrcPort | flow.HasDstPort | flow.HasProto | flow.HasBytes | flow.HasPkts | flow.HasState,
		}
		if services > 0 {
			r.Service, r.Has, r.File = flow.Symbol(1+i%services), r.Has|flow.HasService|flow.HasLabel, uint32(i%services)
			r.Label = r.Service
		}
		rows = append(rows, r)
	}
	return rows
}

func summed(t testing.TB, o stats.Options, rows []flow.Record) *stats.Result {
	t.Helper()
	if o.Names == nil {
		o.Names = attackLexicon
	}
	a, err := stats.New(o)
	if err != nil {
		t.Fatal(err)
	}
	a.Add(rows)
	return a.Result()
}

// many are so many sources that a small table cannot hold them.
func many() []flow.Record {
	rows := traffic(0)
	for i := range 3000 {
		r := rows[i%200]
		r.Src = flow.AddrFrom4(0xcb007100 | uint32(i)&0xff | uint32(i)>>8<<16)
		r.SrcBytes, r.DstBytes = 40, 0
		rows = append(rows, r)
	}
	return rows
}

func TestStats(t *testing.T) {
	runs := []struct {
		name string
		o    stats.Options
		rows []flow.Record
	}{
		{"overview", stats.Options{Top: 3, BinAuto: true}, traffic(0)},
		{"empty", stats.Options{Top: 3, BinAuto: true}, nil},
		{"nothing", stats.Options{By: []string{"src_ip"}, Having: "flows > 1000"}, traffic(0)},
		{"by", stats.Options{By: []string{"src_ip,dst_port", "ip/24"}, Bin: 3600 * flow.Second, Distinct: []string{"peers", "dst_port"}, Sort: "ports", Having: "flows > 2"}, traffic(0)},
		{"hostile", stats.Options{By: []string{"service,label", "file"}, Sort: "flows"}, traffic(len(attacks))},
		{"bound", stats.Options{By: []string{"src_ip"}, Top: 4, MaxGroups: stats.MinGroups}, many()},
	}
	for _, r := range runs {
		res := summed(t, r.o, r.rows)
		for _, format := range StatsFormats() {
			t.Run(format+"/"+r.name, func(t *testing.T) {
				var out bytes.Buffer
				if err := WriteStats(&out, format, res, Options{Version: "test"}); err != nil {
					t.Fatal(err)
				}
				got := out.Bytes()
				if format != "html" { // whose frame and style are others' to test
					golden(t, "stats-"+r.name+"."+format, got)
				}
				harmless(t, got)
				switch format {
				case "json":
					if !json.Valid(got) {
						t.Error("not valid")
					}
				case "ndjson":
					for line := range bytes.Lines(got) {
						if !json.Valid(line) {
							t.Errorf("not valid: %s", line)
						}
					}
				case "csv":
					if _, err := csv.NewReader(&out).ReadAll(); err != nil {
						t.Error(err)
					}
				case "html":
					page := string(got)
					if n := strings.Count(page, "<script"); n != 1 || !strings.Contains(page, "Content-Security-Policy") || !strings.HasSuffix(page, "</html>\n") {
						t.Errorf("%d scripts in a page of %d bytes", n, len(page))
					}
					if strings.Contains(page, "alert('x')</script>") || strings.Contains(page, " style=") {
						t.Error("a text of the input is markup")
					}
				}
			})
		}
	}
}

// A table for people fits the terminal, and never loses its keys and the
// number that it is sorted by.
func TestStatsFitTheTerminal(t *testing.T) {
	res := summed(t, stats.Options{By: []string{"src_ip"}, BinAuto: true, Sort: "bps"}, traffic(0))
	for _, columns := range []int{200, 120, 80, 40} {
		var out bytes.Buffer
		if err := WriteStats(&out, "table", res, Options{Width: columns}); err != nil {
			t.Fatal(err)
		}
		_, table, _ := strings.Cut(out.String(), "\n\n")
		for line := range strings.Lines(table) {
			if w := width(strings.TrimRight(line, "\n")); w > columns {
				t.Errorf("a line of %d columns does not fit %d: %s", w, columns, line)
			}
		}
		if !strings.Contains(table, "bit/s") || !strings.Contains(table, "2001:db8::7") {
			t.Errorf("what matters is gone at %d columns:\n%s", columns, table)
		}
	}
}

// However many rows there are, they are written in parts, and whole.
func TestStatsOfManyRows(t *testing.T) {
	res := summed(t, stats.Options{By: []string{"src_ip"}}, many())
	for _, format := range []string{"json", "ndjson"} {
		var out parts
		if err := WriteStats(&out, format, res, Options{}); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), `"src_ip":`); n != len(res.Tables[0].Rows) || out.n < 2 || out.most > 2*bufferSize {
			t.Errorf("%s: %d rows of %d in %d parts of up to %d bytes", format, n, len(res.Tables[0].Rows), out.n, out.most)
		}
		for line := range strings.Lines(out.String()) {
			if format == "ndjson" && !json.Valid([]byte(line)) {
				t.Fatalf("not valid: %s", line)
			}
		}
		if format == "json" && !json.Valid(out.Bytes()) {
			t.Error("not valid")
		}
	}
}

// parts counts writes.
type parts struct {
	bytes.Buffer
	n, most int
}

func (p *parts) Write(b []byte) (int, error) {
	p.n, p.most = p.n+1, max(p.most, len(b))
	return p.Buffer.Write(b)
}

func TestStatsOfAnUnknownFormat(t *testing.T) {
	err := WriteStats(&bytes.Buffer{}, "jsn", &stats.Result{}, Options{})
	if err == nil || !strings.Contains(err.Error(), `did you mean "json"`) {
		t.Error(err)
	}
}

func TestSparks(t *testing.T) {
	if got := spark([]uint64{0, 1, 4, 8, 0}); got != " ▂▅█ " {
		t.Errorf("got %q", got)
	}
	if got := squeeze([]uint64{1, 2, 3, 4, 5}, 2); len(got) != 2 || got[0] != 6 || got[1] != 9 {
		t.Errorf("got %v", got)
	}
	if got := spark(nil); got != "" {
		t.Errorf("got %q", got)
	}
	for d, want := range map[flow.Time]string{60e9: "1 min", 3600e9: "1 h", 86400e9 * 2: "2 days", 90e9: "1 min 30 s", 1e6: "1 ms", 10e9: "10 s"} {
		if got := wide(d); got != want {
			t.Errorf("%d is %q, want %q", d, got, want)
		}
	}
}

// What no flow tells is left out of every output, rather than 0; a number that
// none has cannot rank.
func TestStatsOfUntoldSides(t *testing.T) {
	rows := traffic(0)
	for i := range rows {
		rows[i].Has &^= flow.HasDstBytes | flow.HasPkts
		rows[i].DstBytes, rows[i].SrcPkts, rows[i].DstPkts = 0, 0, 0
	}
	res := summed(t, stats.Options{By: []string{"src_ip", "ip"}, Sort: "packets", BinAuto: true}, rows)
	for format, absent := range map[string][]string{
		"json": {`"dst_pkts"`, `"packets":`}, "ndjson": {`"dst_pkts"`, `"packets":`}, "csv": nil, "table": {"0 B  2026"}, "html": nil,
	} {
		var out bytes.Buffer
		if err := WriteStats(&out, format, res, Options{Version: "test"}); err != nil {
			t.Fatal(err)
		}
		got := out.String()
		for _, text := range absent {
			if strings.Contains(got, text) {
				t.Errorf("%s has %s:\n%s", format, text, got)
			}
		}
		if want := map[string]string{
			"table": "no flow has packets: the order is that of the values", "html": " up, down unknown", "csv": "src_ip,1,10.0.0.1,,68,676600,676600,,,,,",
			"json": `"src_bytes":1990000,"first"`, "ndjson": `"src_bytes":1990000,"first"`,
		}[format]; !strings.Contains(got, want) {
			t.Errorf("%s has no %s:\n%s", format, want, got)
		}
		if format == "table" && !strings.Contains(got, " up, down unknown; ") {
			t.Errorf("totals of one side:\n%s", got)
		}
	}
}
