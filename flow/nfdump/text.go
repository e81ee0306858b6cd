package nfdump

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

//go:embed text.md
var textDoc string

const textFields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort |
	flow.HasSrcBytes | flow.HasSrcPkts | flow.HasFlags | flow.HasICMP | flow.HasLabel

// Text describes what nfdump prints for people to read.
func Text() *flow.Format {
	return &flow.Format{
		Name:   "nfdump-text",
		Title:  "nfdump -o line, long and extended: text in columns of blanks",
		Doc:    textDoc,
		Ext:    []string{".txt", ".netflow"},
		Fields: textFields,
		Stitch: stitching,
		Match:  matchText,
		Open:   openText,
	}
}

// The columns behind the addresses, in no order of their own.
const (
	textFlags = iota
	textPkts
	textBytes
	textFlows
	textLabel
	textOther
)

var textColumns = map[string]int{
	"Flags": textFlags, "Tos": textOther, "Packets": textPkts, "Bytes": textBytes, "pps": textOther, "bps": textOther, "Bpp": textOther,
	"Flows": textFlows, "Label": textLabel, "Labels": textLabel,
}

var (
	errBiline = errors.New("nfdump printed this text with columns that cannot be read (as -o biline or of firewall events): " +
		"\"nfdump -r FILE -o json\" prints all there is")
	errArrow    = errors.New("no -> between the addresses")
	errShort    = errors.New("columns are missing")
	errDuration = errors.New("not a duration")
)

// headings are how the line that names the columns begins; the last is that of
// events, which cannot be read.
var headings = []string{"Date first seen ", "Date flow start ", "Event time "}

// heading finds the line that names the columns, and what stands behind the
// addresses; -1 is where a column is not there.
func heading(head []byte) (at [textOther]int, n int, found bool, err error) {
	if bytes.IndexByte(head, 0) >= 0 {
		return at, 0, false, nil
	}
	for i, line := range table.Lines(head) {
		if i == 20 {
			break
		}
		words := strings.Join(strings.Fields(string(line)), " ")
		if !slices.ContainsFunc(headings, func(h string) bool { return strings.HasPrefix(words, h) }) {
			continue
		}
		_, rest, ok := strings.Cut(words, "Dst IP Addr:Port")
		if !ok || !strings.Contains(words, "Src IP Addr:Port") {
			continue
		}
		for c := range at {
			at[c] = -1
		}
		names := strings.Fields(rest)
		for i, name := range names {
			c, ok := textColumns[name]
			switch {
			case !ok:
				return at, 0, true, errBiline
			case c != textOther:
				at[c] = i
			}
		}
		if strings.Contains(words, "Event") {
			err = errBiline
		}
		return at, len(names), true, err
	}
	return at, 0, false, nil
}

func matchText(head []byte) (int, string) {
	if _, _, found, _ := heading(head); found {
		return 95, ""
	}
	return 0, "no heading with Date first seen, Src IP Addr:Port and Dst IP Addr:Port"
}

func openText(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	at, n, found, err := heading(head)
	switch {
	case err != nil:
		return nil, err
	case !found:
		return nil, errors.New("no heading of nfdump")
	}
	newDecoder := func(in *flow.Interner) lines.Decoder {
		d := &textDecoder{at: at, behind: n, cells: table.NewCells(maxTextCells), intern: in}
		d.clock.Zone = src.Options.Location
		return d
	}
	src.Fields = textFields
	src.Mapping = []string{"nfdump text: a row for each direction", "ts        ← Date first seen", "duration  ← Duration", "protocol  ← Proto",
		"src_ip, src_port ← Src IP Addr:Port", "dst_ip, dst_port ← Dst IP Addr:Port"}
	for c, line := range []struct {
		has  flow.Fields
		text string
	}{
		{flow.HasFlags, "src_flags ← Flags"}, {flow.HasSrcPkts, "src_pkts  ← Packets"}, {flow.HasSrcBytes, "src_bytes ← Bytes"},
		{0, "not used: Flows"}, {flow.HasLabel, "label     ← Label"},
	} {
		if at[c] < 0 {
			src.Fields &^= line.has
		} else {
			src.Mapping = append(src.Mapping, line.text)
		}
	}
	src.Stitch = stitching
	table.LocalTime(src, "Date first seen")
	var p table.Pairing
	d := newDecoder(flow.NewInterner(flow.NewSymbols())).(*textDecoder)
	for _, line := range table.Lines(head) {
		var r flow.Record
		padded := append(slices.Clone(line), make([]byte, lines.Pad)...)
		if d.Decode(padded[:len(line)], &r) != nil {
			continue
		}
		p.Add(&r)
		if v, ok := table.Number(d.column(textFlows)); ok && v > 1 {
			src.Note("some rows stand for several flows (Flows above 1): their times and counts are not those of connections")
		}
	}
	if p.OneSided() {
		src.Stitch.Silence = false
		src.Note(table.OneSided)
	}
	negative := new(atomic.Uint64)
	r, err := lines.Open(src, func(in *flow.Interner) lines.Decoder {
		d := newDecoder(in).(*textDecoder)
		d.negative = negative
		return d
	})
	if err != nil {
		return nil, err
	}
	return r.OnEnd(func() { columns.NoteNegative(src, negative.Load()) }), nil
}

