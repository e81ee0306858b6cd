// Package argus reads the tables that Argus' ra prints, among them the
// binetflow files of the CTU data sets.
package argus

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

//go:embed README.md
var doc string

// Format describes the tables of Argus.
func Format() *flow.Format {
	return &flow.Format{
		Name:  "argus",
		Title: "Argus ra text: binetflow of CTU-13 and others, by comma, tab or blanks",
		Doc:   doc,
		Ext:   []string{".binetflow", ".biargus"},
		Fields: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
			flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags |
			flow.HasICMP | flow.HasService | flow.HasLabel,
		Stitch: pieces,
		Match:  match,
		Open:   open,
	}
}

// pieces is how rows relate to connections: Argus writes a status record of
// what lasts about once an hour. Rows are put together only when asked, since
// it also writes each exchange of DNS over one port as a row, and these are
// no pieces of one another.
var pieces = flow.Stitching{Pieces: true, Gap: 5 * flow.Second}

// base are the first columns of binetflow files without a header.
var base = strings.Fields("StartTime Dur Proto SrcAddr Sport Dir DstAddr Dport State sTos dTos TotPkts TotBytes")

// more are the columns that stand behind base, by the number of all.
var more = map[int][]string{
	13: nil,
	14: {"SrcBytes"},
	15: {"SrcBytes", "Label"},
	16: {"SrcBytes", "SrcPkts", "Label"},
	17: {"SrcBytes", "srcUdata", "dstUdata", "Label"},
}

func match(head []byte) (int, string) {
	if find(head) == nil {
		return 0, "no header with StartTime, Proto, SrcAddr, Dir and DstAddr, and no such row"
	}
	return 95, ""
}

// find finds the layout of the text that starts with head, or nil.
func find(head []byte) *table.Layout {
	l := table.Find(head, ",\t; ", func(l *table.Layout) bool {
		return l.Has("StartTime", "Proto", "SrcAddr", "Dir", "DstAddr")
	})
	if l != nil {
		return l
	}
	rows := table.Lines(head)
	for i, row := range rows {
		if i == 20 {
			break
		}
		for _, sep := range []byte(",\t;") {
			cells := table.SplitAll(row, sep)
			added, known := more[len(cells)]
			if !known || !isRow(cells) {
				continue
			}
			l := table.New(sep, append(base[:len(base):len(base)], added...))
			l.Rows = rows
			return l
		}
	}
	return nil
}

// isRow reports whether cells are a row of the columns base.
func isRow(cells []string) bool {
	var c parse.Clock
	_, err := c.Parse([]byte(cells[0]))
	if err != nil || !strings.ContainsAny(cells[0], "/-") || cells[5] != "who" && !strings.ContainsAny(cells[5], "<>-") {
		return false
	}
	_, err1 := flow.ParseAddr([]byte(cells[3]))
	_, err2 := flow.ParseAddr([]byte(cells[6]))
	if err1 != nil || err2 != nil {
		return false
	}
	if len(cells) > len(base) {
		_, err = parse.Uint([]byte(cells[len(base)]))
	}
	return err == nil
}

