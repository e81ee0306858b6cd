package nfcapd

import (
	"io"

	"seine/flow"
)

// A reader is a flow.Lender over what the program prints. The rows are counted
// in the source of its text; what was found out is carried over to the source
// that the user named.
type reader struct {
	src, text *flow.Source
	rows      flow.Lender
	child     *child

	cur *flow.Batch
	at  int
}

func newReader(src, text *flow.Source, rows flow.Reader, c *child) *reader {
	return &reader{src: src, text: text, rows: rows.(flow.Lender), child: c}
}

// Lend implements flow.Lender.
func (r *reader) Lend() (*flow.Batch, error) {
	b, err := r.rows.Lend()
	r.src.Rows, r.src.Bad, r.src.Skipped, r.src.BadRows = r.text.Rows, r.text.Bad, r.text.Skipped, r.text.BadRows
	for _, n := range r.text.Notes {
		r.src.Note(n)
	}
	if err == io.EOF {
		if bad := r.child.wait(); bad != nil {
			return nil, bad
		}
		if !r.child.said.empty() {
			r.src.Note("nfdump said: " + r.child.said.text())
		}
	}
	if b != nil {
		// How far the program has come in the file is not known.
		b.Bytes = r.src.Consumed()
	}
	return b, err
}

// Read implements flow.Reader.
func (r *reader) Read(dst []flow.Record) (int, error) {
	return flow.ReadLender(r, &r.cur, &r.at, dst)
}

// Close ends the program, if it has not ended by itself.
func (r *reader) Close() error {
	r.child.stop()
	if c, ok := r.rows.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
