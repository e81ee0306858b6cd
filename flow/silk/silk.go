// Package silk reads the text that rwcut of SiLK prints.
package silk

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

// Format describes the text of rwcut.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "silk",
		Title:  "SiLK rwcut text, by bars or another delimiter",
		Doc:    doc,
		Ext:    []string{".txt"},
		Fields: fields,
		Stitch: stitching,
		Match:  match,
		Open:   open,
	}
}

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts | flow.HasFlags | flow.HasICMP

// stitching is how the records relate to connections. What rwfilter selects is
// as a rule one direction (--type=in,inweb): a half alone proves nothing, unless
// both are seen to be there.
var stitching = flow.Stitching{Pieces: true, Halves: true, Auto: true}

// standard are the columns that rwcut prints unless told otherwise; the last
// one is what stands behind the final bar.
var standard = strings.Split("sIP|dIP|sPort|dPort|pro|packets|bytes|flags|sTime|duration|eTime|sensor|", "|")

var errNoTime = errors.New("this rwcut text has no sTime column: without times no detector can work; " +
	"rwcut --fields=sIP,dIP,sPort,dPort,protocol,packets,bytes,flags,sTime,duration prints one")

func match(head []byte) (int, string) {
	l, err := find(head)
	switch {
	case err != nil:
		return 92, "" // certainly ours; open tells why it cannot be read
	case l == nil:
		return 0, "no header with sIP, dIP and sTime, and no row of the twelve columns of rwcut"
	}
	return 95, ""
}

// find finds the layout of the text that starts with head, or nil.
func find(head []byte) (*table.Layout, error) {
	timed := false
	l := table.Find(head, "|,\t;", func(l *table.Layout) bool {
		timed = l.Column("sTime", "sTime+msec") >= 0
		named := false // the spelling counts: sip and dip are names that anyone could give
		for _, n := range l.Names {
			named = named || n == "sIP"
		}
		return named && l.Has("sIP", "dIP") && (timed || l.Column("pro", "protocol", "packets") >= 0)
	})
	if l != nil {
		if !timed {
			return nil, errNoTime
		}
		return l, nil
	}
	rows := table.Lines(head)
	for i, row := range rows {
		if i == 20 {
			break
		}
		for _, sep := range []byte("|,") {
			cells := table.SplitAll(row, sep)
			for _, names := range [][]string{standard, standard[:12]} {
				if len(cells) == len(names) && isRow(cells) {
					l := table.New(sep, names)
					l.Rows = rows
					return l, nil
				}
			}
		}
	}
	return nil, nil
}

// isRow reports whether cells are a row of the standard columns.
func isRow(cells []string) bool {
	_, err1 := flow.ParseAddr([]byte(cells[0]))
	_, err2 := flow.ParseAddr([]byte(cells[1]))
	_, err3 := parse.Uint([]byte(cells[4]))
	return errors.Join(err1, err2, err3) == nil && len(cells[8]) >= 19 && cells[8][10] == 'T' && cells[8][4] == '/'
}

// layout tells which column carries what; -1 stands for none.
type layout struct {
	start, end, dur, proto, src, sport, dst, dport, flags int
	bytes, pkts, icmpType, icmpCode                       int
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
		return nil, errors.New("no header and no row of rwcut")
	}
	at := layout{
		start: l.Use(columns.Start, "sTime", "sTime+msec"), end: l.Use(columns.End, "eTime", "eTime+msec"),
		dur:   l.Use(columns.Duration, "duration", "dur", "duration+msec", "dur+msec"),
		proto: l.Use(columns.Proto, "protocol", "pro"),
		src:   l.Use(columns.SrcIP, "sIP"), sport: l.Use(columns.SrcPort, "sPort"),
		dst: l.Use(columns.DstIP, "dIP"), dport: l.Use(columns.DstPort, "dPort"),
		flags: l.Use(columns.SrcFlags, "flags"), bytes: l.Use(columns.SrcBytes, "bytes"),
		pkts:     l.Use(columns.SrcPkts, "packets", "pkts"),
		icmpType: l.Use(columns.ICMPType, "iType", "iTy"), icmpCode: l.Use(columns.ICMPCode, "iCode", "iCo"),
	}
	src.Mapping = l.Explain("silk")
	src.Fields = l.Fields() & fields
	if at.dport >= 0 {
		src.Fields |= flow.HasICMP
	}
	var p table.Pairing
	l.Records(&row{at: &at}, p.Add)
	src.Stitch = stitching
	src.Stitch.Silence = p.Both()
	return table.Open(src, l, func(in *flow.Interner) table.Row { return &row{at: &at} })
}

// row decodes rows of one layout. Times are UTC, which is what rwcut prints.
type row struct {
	at         *layout
	start, end clock
}

// Fill implements table.Row.
func (d *row) Fill(c *table.Cells, r *flow.Record) error {
	at := d.at
	start := parse.Trim(c.Get(at.start))
	t, err := d.start.parse(start)
	if err != nil {
		return table.Fail(columns.Start, start, err)
	}
	r.Start = t
	r.Has |= flow.HasStart
	if err := table.Addrs(c.Get(at.src), c.Get(at.dst), r); err != nil {
		return err
	}
	table.Proto(c.Get(at.proto), r)
	if err := table.NetFlowPorts(c.Get(at.sport), c.Get(at.dport), r); err != nil {
		return err
	}
	if at.icmpType >= 0 && at.icmpCode >= 0 && table.ICMP(r) {
		typ, ok1 := table.Number(parse.Trim(c.Get(at.icmpType)))
		code, ok2 := table.Number(parse.Trim(c.Get(at.icmpCode)))
		if ok1 && ok2 && typ < 256 && code < 256 {
			table.SetICMP(r, uint8(typ), uint8(code))
		}
	}
	if table.Duration(c.Get(at.dur), parse.Seconds, r); r.Has&flow.HasDuration == 0 && at.end >= 0 {
		if end, err := d.end.parse(parse.Trim(c.Get(at.end))); err == nil {
			r.Duration = end.Sub(r.Start)
			r.Has |= flow.HasDuration
		}
	}
	table.Count(parse.Trim(c.Get(at.bytes)), r, &r.SrcBytes, flow.HasSrcBytes)
	table.Count(parse.Trim(c.Get(at.pkts)), r, &r.SrcPkts, flow.HasSrcPkts)
	table.Flags(c.Get(at.flags), r)
	return nil
}

// A clock reads 2026/03/10T09:00:00.123, or seconds since 1970.
type clock struct {
	parse.Clock
	buf [32]byte
}

// parse puts a blank for the T: the clock is fast with that.
func (c *clock) parse(v []byte) (flow.Time, error) {
	if len(v) < 19 || len(v) > len(c.buf) || v[10] != 'T' {
		return c.Parse(v)
	}
	n := copy(c.buf[:], v)
	c.buf[10] = ' '
	return c.Parse(c.buf[:n])
}