// layout tells which column carries what; -1 stands for none.
type layout struct {
	start, dur, end, proto, src, sport, dir, dst, dport, state, label int
	pkts, bytes, srcBytes, dstBytes, srcPkts, dstPkts                 int
	date, stos, dtos                                                  int
	columns                                                           int
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	l := find(head)
	if l == nil {
		return nil, errors.New("no header and no row of Argus")
	}
	l = dated(l)
	at := layout{
		date: l.Column("date"), stos: l.Column("sTos"), dtos: l.Column("dTos"),
		start: l.Use(columns.Start, "StartTime"), dur: l.Use(columns.Duration, "Dur"),
		end: l.Use(columns.End, "LastTime"), proto: l.Use(columns.Proto, "Proto"),
		src: l.Use(columns.SrcIP, "SrcAddr"), sport: l.Use(columns.SrcPort, "Sport"),
		dst: l.Use(columns.DstIP, "DstAddr"), dport: l.Use(columns.DstPort, "Dport"),
		state: l.Use(columns.State, "State"), label: l.Use(columns.Label, "Label"),
		srcBytes: l.Use(columns.SrcBytes, "SrcBytes"), dstBytes: l.Use(columns.DstBytes, "DstBytes"),
		srcPkts: l.Use(columns.SrcPkts, "SrcPkts"), dstPkts: l.Use(columns.DstPkts, "DstPkts"),
		dir: l.Column("Dir"), pkts: l.Column("TotPkts"), bytes: l.Column("TotBytes"),
		columns: len(l.Names),
	}
	if err := describe(src, l, &at); err != nil {
		return nil, err
	}
	zone := src.Options.Location
	return table.Open(src, l, func(in *flow.Interner) table.Row {
		return &row{at: &at, intern: in, clock: parse.Clock{Zone: zone}, blanks: l.Sep == table.Blanks}
	})
}

// describe tells what the input carries, and refuses one without dates.
func describe(src *flow.Source, l *table.Layout, at *layout) error {
	src.Mapping = l.Explain("argus")
	src.Fields = l.Fields()
	if at.sport >= 0 {
		src.Fields |= flow.HasICMP
	}
	derive := func(total, one int, has, other flow.Fields, name, from string) {
		if total >= 0 && one >= 0 && src.Fields&other == 0 {
			src.Fields |= other
			src.Mapping = append(src.Mapping, fmt.Sprintf("%s ← %s", name, from))
		}
		if src.Fields&(has|other) == 0 && total >= 0 {
			src.Note(fmt.Sprintf("%s is a total of both directions: how much each side sent is not known", l.Names[total]))
		}
	}
	derive(at.bytes, at.srcBytes, flow.HasSrcBytes, flow.HasDstBytes, "dst_bytes", "TotBytes − SrcBytes")
	derive(at.pkts, at.srcPkts, flow.HasSrcPkts, flow.HasDstPkts, "dst_pkts", "TotPkts − SrcPkts")
	if at.dir >= 0 {
		// A row that is turned round has the other side's fields.
		for _, both := range []flow.Fields{flow.HasSrcPort | flow.HasDstPort, flow.HasBytes, flow.HasPkts} {
			if src.Fields&both != 0 {
				src.Fields |= both
			}
		}
		src.Mapping = append(src.Mapping, fmt.Sprintf("Dir <- exchanges source and destination (column %d)", at.dir+1))
	}

	rows, dated, early, pairs, states := 0, 0, 0, 0, 0
	l.Sample(func(cells []string) bool {
		rows++
		var c parse.Clock
		start := cells[at.start]
		if at.date >= 0 {
			start = cells[at.date] + " " + start
		}
		if t, err := c.Parse([]byte(start)); err == nil {
			dated++
			if t < 86400*365*flow.Second {
				early++
			}
		}
		switch cells[at.proto] {
		case "rtp", "rtcp", "udt":
			src.Fields |= flow.HasService
		}
		if at.state >= 0 && cells[at.state] != "" && cells[at.proto] == "tcp" {
			states++
			if _, _, ok := halves([]byte(cells[at.state])); ok {
				pairs++
			}
		}
		return rows < 200
	})
	if rows > 0 && dated == 0 {
		return errors.New("StartTime carries no date, and no detector can place such rows: " +
			`print it with one (ra -u, or RA_TIME_FORMAT="%Y/%m/%d %T.%f")`)
	}
	if at.state >= 0 { // any row may have them there
		src.Fields |= flow.HasFlags
	}
	if pairs < states {
		src.Note("states of TCP are words (CON, REQ, RST …): they tell less than the flags of each side")
	}
	if early > 0 {
		src.Note("times begin at 1970: the capture counts from its own start")
	}
	table.LocalTime(src, "StartTime")
	return nil
}
