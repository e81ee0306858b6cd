package parquet

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

// awsTable is a log as AWS writes it; the last rows are windows without data.
func awsTable(extra ...testColumn) []testColumn {
	return append([]testColumn{
		{path: "version", values: []int32{5, 5, 5, 5, 5, 5}},
		{path: "interface_id", values: []string{"eni-1", "eni-1", "eni-1", "eni-1", "eni-1", "eni-1"}},
		{path: "srcaddr", values: []string{"10.0.0.5", "10.0.0.9", "10.0.0.5", "10.0.0.5", "-", "-"}},
		{path: "dstaddr", values: []string{"10.0.0.9", "10.0.0.5", "10.0.0.6", "not known", "-", "-"}},
		{path: "srcport", values: []int32{40001, 443, 0, 1, 0, 0}, valid: []bool{true, true, true, true, false, false}},
		{path: "dstport", values: []int32{443, 40001, 0, 2, 0, 0}, valid: []bool{true, true, true, true, false, false}},
		{path: "protocol", values: []int32{6, 6, 1, 17, 0, 0}, valid: []bool{true, true, true, true, false, false}},
		{path: "packets", values: []int64{12, 9, 1, 1, 0, 0}, valid: []bool{true, true, true, true, false, false}},
		{path: "bytes", values: []int64{3400, 9000, 84, 60, 0, 0}, valid: []bool{true, true, true, true, false, false}},
		{path: "start", values: []int64{1767225600, 1767225601, 1767225602, 1767225603, 1767225604, 1767225605}},
		{path: "end", values: []int64{1767225660, 1767225661, 1767225662, 1767225663, 1767225664, 1767225665}},
		{path: "action", values: []string{"ACCEPT", "ACCEPT", "REJECT", "ACCEPT", "-", "-"}},
		{path: "log_status", values: []string{"OK", "OK", "OK", "OK", "NODATA", "SKIPDATA"}},
	}, extra...)
}

// rowsOf shows what a file reads as.
func rowsOf(t *testing.T, data []byte, opt *flow.Options) (*flow.Source, []string) {
	t.Helper()
	rows, src, err := readBytes(t, data, opt)
	if err != nil {
		t.Fatal(err)
	}
	var out []string
	for i := range rows {
		r := &rows[i]
		out = append(out, fmt.Sprintf("%d %v +%v %v %v:%d %v:%d %d/%d %v(%s) %v %s", r.Row, r.Start, int64(r.Duration/flow.Second), r.Proto,
			r.Src, r.SrcPort, r.Dst, r.DstPort, r.SrcBytes, r.SrcPkts, r.State, opt.Symbols.Text(r.RawState), r.SrcFlags,
			strings.Join((r.Has&(flow.HasSrcPort|flow.HasICMP|flow.HasFlags)).Names(), " ")))
	}
	return src, out
}

func TestFlowLogsOfAWS(t *testing.T) {
	flags := testColumn{path: "tcp_flags", values: []int32{3, 18, 0, 0, 0, 0}, valid: []bool{true, true, true, true, false, false}}
	packets := []testColumn{
		{path: "pkt_srcaddr", values: []string{"192.0.2.1", "-", "-", "-", "-", "-"}},
		{path: "pkt_dstaddr", values: []string{"-", "192.0.2.1", "", "-", "-", "-"}, valid: []bool{true, true, false, true, true, true}},
	}
	for _, test := range []struct {
		name string
		cols []testColumn
		want []string
	}{
		{"version 2", awsTable(), []string{
			"1 2026-01-01T00:00:00Z +60 tcp 10.0.0.5:40001 10.0.0.9:443 3400/12 partial(ACCEPT)  src_port",
			"2 2026-01-01T00:00:01Z +60 tcp 10.0.0.9:443 10.0.0.5:40001 9000/9 partial(ACCEPT)  src_port",
			"3 2026-01-01T00:00:02Z +60 icmp 10.0.0.5:0 10.0.0.6:0 84/1 denied(REJECT)  ",
		}},
		{"packet addresses and flags", awsTable(append(packets, flags)...), []string{
			"1 2026-01-01T00:00:00Z +60 tcp 192.0.2.1:40001 10.0.0.9:443 3400/12 closed(ACCEPT) FS src_port tcp_flags",
			"2 2026-01-01T00:00:01Z +60 tcp 10.0.0.9:443 192.0.2.1:40001 9000/9 established(ACCEPT) SA src_port tcp_flags",
			"3 2026-01-01T00:00:02Z +60 icmp 10.0.0.5:0 10.0.0.6:0 84/1 denied(REJECT)  ",
		}},
	} {
		for _, workers := range []int{1, 3} {
			opt := options()
			opt.Workers = workers
			src, rows := rowsOf(t, writeFile(t, test.cols, 6, 4), opt)
			if d := cmp.Diff(test.want, rows); d != "" {
				t.Errorf("%s: -want +got\n%s", test.name, d)
			}
			if src.Rows != 3 || src.Bad != 1 || src.Skipped != 2 || len(src.BadRows) != 1 || src.BadRows[0].Row != 4 {
				t.Errorf("%s: %d rows, %d bad %v, %d skipped", test.name, src.Rows, src.Bad, src.BadRows, src.Skipped)
			}
			if notes := strings.Join(src.Notes, "\n"); !strings.Contains(notes, "1 windows with SKIPDATA") || !strings.Contains(notes, "1 windows with NODATA") {
				t.Errorf("%s: notes %q", test.name, src.Notes)
			}
			s, silence := src.Stitch, len(test.cols) > 13
			if !s.Pieces || !s.Halves || !s.Copies || !s.Auto || s.Silence != silence {
				t.Errorf("%s: stitched as %+v", test.name, s)
			}
		}
	}
}

