package nfcapd

import (
	"bytes"
	"errors"
	"time"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

// The columns, in the order of columnTags.
const (
	first = iota
	last
	proto
	srcAddr
	srcPort
	dstAddr
	dstPort
	flags
	inPkts
	inBytes
	outPkts
	outBytes
	flows
)

var errNoTime = errors.New("no time of a first packet: an event, or the record has none")

// decode reads the lines of text, which the program has printed, and tells src
// what they carry.
func decode(src, text *flow.Source) (flow.Reader, error) {
	head, err := text.Head()
	if err != nil {
		return nil, err
	}
	l := table.New('|', columnTags)
	l.Rows = table.Lines(head)
	for f, name := range map[columns.Field]string{
		columns.Start: "ts", columns.End: "te", columns.Proto: "pr",
		columns.SrcIP: "sa", columns.SrcPort: "sp", columns.DstIP: "da", columns.DstPort: "dp",
		columns.SrcPkts: "ipkt", columns.SrcBytes: "ibyt",
	} {
		l.Use(f, name)
	}
	two, aggregated := false, false
	l.Sample(func(cells []string) bool {
		above := func(column int, n uint64) bool {
			v, ok := table.Number([]byte(cells[column]))
			return ok && v > n
		}
		both := above(outPkts, 0)
		two = two || both
		// One flow of each direction makes two.
		aggregated = aggregated || above(flows, 2) || above(flows, 1) && !both
		return true
	})
	if two {
		l.Use(columns.DstPkts, "opkt")
		l.Use(columns.DstBytes, "obyt")
		src.Stitch = Format().Stitch
		src.Stitch.Halves = false
	} else {
		l.Use(columns.SrcFlags, "flg")
		var p table.Pairing
		if l.Records(&row{}, p.Add); p.OneSided() {
			src.Stitch = Format().Stitch
			src.Stitch.Silence = false
			src.Note(table.OneSided)
		}
	}
	if aggregated {
		src.Note("some records stand for several flows (nfdump -a): their times and counts are not those of connections")
	}
	src.Mapping = l.Explain("nfcapd, as nfdump prints it")
	src.Fields = (l.Fields() | flow.HasICMP) & fields
	return table.Open(text, l, func(*flow.Interner) table.Row {
		c := parse.Clock{Zone: time.UTC}
		return &row{two: two, start: c, end: c}
	})
}

// row decodes a line.
type row struct {
	two        bool // both directions are counted
	start, end parse.Clock
}

// Fill implements table.Row.
func (d *row) Fill(c *table.Cells, r *flow.Record) error {
	if err := table.Start(c.Get(first), &d.start, r); err != nil {
		return err
	}
	if r.Start == 0 {
		return errNoTime
	}
	if err := table.Addrs(c.Get(srcAddr), c.Get(dstAddr), r); err != nil {
		return err
	}
	table.Proto(c.Get(proto), r)
	if err := table.NetFlowPorts(c.Get(srcPort), c.Get(dstPort), r); err != nil {
		return err
	}
	if end, err := d.end.Parse(parse.Trim(c.Get(last))); err == nil && end != 0 {
		r.Duration = max(0, end-r.Start)
		r.Has |= flow.HasDuration
	}
	table.Count(c.Get(inPkts), r, &r.SrcPkts, flow.HasSrcPkts)
	table.Count(c.Get(inBytes), r, &r.SrcBytes, flow.HasSrcBytes)
	if !d.two {
		table.Flags(c.Get(flags), r)
		return nil
	}
	// Whose the flags are, once both directions are in one record, is not told.
	table.Count(c.Get(outPkts), r, &r.DstPkts, flow.HasDstPkts)
	table.Count(c.Get(outBytes), r, &r.DstBytes, flow.HasDstBytes)
	return nil
}

var nothing = []byte("No matching flows")

// Mend implements table.Mender: a file without records gives a line that says so.
func (d *row) Mend(line []byte, c *table.Cells) (bool, error) {
	if bytes.HasPrefix(line, nothing) {
		return false, lines.ErrSkip
	}
	return false, nil
}
