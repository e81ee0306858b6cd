package lines

import (
	"io"

	"seine/flow"
)

// OnEnd wraps r so that done is called when the input has been read to its
// end, and before the reader says so: the moment for notes that sum up what
// the decoders have counted.
func (r *Reader) OnEnd(done func()) flow.Lender { return &finisher{r, done} }

type finisher struct {
	*Reader
	done func()
}

// Lend implements flow.Lender.
func (f *finisher) Lend() (*flow.Batch, error) {
	b, err := f.Reader.Lend()
	f.finish(err)
	return b, err
}

// Read implements flow.Reader.
func (f *finisher) Read(dst []flow.Record) (int, error) {
	n, err := f.Reader.Read(dst)
	f.finish(err)
	return n, err
}

func (f *finisher) finish(err error) {
	if err == io.EOF && f.done != nil {
		f.done()
		f.done = nil
	}
}
