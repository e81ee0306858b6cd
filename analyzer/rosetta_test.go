package analyzer_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/analyzer"
	"seine/flow"
	"seine/flow/formats"
)

// One trace is stored in testdata/rosetta in every layout. What follows reads
// each file and compares it with the canonical one, which tells everything:
// the flows field by field, and the alerts. What a layout cannot tell is named
// in its line of rosettaLayouts, and taken away from the canonical flows
// before they are compared; whatever is named without need is an error too.

const canonical = "seine.ndjson.gz"

func stone(file string) string { return filepath.Join("..", "testdata", "rosetta", file) }

// A lack is something that a layout cannot tell.
type lack struct {
	name, reason string
	hides        func(r *flow.Record) bool    // flows that are not in the file at all
	change       func(want, got *flow.Record) // takes from want what the file cannot say
	order        bool                         // the flows come in another order
	// alerts are the rules whose alerts come and go for it, "port-scan/icmp-sweep".
	// Facts may differ in other rules too; what they must be then is worked
	// out by the detectors themselves, from the canonical flows less what is
	// lacking. A detector that is skipped for want of a field need not be named.
	alerts string
}

// A rosetta is one file of the trace.
type rosetta struct {
	file, format string
	lacks        []*lack
}

// scanStone reads the flows of a file, put together as by default.
func scanStone(t *testing.T, file string, symbols *flow.Symbols) ([]flow.Record, analyzer.FileSummary) {
	t.Helper()
	var all []flow.Record
	taken, err := analyzer.Scan(context.Background(), analyzer.Intake{
		Sources: []*flow.Source{stoneSource(file, symbols)}, Formats: formats.All(), Lateness: 10 * 60 * flow.Second, Symbols: symbols,
	}, func(rows []flow.Record) error { all = append(all, rows...); return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all, taken.Files[0]
}

func stoneSource(file string, symbols *flow.Symbols) *flow.Source {
	return flow.FileSource(stone(file), &flow.Options{Workers: 2, Symbols: symbols})
}

// tuple is who talks to whom: each connection of the trace has its own.
func tuple(r *flow.Record) string {
	return fmt.Sprintf("%v %v:%d > %v:%d", r.Proto, r.Src, r.SrcPort, r.Dst, r.DstPort)
}

// less takes from the canonical flows what is lacking; got are the flows of
// the file, for what it alone knows: its order, and how times were rounded.
func less(canon, got []flow.Record, lacks []*lack) []flow.Record {
	byTuple := map[string]*flow.Record{}
	place := map[string]int{}
	for i := range got {
		byTuple[tuple(&got[i])] = &got[i]
		place[tuple(&got[i])] = i
	}
	var want []flow.Record
	for _, w := range canon {
		if slices.ContainsFunc(lacks, func(l *lack) bool { return l.hides != nil && l.hides(&w) }) {
			continue
		}
		g := byTuple[tuple(&w)]
		if g == nil {
			g = new(flow.Record)
		}
		for _, l := range lacks {
			if l.change != nil {
				l.change(&w, g)
			}
		}
		blank(&w)
		want = append(want, w)
	}
	if slices.ContainsFunc(lacks, func(l *lack) bool { return l.order }) {
		slices.SortStableFunc(want, func(a, b flow.Record) int { return place[tuple(&a)] - place[tuple(&b)] })
	}
	return want
}

// blank clears what a flow need not have, so that 0 stands for it.
func blank(r *flow.Record) {
	r.Has &^= flow.HasUID | flow.HasLabel
	if r.State == flow.StateUnknown { // what a row says and nobody understands
		r.Has &^= flow.HasState
	}
	for _, c := range []struct {
		has   flow.Fields
		clear func()
	}{
		{flow.HasDuration, func() { r.Duration = 0 }},
		{flow.HasSrcPort, func() { r.SrcPort = 0 }},
		{flow.HasDstPort, func() { r.DstPort = 0 }},
		{flow.HasSrcBytes, func() { r.SrcBytes = 0 }},
		{flow.HasDstBytes, func() { r.DstBytes = 0 }},
		{flow.HasSrcPkts, func() { r.SrcPkts = 0 }},
		{flow.HasDstPkts, func() { r.DstPkts = 0 }},
		{flow.HasState, func() { r.State = 0 }},
		{flow.HasFlags, func() { r.SrcFlags, r.DstFlags = 0, 0 }},
		{flow.HasICMP, func() { r.ICMPType, r.ICMPCode = 0, 0 }},
		{flow.HasService, func() { r.Service = 0 }},
	} {
		if r.Has&c.has == 0 {
			c.clear()
		}
	}
}

// flowText writes all that is compared of a flow.
func flowText(r flow.Record, symbols *flow.Symbols) string {
	blank(&r)
	return fmt.Sprintf("%s %v +%dms %s flags %s/%s icmp %d/%d bytes %d/%d pkts %d/%d %q %s", tuple(&r), r.Start, int64(r.Duration)/1e6, r.State,
		r.SrcFlags, r.DstFlags, r.ICMPType, r.ICMPCode, r.SrcBytes, r.DstBytes, r.SrcPkts, r.DstPkts, symbols.Text(r.Service),
		strings.Join((r.Has&^(flow.HasStart|flow.HasAddrs|flow.HasProto)).Names(), " "))
}

func flowTexts(rs []flow.Record, symbols *flow.Symbols) []string {
	var all []string
	for _, r := range rs {
		all = append(all, flowText(r, symbols))
	}
	return all
}

// without is lacks but for the i-th.
func without(lacks []*lack, i int) []*lack {
	return append(slices.Clone(lacks[:i]), lacks[i+1:]...)
}

func TestRosettaFlows(t *testing.T) {
	symbols := flow.NewSymbols()
	canon, _ := scanStone(t, canonical, symbols)
	checkTrace(t, canon)
	for _, l := range rosettaLayouts {
		t.Run(l.file, func(t *testing.T) {
			got, file := scanStone(t, l.file, symbols)
			if file.Format != l.format || file.Bad != 0 {
				t.Errorf("read as %s with %d bad rows %v, want %s and none", file.Format, file.Bad, file.BadRows, l.format)
			}
			told := flowTexts(got, symbols)
			if d := cmp.Diff(flowTexts(less(canon, got, l.lacks), symbols), told); d != "" {
				t.Errorf("flows: -canonical, less what %s cannot tell, +file\n%s", l.file, beginning(d))
			}
			for i, k := range l.lacks {
				if slices.Equal(flowTexts(less(canon, got, without(l.lacks, i)), symbols), told) {
					t.Errorf("%s is said to lack %s, and does not", l.file, k.name)
				}
			}
		})
	}
}

// beginning is as much of a difference as somebody reads.
func beginning(diff string) string {
	lines := strings.SplitAfter(diff, "\n")
	var some []string
	for _, l := range lines {
		if strings.HasPrefix(l, "-") || strings.HasPrefix(l, "+") {
			some = append(some, l)
		}
	}
	if len(some) > 24 {
		some = append(some[:24], fmt.Sprintf("… and %d lines more", len(some)-24))
	}
	return strings.Join(some, "")
}

// checkTrace makes sure that the trace has in it what it is for.
func checkTrace(t *testing.T, canon []flow.Record) {
	t.Helper()
	tuples, states, protos := map[string]bool{}, map[flow.State]int{}, map[flow.Proto]int{}
	six, longest := 0, flow.Time(0)
	ports := map[uint16]bool{}
	for i := range canon {
		r := &canon[i]
		tuples[tuple(r)] = true
		states[r.State]++
		protos[r.Proto]++
		if !r.Src.Is4() {
			six++
		}
		longest = max(longest, r.Duration)
		if r.Src.String() == "198.51.100.66" {
			ports[r.DstPort] = true
		}
	}
	if len(canon) < 300 || len(tuples) != len(canon) {
		t.Errorf("%d flows, %d of their own, want 300 or more", len(canon), len(tuples))
	}
	for _, s := range []flow.State{flow.StateAttempt, flow.StateRejected, flow.StateEstablished, flow.StateClosed, flow.StateResetOrig, flow.StateResetResp, flow.StateDenied} {
		if states[s] == 0 {
			t.Errorf("no flow is %v", s)
		}
	}
	if protos[flow.TCP] == 0 || protos[flow.UDP] == 0 || protos[flow.ICMP] == 0 || six == 0 || longest < 3600*flow.Second || len(ports) <= 100 {
		t.Errorf("protocols %v, %d of IPv6, longest %d s, %d ports scanned", protos, six, longest/flow.Second, len(ports))
	}
}

// Every file of the folder is in the table, and every format but one has a
// file.
func TestRosettaIsComplete(t *testing.T) {
	entries, err := os.ReadDir(stone(""))
	if err != nil {
		t.Fatal(err)
	}
	var files, listed []string
	for _, e := range entries {
		if name := e.Name(); name != "README.md" && name != "blacklist.txt" {
			files = append(files, name)
		}
	}
	have := map[string]bool{}
	for _, l := range rosettaLayouts {
		listed = append(listed, l.file)
		have[l.format] = true
	}
	slices.Sort(listed)
	if d := cmp.Diff(files, listed); d != "" {
		t.Errorf("-in the folder +in the table\n%s", d)
	}
	for _, f := range formats.All() {
		// Files of nfcapd are written by nfcapd alone, and read by nfdump.
		if has := have[f.Name]; has == (f.Name == "nfcapd") {
			t.Errorf("format %s: in testdata/rosetta is %t", f.Name, has)
		}
	}
}
