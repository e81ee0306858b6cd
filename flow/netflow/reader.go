package netflow

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"seine/flow"
	"seine/flow/internal/packet"
)

// A reader hands on the records of an origin.
type reader struct {
	src *flow.Source
	in  origin
	d   *decoder
	row uint64
	end error

	datagram datagram
}

func newReader(src *flow.Source, in io.Reader) (*reader, error) {
	r := &reader{src: src, d: newDecoder(src)}
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	if !packet.Is(head) {
		r.in = openFile(in)
		return r, nil
	}
	r.in, err = openCapture(src, &r.d.seen, in)
	return r, err
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	if !packet.Is(head) {
		if p, _, _ := measure(head); p == sflow5 {
			return nil, errNoClock
		} else if p == noProtocol {
			return nil, errors.New("neither a capture nor a file of NetFlow v5, v9 or IPFIX")
		}
	}
	stream, err := src.Reader()
	if err != nil {
		return nil, err
	}
	r, err := newReader(src, stream)
	if err != nil {
		return nil, err
	}
	if err := r.survey(head); err != nil {
		return nil, err
	}
	src.Mapping = mapping
	return r, nil
}

// surveyed is how much of an input is looked at ahead, in bytes.
const surveyed = 8 << 20

// survey reads the beginning of the input ahead: which fields there are,
// whether traffic was sampled and at what rate, which exporters tell only
// every now and then, and whether records may be there twice.
func (r *reader) survey(head []byte) error {
	src, whole := r.src.Reopen(), true
	if src == nil {
		whole = len(head) < flow.HeadSize
		src = flow.BytesSource(r.src.Name, head, &flow.Options{Symbols: flow.NewSymbols()})
	}
	defer src.Close()
	in, err := src.Reader()
	if err != nil {
		return nil // the reading meets it too
	}
	limited := &io.LimitedReader{R: in, N: surveyed}
	s, err := newReader(src, limited)
	if err != nil {
		return nil
	}
	_, err = flow.ReadAll(discard{s})
	if err != nil && whole && limited.N > 0 {
		return err
	}
	r.src.Fields = src.Fields | flow.HasStart | flow.HasAddrs
	if src.Rows == 0 || src.Fields&flow.HasDuration != 0 { // else sFlow, where each record is one packet
		r.src.Fields |= usual
	}
	stitch := Format().Stitch
	seen := &s.d.seen
	stitch.Silence = seen.sampled == 0 && seen.rates == 0
	exporters := map[flow.Addr]bool{}
	r.d.learned = map[domainKey]*samplers{}
	for key, dom := range s.d.domains {
		exporters[key.from] = true
		r.d.learned[key] = &dom.samplers
	}
	for from := range s.d.legacy {
		exporters[from] = true
	}
	stitch.Copies = seen.twice || len(exporters) > 1
	r.src.Stitch = stitch
	return nil
}

// discard reads into one small batch.
type discard struct{ r *reader }

// Read implements flow.Reader; it hands on nothing.
func (d discard) Read([]flow.Record) (int, error) {
	var buf [256]flow.Record
	_, err := d.r.Read(buf[:])
	return 0, err
}

// Read implements flow.Reader.
func (r *reader) Read(dst []flow.Record) (n int, err error) {
	for {
		k := r.d.out.read(dst[n:])
		for i := range k {
			rec := &dst[n+i]
			r.row++
			rec.Row, rec.File = r.row, r.src.File
			r.src.Fields |= rec.Has
		}
		n += k
		r.src.Rows += uint64(k)
		switch {
		case n == len(dst):
			return n, nil
		case r.end != nil && n > 0:
			return n, nil
		case r.end != nil:
			return 0, r.end
		}
		r.fill()
	}
}

// fill decodes the next datagram, or comes to the end.
func (r *reader) fill() {
	g := &r.datagram
	switch err := r.in.next(g); {
	case err == io.EOF:
		r.finish()
	case err != nil:
		r.d.giveUpAll()
		r.end = err
	default:
		r.decode(g)
	}
}

// decode decodes a datagram. A panic costs that datagram.
func (r *reader) decode(g *datagram) {
	defer func() {
		if p := recover(); p != nil {
			r.src.Report(g.number, fmt.Sprintf("the decoder failed: %v", p))
		}
	}()
	if err := r.d.datagram(g); err != nil {
		r.src.Report(g.number, r.reason(g, err))
	}
	r.d.relieve()
}

// reason names the datagram, which is not what rows are counted by.
func (r *reader) reason(g *datagram, err error) string {
	var b bytes.Buffer
	fmt.Fprintf(&b, "%s %d", r.in.unit(), g.number)
	if p := claims(g.data); p != noProtocol {
		fmt.Fprintf(&b, ", %v", p)
	}
	if g.seen {
		fmt.Fprintf(&b, " from %v", g.from)
	}
	fmt.Fprintf(&b, ": %v", err)
	return b.String()
}

// errNoTemplates is the error of an input of which nothing could be read.
var errNoTemplates = errors.New("no template came for any of the data: exporters repeat them every few minutes, " +
	"so capture for longer, or give the files of one capture as one")

func (r *reader) finish() {
	r.d.giveUpAll()
	r.end = io.EOF
	if r.d.seen.lost.sets > 0 && r.row == 0 && len(r.d.out.rows) == 0 {
		r.end = errNoTemplates
	}
	r.d.seen.note(r.src, r.row+uint64(len(r.d.out.rows)))
	if r.end == io.EOF && r.row == 0 && len(r.d.out.rows) == 0 {
		r.src.Note("the input holds no record of a flow, only templates, options or what is told below")
	}
}
