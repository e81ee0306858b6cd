// Package unsw reads the raw tables of the UNSW-NB15 data set.
package unsw

import (
	_ "embed"
	"errors"
	"strings"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

//go:embed README.md
var doc string

// Format describes the raw tables of UNSW-NB15.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "unsw-nb15",
		Title:  "UNSW-NB15 raw CSV: 49 columns without a header, or with one",
		Doc:    doc,
		Ext:    []string{".csv"},
		Fields: fields,
		Match:  match,
		Open:   open,
	}
}

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasICMP | flow.HasService | flow.HasLabel

// raw are the columns of the files without a header.
var raw = strings.Fields(`srcip sport dstip dsport proto state dur sbytes dbytes sttl dttl sloss dloss service
	Sload Dload Spkts Dpkts swin dwin stcpb dtcpb smeansz dmeansz trans_depth res_bdy_len Sjit Djit Stime Ltime
	Sintpkt Dintpkt tcprtt synack ackdat is_sm_ips_ports ct_state_ttl ct_flw_http_mthd is_ftp_login ct_ftp_cmd
	ct_srv_src ct_srv_dst ct_dst_ltm ct_src_ltm ct_src_dport_ltm ct_dst_sport_ltm ct_dst_src_ltm attack_cat Label`)

var errCut = errors.New("this is the training or testing cut of UNSW-NB15: it has neither addresses nor times, " +
	"so no detector can work on it; the raw files UNSW-NB15_1.csv … _4.csv of the same data set have both")

func match(head []byte) (int, string) {
	l, err := find(head)
	switch {
	case err != nil:
		return 92, "" // certainly ours; open tells why it cannot be read
	case l == nil:
		return 0, "no header with srcip, sport, dstip, dsport and Stime, and no such row of 49 columns"
	}
	return 95, ""
}

// find finds the layout of the text that starts with head, or nil.
func find(head []byte) (*table.Layout, error) {
	var cut bool
	l := table.Find(head, ",\t;", func(l *table.Layout) bool {
		if l.Has("dur", "proto", "service", "state", "spkts", "dpkts", "sbytes", "ct_srv_src") && !l.Has("srcip") {
			cut = true
		}
		return l.Has("srcip", "sport", "dstip", "dsport", "Stime", "sbytes")
	})
	switch {
	case l != nil:
		return l, nil
	case cut:
		return nil, errCut
	}
	rows := table.Lines(head)
	for i, row := range rows {
		if i == 20 {
			break
		}
		if isRow(table.SplitAll(row, ',')) {
			l := table.New(',', raw)
			l.Rows = rows
			return l, nil
		}
	}
	return nil, nil
}

// isRow reports whether cells are a row of the columns raw.
func isRow(cells []string) bool {
	if len(cells) != len(raw) {
		return false
	}
	_, err1 := flow.ParseAddr([]byte(cells[0]))
	_, err2 := flow.ParseAddr([]byte(cells[2]))
	_, err3 := parse.Uint([]byte(cells[28]))
	_, err4 := parse.Uint([]byte(cells[29]))
	return errors.Join(err1, err2, err3, err4) == nil
}

// layout tells which column carries what; -1 stands for none.
type layout struct {
	start, end, dur, proto, src, sport, dst, dport, state, service int
	srcBytes, dstBytes, srcPkts, dstPkts, attack, label            int
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	l, err := find(head)
	if err != nil {
		return nil, err
	}
	if l == nil {
		return nil, errors.New("no header and no row of UNSW-NB15")
	}
	at := layout{
		start: l.Use(columns.Start, "Stime"), end: l.Use(columns.End, "Ltime"), dur: l.Use(columns.Duration, "dur"),
		proto: l.Use(columns.Proto, "proto"), state: l.Use(columns.State, "state"),
		src: l.Use(columns.SrcIP, "srcip"), sport: l.Use(columns.SrcPort, "sport"),
		dst: l.Use(columns.DstIP, "dstip"), dport: l.Use(columns.DstPort, "dsport"),
		srcBytes: l.Use(columns.SrcBytes, "sbytes"), dstBytes: l.Use(columns.DstBytes, "dbytes"),
		srcPkts: l.Use(columns.SrcPkts, "Spkts"), dstPkts: l.Use(columns.DstPkts, "Dpkts"),
		service: l.Use(columns.Service, "service"), attack: l.Use(columns.Label, "attack_cat"),
		label: l.Column("Label"),
	}
	src.Mapping = l.Explain("unsw-nb15")
	src.Fields = (l.Fields() | flow.HasService | flow.HasICMP) & fields
	if at.label >= 0 {
		src.Fields |= flow.HasLabel
	}
	src.Note("times are whole seconds: flows of the same second stand in the order of the file")
	return table.Open(src, l, func(in *flow.Interner) table.Row {
		return &row{at: &at, intern: in}
	})
}