func TestAWSLogWithPacketAddressesOnly(t *testing.T) {
	cols := []testColumn{
		{path: "pkt_srcaddr", values: []string{"192.0.2.1", "-"}},
		{path: "pkt_dstaddr", values: []string{"192.0.2.2", "192.0.2.3"}},
		{path: "start", values: []int64{1767225600, 1767225600}},
		{path: "action", values: []string{"ACCEPT", "ACCEPT"}},
	}
	src, rows := rowsOf(t, writeFile(t, cols, 2, 2), options())
	want := []string{"1 2026-01-01T00:00:00Z +0 unknown 192.0.2.1:0 192.0.2.2:0 0/0 partial(ACCEPT)  "}
	if d := cmp.Diff(want, rows); d != "" || src.Bad != 1 {
		t.Errorf("%d bad\n%s", src.Bad, d)
	}
}

func TestRowGroupsOutsideOfTheSpanAreLeftOut(t *testing.T) {
	const n, perGroup = 48, 6 // a row each hour, so a group has six hours
	hour := 3600 * int64(flow.Second)
	times := make([]int64, n)
	for i := range times {
		times[i] = 1767225600 + int64(i)*3600
	}
	cols := []testColumn{{path: "start", values: times}, hosts("src", n), hosts("dst", n)}
	data := writeFile(t, cols, n, perGroup)
	first := flow.Time(1767225600) * flow.Second
	at := func(hours int64) flow.Time { return first.Add(flow.Time(hours * hour)) }
	for _, test := range []struct {
		span       flow.Span
		from, to   uint64 // rows
		leftGroups int
	}{
		{flow.Span{}, 1, 48, 0},
		{flow.Span{From: flow.MinTime, To: flow.MaxTime}, 1, 48, 0},
		{flow.Span{From: at(14), To: at(16)}, 13, 18, 7},
		{flow.Span{From: at(12), To: at(17)}, 7, 18, 6}, // an hour of slack
		{flow.Span{From: at(13), To: at(17)}, 13, 18, 7},
		{flow.Span{From: at(13), To: at(17) + 1}, 13, 24, 6},
		{flow.Span{From: at(100), To: at(200)}, 0, 0, 8},
	} {
		opt := options()
		opt.Span = test.span
		rows, src, err := readBytes(t, data, opt)
		if err != nil {
			t.Fatal(err)
		}
		note := ""
		if test.leftGroups > 0 {
			note = fmt.Sprintf("%d of 8 row groups were left out: all their times lie outside of --since and --until.", test.leftGroups)
		}
		if len(rows) != int(test.to-test.from)+min(1, int(test.to)) || strings.Join(src.Notes, "") != note {
			t.Errorf("%v: %d rows, notes %q", test.span, len(rows), src.Notes)
			continue
		}
		for i := range rows {
			if rows[i].Row != test.from+uint64(i) || rows[i].Start != at(int64(rows[i].Row)-1) {
				t.Errorf("%v: row %d of %v", test.span, rows[i].Row, rows[i].Start)
			}
		}
	}
}
