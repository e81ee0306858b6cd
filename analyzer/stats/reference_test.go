package stats

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"seine/flow"
)

// lexicon resolves files and texts.
type lexicon struct{ files, texts []string }

func (l lexicon) File(i uint32) string      { return l.files[i] }
func (l lexicon) Text(s flow.Symbol) string { return l.texts[s] }

var lex = lexicon{files: []string{"a.csv", "b.csv"}, texts: []string{"", "http", "dns", "<b>"}}

var addresses = []string{"10.0.0.1", "10.0.0.2", "10.0.1.1", "192.0.2.7", "198.51.100.1", "2001:db8::1", "2001:db8:0:1::1", "2001:db8:1::1", "::ffff:10.0.0.1"}

func address4(t *rapid.T, name string) flow.Addr {
	text := rapid.SampledFrom(append(addresses, "hostname")).Draw(t, name)
	if a, ok := flow.NameAddr([]byte(text)); ok {
		return a
	}
	a, err := flow.ParseAddr([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// flows draws random flows, with few values, so that groups are met again.
func flows(t *rapid.T) []flow.Record {
	rows := make([]flow.Record, rapid.IntRange(0, 60).Draw(t, "flows"))
	for i := range rows {
		r := &rows[i]
		r.Has = flow.Fields(rapid.Uint32().Draw(t, "has")) | flow.Fields(rapid.SampledFrom([]uint32{0, 1<<16 - 1}).Draw(t, "all"))
		r.Has &= 1<<16 - 1
		r.Src, r.Dst = address4(t, "src"), address4(t, "dst")
		r.Start = flow.Time(rapid.Int64Range(-3, 200_000).Draw(t, "start")) * flow.Second
		r.Duration = flow.Time(rapid.SampledFrom([]int64{0, 1, 1e9, 90e9, 1 << 62}).Draw(t, "duration"))
		r.SrcPort = uint16(rapid.IntRange(0, 3).Draw(t, "sport"))
		r.DstPort = rapid.SampledFrom([]uint16{0, 22, 443, 65535}).Draw(t, "dport")
		r.Proto = rapid.SampledFrom([]flow.Proto{flow.TCP, flow.UDP, flow.ICMP}).Draw(t, "proto")
		r.State = flow.State(rapid.IntRange(0, 8).Draw(t, "state"))
		big := rapid.SampledFrom([]uint64{0, 1, 60, 1 << 20, 1<<64 - 1})
		r.SrcBytes, r.DstBytes = big.Draw(t, "up"), big.Draw(t, "down")
		r.SrcPkts, r.DstPkts = big.Draw(t, "pup"), big.Draw(t, "pdown")
		r.Service = flow.Symbol(rapid.IntRange(0, 3).Draw(t, "service"))
		r.File = uint32(rapid.IntRange(0, 1).Draw(t, "file"))
	}
	return rows
}

const absent = "\x00absent"

// naive is the value of a field as the words of its description say, written
// down once more. side is 1 for the responder's.
func naive(by string, r *flow.Record, side int) string {
	name, length, prefixed := strings.Cut(by, "/")
	end := func() flow.Addr {
		if name == "dst_ip" || name == "ip" && side == 1 {
			return r.Dst
		}
		return r.Src
	}
	has := func(f flow.Fields, v any) string {
		if r.Has&f == 0 {
			return absent
		}
		return fmt.Sprint(v)
	}
	switch name {
	case "src_ip", "dst_ip", "ip":
		a := end()
		if n := a.Netip(); prefixed && n.IsValid() && !n.Is4In6() {
			var four, six int
			if c, err := fmt.Sscanf(length, "%d/%d", &four, &six); c < 2 && err != nil {
				six = 48
			}
			bits := six
			if n.Is4() {
				bits = four
			}
			return has(flow.HasAddrs, netip.PrefixFrom(n, bits).Masked())
		}
		return has(flow.HasAddrs, a)
	case "pair":
		a, b := r.Src, r.Dst
		if slices.Compare(a[:], b[:]) > 0 {
			a, b = b, a
		}
		return has(flow.HasAddrs, a.String()+" ↔ "+b.String())
	case "dst_port":
		return has(flow.HasDstPort, r.DstPort)
	case "port":
		if side == 1 {
			return has(flow.HasDstPort, r.DstPort)
		}
		return has(flow.HasSrcPort, r.SrcPort)
	case "protocol":
		return has(flow.HasProto, r.Proto)
	case "state":
		return has(flow.HasState, r.State)
	case "service":
		if r.Service == 0 {
			return absent
		}
		return has(flow.HasService, lex.texts[r.Service])
	case "file":
		return lex.files[r.File]
	case "hour":
		return has(flow.HasStart, r.Start.UTC().Hour())
	case "day":
		return has(flow.HasStart, r.Start.UTC().Format(time.DateOnly))
	case "time":
		return has(flow.HasStart, r.Start.UTC().Truncate(time.Hour).Format("2006-01-02 15:04:05"))
	}
	panic(by)
}

// A tally is what the reference counts for a group.
type tally struct {
	Group
	peers, ports map[string]bool
}

// reference sums up with maps of texts.
func reference(by string, rows []flow.Record) map[string]*tally {
	fields := strings.Split(by, ",")
	sides := 1
	for _, f := range fields {
		if f == "port" || f == "ip" || strings.HasPrefix(f, "ip/") {
			sides = 2
		}
	}
	all := map[string]*tally{}
	for i := range rows {
		r := rows[i]
		first := ""
		for side := range sides {
			var values []string
			for _, f := range fields {
				values = append(values, naive(f, &r, side))
			}
			key := strings.Join(values, "\x01")
			if side == 1 && key == first {
				continue
			}
			first = key
			g := all[key]
			if g == nil {
				g = &tally{peers: map[string]bool{}, ports: map[string]bool{}}
				all[key] = g
			}
			turned := side == 1 || by == "pair" && slices.Compare(r.Src[:], r.Dst[:]) > 0
			sum := r
			if turned {
				sum.SrcBytes, sum.DstBytes, sum.SrcPkts, sum.DstPkts = r.DstBytes, r.SrcBytes, r.DstPkts, r.SrcPkts
				sum.Has = r.Has &^ (flow.HasBytes | flow.HasPkts)
				for _, f := range [...][2]flow.Fields{
					{flow.HasSrcBytes, flow.HasDstBytes}, {flow.HasDstBytes, flow.HasSrcBytes},
					{flow.HasSrcPkts, flow.HasDstPkts}, {flow.HasDstPkts, flow.HasSrcPkts},
				} {
					if r.Has&f[0] != 0 {
						sum.Has |= f[1]
					}
				}
			}
			g.add(&sum, false) // its arithmetic has tests of its own
			if r.Has&flow.HasAddrs != 0 {
				peer := r.Dst.String()
				if side == 1 || strings.HasPrefix(by, "dst_ip") {
					peer = r.Src.String()
				}
				if sides == 1 && !strings.Contains(by, "_ip") || by == "src_ip,dst_ip" {
					peer = naive("pair", &r, 0)
				}
				g.peers[peer] = true
			}
			if r.Has&flow.HasDstPort != 0 {
				g.ports[fmt.Sprint(r.DstPort)] = true
			}
		}
	}
	return all
}

var tables = []string{"src_ip", "dst_ip", "ip", "pair", "src_ip/24", "dst_ip/8/32", "ip/16/64", "dst_port", "port", "protocol", "state",
	"service", "file", "hour", "day", "time/1h", "src_ip,dst_ip", "ip,dst_port", "dst_port,protocol", "ip,port"}

// What is summed up is what maps of texts give, however the flows are cut
// into batches.
func TestTablesAgreeWithTheReference(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := flows(t)
		by := rapid.SampledFrom(tables).Draw(t, "by")
		sort := rapid.SampledFrom([]string{"", "flows", "bytes", "src_pkts", "first", "bps", "peers", "ports", "distinct(src_ip)"}).Draw(t, "sort")
		a, err := New(Options{Names: lex, By: []string{by}, Sort: sort, Distinct: []string{"peers", "dst_port"}})
		if err != nil {
			t.Fatal(err)
		}
		for rest := rows; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			a.Add(rest[:n])
			rest = rest[n:]
		}
		res := a.Result()
		want := reference(by, rows)
		table := res.Tables[0]
		if table.Groups != uint64(len(want)) || len(table.Rows) != len(want) || table.Approx {
			t.Fatalf("%d groups, %d rows, want %d", table.Groups, len(table.Rows), len(want))
		}
		var order []rankOf
		for _, r := range table.Rows {
			var key []string
			for i, k := range r.Key {
				if r.Absent[i] {
					k = absent
				}
				key = append(key, k)
			}
			w := want[strings.Join(key, "\x01")]
			if w == nil {
				t.Fatalf("group %q does not exist", key)
			}
			if d := diff.Diff(w.Group, r.Group, cmpopts.IgnoreUnexported(Group{})); d != "" {
				t.Fatalf("group %q, want (-) got (+):\n%s", key, d)
			}
			counts := map[string]Distinct{}
			for i, name := range table.Counts {
				counts[name] = r.Distinct[i]
			}
			if got := counts["peers"]; got != (Distinct{N: uint64(len(w.peers))}) {
				t.Fatalf("group %q has %d peers, want %v", key, got.N, w.peers)
			}
			if got := counts["ports"]; got != (Distinct{N: uint64(len(w.ports))}) {
				t.Fatalf("group %q has %d ports, want %v", key, got.N, w.ports)
			}
			switch sort {
			case "peers":
				order = append(order, rankOf{true, uint64(len(w.peers))})
			case "ports":
				order = append(order, rankOf{true, uint64(len(w.ports))})
			case "flows", "bytes", "src_pkts", "first", "bps":
				v, ok := measureNamed(sort).order(&w.Group)
				order = append(order, rankOf{ok, v})
			}
		}
		if !slices.IsSortedFunc(order, func(a, b rankOf) int {
			if a.known != b.known {
				return map[bool]int{true: -1, false: 1}[a.known]
			}
			return cmp.Compare(b.v, a.v)
		}) {
			t.Fatalf("rows are not ordered by %s: %v", sort, order)
		}
	})
}