// maxTextCells is more than any of the layouts has, with a unit behind each
// number.
const maxTextCells = 32

type textDecoder struct {
	at     [textOther]int
	behind int // columns behind the addresses
	cells  *table.Cells
	clock  parse.Clock
	intern *flow.Interner
	from   [maxTextCells]int // first and last cell of each column behind the addresses
	to     [maxTextCells]int

	negative *atomic.Uint64 // durations, over all decoders; nil while the head is looked at
}

// column is the text of a column behind the addresses.
func (d *textDecoder) column(c int) []byte {
	if i := d.at[c]; i >= 0 {
		return d.cells.Span(d.from[i], d.to[i])
	}
	return nil
}

// noRows are the beginnings of lines that are no rows.
var noRows = [][]byte{[]byte("Date "), []byte("Summary"), []byte("Time window"), []byte("Total flows"), []byte("Sys:"),
	[]byte("No matching"), []byte("Aggregated"), []byte("Top "), []byte("#")}

// Decode implements lines.Decoder.
func (d *textDecoder) Decode(line []byte, r *flow.Record) error {
	*r = flow.Record{Proto: flow.ProtoUnknown}
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	c := d.cells
	n, _ := c.Cut(line, table.Blanks)
	if n < 7 {
		return d.skip(line, errShort)
	}
	if err := table.Start(c.Span(0, 1), &d.clock, r); err != nil {
		return d.skip(line, err)
	}
	i := 2 // of the duration
	if err := lasting(c, &i, r); err != nil {
		return err
	}
	if n < i+4 {
		return errShort
	}
	table.Proto(c.Get(i), r)
	if string(c.Get(i+2)) != "->" {
		return errArrow
	}
	src, sport := split(c.Get(i + 1))
	dst, dport := split(c.Get(i + 3))
	if err := table.Addrs(src, dst, r); err != nil {
		return err
	}
	if err := table.NetFlowPorts(sport, dport, r); err != nil {
		return err
	}
	if r.Duration < 0 {
		r.Duration = 0
		if d.negative != nil {
			d.negative.Add(1)
		}
	}
	return d.rest(i+4, n, r)
}

// rest reads the columns behind the addresses. A number may have a unit as a
// cell of its own: 1.4 M.
func (d *textDecoder) rest(i, n int, r *flow.Record) error {
	for k := range d.behind {
		if i >= n || k >= maxTextCells {
			return errShort
		}
		d.from[k], d.to[k] = i, i
		if u := d.cells.Get(i + 1); len(u) == 1 && bytes.IndexByte([]byte("KMGT"), u[0]) >= 0 && k != d.at[textFlags] {
			i++
			d.to[k] = i
		}
		i++
	}
	if i < n && d.at[textLabel] < 0 {
		return fmt.Errorf("%d columns more than the heading names", n-i)
	}
	table.Flags(d.column(textFlags), r)
	table.Count(d.column(textPkts), r, &r.SrcPkts, flow.HasSrcPkts)
	table.Count(d.column(textBytes), r, &r.SrcBytes, flow.HasSrcBytes)
	if l := d.column(textLabel); !parse.Unset(l) {
		r.Label = d.intern.Symbol(l)
		r.Has |= flow.HasLabel
	}
	return nil
}

func (d *textDecoder) skip(line []byte, err error) error {
	line = parse.Trim(line)
	for _, p := range noRows {
		if bytes.HasPrefix(line, p) {
			return lines.ErrSkip
		}
	}
	if len(line) == 0 {
		return lines.ErrSkip
	}
	return err
}
