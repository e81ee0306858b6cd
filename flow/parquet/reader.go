package parquet

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"

	"github.com/apache/arrow/go/v17/parquet/metadata"

	"seine/flow"
	"seine/flow/internal/columns"
)

var errClosed = errors.New("reader is closed")

// spareBatches is how many batches are under way beside those at the stages.
const spareBatches = 6

// A reader is a flow.Lender over a Parquet file. One goroutine cuts the file
// into batches, and a batch passes through the stages in turn, each of which
// decodes some of the columns: its records are written by one goroutine at a
// time, and come out in their order.
type reader struct {
	src      *flow.Source
	meta     *metadata.FileMetaData
	stages   []*stage
	free     chan *batch // every channel of batches has room for all
	done     chan *batch
	failed   atomic.Bool
	quit     chan struct{}
	running  atomic.Int32
	stopped  chan struct{} // closed when the last goroutine ends
	patience time.Duration
	pulse    atomic.Uint64 // counts reads and columns done
	skip     []bool        // row groups that are not wanted
	aws      *awsLog
	negative uint64 // durations so far, which became 0

	timer *time.Timer
	stuck bool
	end   error // met behind the last batch
	cur   *flow.Batch
	at    int
}

func newReader(src *flow.Source, meta *metadata.FileMetaData, in *input, t *tableColumns, patience time.Duration) *reader {
	cols := t.bound
	parts := share(meta, cols, src.Options.Workers)
	slots := len(parts) + spareBatches
	r := &reader{
		skip: t.outside, aws: t.aws,
		src: src, meta: meta, patience: patience, timer: time.NewTimer(patience),
		free: make(chan *batch, slots), quit: make(chan struct{}), stopped: make(chan struct{}),
	}
	in.pulse = func() { r.pulse.Add(1) }
	for range slots {
		b := newBatch(src.Options.Symbols, t)
		b.lent.File = src.File
		b.lent.Release = func(*flow.Batch) { r.free <- b }
		r.free <- b
	}
	start := make(chan *batch, slots)
	r.done = start
	for i, part := range parts {
		s := &stage{r: r, cols: part, in: r.done, out: make(chan *batch, slots), first: i == 0, last: i == len(parts)-1}
		r.stages, r.done = append(r.stages, s), s.out
	}
	r.running.Store(int32(len(parts)) + 1)
	go r.cut(start)
	for _, s := range r.stages {
		go s.run()
	}
	return r
}

// ended notes that a goroutine ends.
func (r *reader) ended() {
	if r.running.Add(-1) == 0 {
		close(r.stopped)
	}
}

// cut hands out the rows of the file, a batch at a time.
func (r *reader) cut(out chan<- *batch) {
	defer r.ended()
	defer close(out)
	row := uint64(0)
	for g, group := range r.meta.RowGroups {
		if r.skip != nil && r.skip[g] {
			row += uint64(group.NumRows)
			continue
		}
		for at := int64(0); at < group.NumRows; at += batchRows {
			var b *batch
			select {
			case b = <-r.free:
			case <-r.quit:
				return
			}
			if r.failed.Load() {
				return
			}
			n := min(group.NumRows-at, batchRows)
			b.start(int(n))
			b.group, b.opens, b.base = g, at == 0, row
			out <- b
			row += uint64(n)
		}
	}
}

// Lend implements flow.Lender.
func (r *reader) Lend() (*flow.Batch, error) {
	for {
		if r.end != nil {
			return nil, r.end
		}
		b, err := r.await()
		if err != nil {
			if r.end = err; r.aws != nil {
				r.aws.note(r.src)
			}
			columns.NoteNegative(r.src, r.negative)
			return nil, err
		}
		if r.aws != nil {
			r.aws.count(r.src, b)
		}
		r.negative += b.negative
		b.intern.Resolve(b.rows)
		for _, x := range b.reasons {
			r.src.Report(b.base+x.Row, x.Reason)
		}
		r.src.Bad += b.badRows - uint64(len(b.reasons))
		r.src.Rows += uint64(len(b.rows))
		r.end = b.err
		if len(b.rows) == 0 {
			r.free <- b
			continue
		}
		b.lent.Rows, b.lent.Base, b.lent.Bytes = b.rows, b.base, r.src.Consumed()
		return &b.lent, nil
	}
}

// await takes the next batch from the last stage. Where none comes and no
// stage gets any further, one of them loops over damaged bytes: a goroutine
// cannot be ended from outside, so it is left behind.
func (r *reader) await() (*batch, error) {
	select {
	case b, ok := <-r.done:
		return r.taken(b, ok)
	case <-r.quit:
		return nil, errClosed
	default:
	}
	seen := r.pulse.Load()
	r.timer.Reset(r.patience)
	defer r.timer.Stop()
	for {
		select {
		case b, ok := <-r.done:
			return r.taken(b, ok)
		case <-r.quit:
			return nil, errClosed
		case <-r.timer.C:
		}
		if now := r.pulse.Load(); now != seen {
			seen = now
		} else if where := r.busy(); where != "" {
			r.stuck = true
			r.shut()
			return nil, fmt.Errorf("no progress for %v in %s: file is damaged", r.patience, where)
		}
		r.timer.Reset(r.patience)
	}
}

func (r *reader) taken(b *batch, ok bool) (*batch, error) {
	if ok {
		return b, nil
	}
	select {
	case <-r.quit:
		return nil, errClosed
	default:
		return nil, io.EOF
	}
}

// busy tells what the first stage at work is working on.
func (r *reader) busy() string {
	for _, s := range r.stages {
		if at := s.place.Load(); at != nil {
			return at.String()
		}
	}
	return ""
}

// Read implements flow.Reader.
func (r *reader) Read(dst []flow.Record) (int, error) {
	return flow.ReadLender(r, &r.cur, &r.at, dst)
}

func (r *reader) shut() {
	select {
	case <-r.quit:
	default:
		close(r.quit)
	}
}

// Close stops the goroutines and waits for them, but for one that is stuck.
// Batches still lent stay valid.
func (r *reader) Close() error {
	r.shut()
	if r.stuck {
		return nil
	}
	select {
	case <-r.stopped:
	case <-time.After(r.patience):
	}
	return nil
}