// The first rows are those of the whole table.
func TestTopIsTheBeginOfAll(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := flows(t)
		o := Options{Names: lex, By: []string{rapid.SampledFrom(tables).Draw(t, "by")}, Ascend: rapid.Bool().Draw(t, "asc"),
			Sort: rapid.SampledFrom([]string{"flows", "bytes", "peers", "key"}).Draw(t, "sort")}
		all := sum(t, o, rows)
		o.Top = rapid.IntRange(1, 5).Draw(t, "top")
		some := sum(t, o, rows)
		want := all.Tables[0].Rows
		want = want[:min(len(want), o.Top)]
		if d := diff.Diff(want, some.Tables[0].Rows, cmpopts.IgnoreUnexported(Row{}, Group{}), cmpopts.EquateEmpty()); d != "" {
			t.Fatalf("want (-) got (+):\n%s", d)
		}
	})
}

func sum(t interface{ Fatal(...any) }, o Options, rows []flow.Record) *Result {
	a, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	a.Add(rows)
	return a.Result()
}

// Series of a group add up to its sums, and those of time to the totals,
// however bins were widened.
func TestSeriesAddUp(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rows := flows(t)
		for i := range rows {
			rows[i].Has |= flow.HasStart
			rows[i].SrcBytes, rows[i].DstBytes = rows[i].SrcBytes%1000, rows[i].DstBytes%1000
			rows[i].Has |= flow.HasBytes
		}
		o := Options{Names: lex, By: []string{"src_ip"}, BinAuto: true}
		if rapid.Bool().Draw(t, "asked") {
			o.BinAuto, o.Bin = false, flow.Time(rapid.SampledFrom([]int64{1, 60, 3600}).Draw(t, "bin"))*flow.Second
		}
		a, err := New(o)
		if err != nil {
			t.Fatal(err)
		}
		for rest := rows; len(rest) > 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "batch")
			a.Add(rest[:n])
			rest = rest[n:]
		}
		res := a.Result()
		if len(rows) == 0 {
			if res.Series != nil {
				t.Fatal("a series of nothing")
			}
			return
		}
		var total Bin
		for _, b := range res.Series.Bins {
			total.Flows += b.Flows
			total.Bytes += b.Bytes
		}
		if total.Flows != uint64(len(rows)) || total.Bytes != res.Total.Bytes() {
			t.Fatalf("the series has %+v of %d flows, %d bytes", total, len(rows), res.Total.Bytes())
		}
		if o.BinAuto && len(res.Series.Bins) > seriesBins {
			t.Fatalf("%d bins", len(res.Series.Bins))
		}
		for _, r := range res.Tables[0].Rows {
			s := uint64(0)
			for _, v := range r.Series {
				s += v
			}
			if s != r.Bytes() || len(r.Series) > seriesBins {
				t.Fatalf("%q: series of %d, bytes %d", r.Key, s, r.Bytes())
			}
		}
		for i, b := range res.Series.Bins { // each flow in its bin
			from := res.Series.Start + flow.Time(i)*res.Series.Width
			n := uint64(0)
			for _, r := range rows {
				if r.Start >= from && r.Start < from+res.Series.Width {
					n++
				}
			}
			if n != b.Flows {
				t.Fatalf("bin %d has %d flows, want %d", i, b.Flows, n)
			}
		}
	})
}
