// Package cicflowmeter reads the tables of CICFlowMeter, among them the
// CICIDS2017 data set.
package cicflowmeter

import (
	_ "embed"
	"errors"
	"slices"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/table"
)

//go:embed README.md
var doc string

// Format describes the tables of CICFlowMeter.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "cicflowmeter",
		Title:  "CICFlowMeter CSV in its three spellings, CICIDS2017 among them",
		Doc:    doc,
		Ext:    []string{".csv"},
		Fields: fields,
		Stitch: pieces,
		Match:  match,
		Open:   open,
	}
}

// pieces is how rows relate to connections: what comes behind 120 s or the
// first FIN is a row of its own. Many tables have the minute of the start
// alone.
var pieces = flow.Stitching{Pieces: true, Gap: 65 * flow.Second, Auto: true}

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasLabel

var errCut = errors.New("this cut of a CICFlowMeter table has no addresses (and no times, in most cuts): it was made " +
	"for training classifiers, and no detector can work on it; the full tables of the same data set " +
	"(CICIDS2017: GeneratedLabelledFlows) have both")

var errNoTime = errors.New("this CICFlowMeter table has no Timestamp column: without times no detector can work")

func match(head []byte) (int, string) {
	l, err := find(head)
	switch {
	case err != nil:
		return 92, "" // certainly ours; open tells why it cannot be read
	case l == nil:
		return 0, "no header with Flow Duration and Src IP or Source IP"
	}
	return 95, ""
}

// find finds the layout of the text that starts with head, or nil.
func find(head []byte) (*table.Layout, error) {
	l := table.Find(head, ",\t;", func(l *table.Layout) bool {
		forward := l.Column("Total Fwd Packets", "Tot Fwd Pkts", "Total Fwd Packet") >= 0
		backward := l.Column("Total Backward Packets", "Tot Bwd Pkts", "Total Bwd packets") >= 0
		// The Python program of the same name has names_like_this, and durations in another unit.
		return l.Has("Flow Duration") && forward && backward && !slices.Contains(l.Names, "flow_duration")
	})
	switch {
	case l == nil:
		return nil, nil
	case l.Column("Source IP", "Src IP") < 0 || l.Column("Destination IP", "Dst IP") < 0:
		return nil, errCut
	case !l.Has("Timestamp"):
		return nil, errNoTime
	}
	return l, nil
}

// layout tells which column carries what; -1 stands for none.
type layout struct {
	start, dur, proto, src, sport, dst, dport, label int
	srcBytes, dstBytes, srcPkts, dstPkts             int
	syn, fin, rst, ack                               int
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
		return nil, errors.New("no header of CICFlowMeter")
	}
	at := layout{
		start: l.Use(columns.Start, "Timestamp"),
		dur:   l.Use(columns.Duration, "Flow Duration"), proto: l.Use(columns.Proto, "Protocol"),
		src: l.Use(columns.SrcIP, "Source IP", "Src IP"), sport: l.Use(columns.SrcPort, "Source Port", "Src Port"),
		dst: l.Use(columns.DstIP, "Destination IP", "Dst IP"), dport: l.Use(columns.DstPort, "Destination Port", "Dst Port"),
		srcBytes: l.Use(columns.SrcBytes, "Total Length of Fwd Packets", "TotLen Fwd Pkts", "Total Length of Fwd Packet"),
		dstBytes: l.Use(columns.DstBytes, "Total Length of Bwd Packets", "TotLen Bwd Pkts", "Total Length of Bwd Packet"),
		srcPkts:  l.Use(columns.SrcPkts, "Total Fwd Packets", "Tot Fwd Pkts", "Total Fwd Packet"),
		dstPkts:  l.Use(columns.DstPkts, "Total Backward Packets", "Tot Bwd Pkts", "Total Bwd packets"),
		label:    l.Use(columns.Label, "Label"),
		syn:      l.Column("SYN Flag Count", "SYN Flag Cnt"), fin: l.Column("FIN Flag Count", "FIN Flag Cnt"),
		rst: l.Column("RST Flag Count", "RST Flag Cnt"), ack: l.Column("ACK Flag Count", "ACK Flag Cnt"),
	}
	src.Mapping = l.Explain("cicflowmeter")
	src.Fields = l.Fields() & fields
	if at.syn >= 0 && at.fin >= 0 && at.rst >= 0 {
		src.Fields |= flow.HasState
		src.Mapping = append(src.Mapping, "state ← packets of each side, SYN, FIN and RST flag counts")
	} else {
		at.syn = -1
	}
	src.Note("bytes are payload alone; flows end at the first FIN or after 120 s, and the tail of a connection " +
		"may be a flow of its own with source and destination exchanged")
	order := learn(l, &at, src)
	return table.Open(src, l, func(in *flow.Interner) table.Row {
		return &row{at: &at, intern: in, clock: clock{order: order, zone: src.Options.Location}}
	})
}
