package analyzer

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"seine/flow"
)

// ErrInput marks errors of the input: a file that cannot be read, nothing
// recognised, too many bad rows.
var ErrInput = errors.New("input")

type inputError struct{ err error }

func (e *inputError) Error() string        { return e.err.Error() }
func (e *inputError) Unwrap() error        { return e.err }
func (e *inputError) Is(target error) bool { return target == ErrInput }

// A loan is a batch on its way, with where it comes from. The last to be
// done with it gives it back.
type loan struct {
	batch   *flow.Batch
	name    string      // of the input that the rows came from, or of the last of several
	fields  flow.Fields // what they carry
	settled bool        // each row knows its place already
	left    atomic.Int32
}

func (l *loan) done() {
	if l.left.Add(-1) == 0 {
		l.batch.Free()
	}
}

// input reads the sources: those of the same hours side by side, the others
// one after the other.
type input struct {
	Intake
	ended    chan struct{} // closed when its goroutine is done
	errs     []error
	bad      uint64 // of the sources done with
	rows     uint64
	filtered uint64
	ignored  uint64
	opened   int

	feeds []*feed // open, by their number
	seams []*seam
	out   gathering
	spare chan *flow.Batch

	crowded *flow.Source // waits though it is its turn
	tooMany bool         // bad rows

	loans chan<- *loan
	stop  <-chan struct{}

	mu    sync.Mutex
	files []readFile
}

// A readFile is a source done with.
type readFile struct {
	file uint32
	FileSummary
}

func newInput(in Intake) *input {
	return &input{Intake: in.withDefaults(), ended: make(chan struct{}), spare: make(chan *flow.Batch, 64)}
}

// grace is how long an interrupted run waits for a read under way.
const grace = 200 * time.Millisecond

// summaries are those of the files done with. After an interruption the
// goroutine may still be waiting for a slow pipe; it is left behind.
func (in *input) summaries() []FileSummary {
	select {
	case <-in.ended:
	case <-time.After(grace):
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	return inOrder(in.files)
}

// inOrder are the files in the order of their numbers.
func inOrder(files []readFile) []FileSummary {
	files = slices.Clone(files)
	slices.SortFunc(files, func(a, b readFile) int { return cmp.Compare(a.file, b.file) })
	var all []FileSummary
	for _, f := range files {
		all = append(all, f.FileSummary)
	}
	return all
}

// send hands on a batch of which only the rows that are wanted are left. It
// reports whether the run goes on.
func (in *input) send(l *loan) bool {
	if in.selects() {
		if !l.settled {
			l.batch.Settle()
		}
		all := len(l.batch.Rows)
		var ignored uint64
		l.batch.Rows, ignored = in.Select.choose(l.batch.Rows)
		in.ignored += ignored
		in.filtered += uint64(all-len(l.batch.Rows)) - ignored
		if len(l.batch.Rows) == 0 {
			l.batch.Free()
			return true
		}
	}
	select {
	case in.loans <- l:
		return true
	case <-in.stop:
		return false
	}
}

// record keeps what became of a source.
func (in *input) record(src *flow.Source, err error) {
	f := FileSummary{
		Name: src.Name, Packing: src.Packing(), Rows: src.Rows, Bad: src.Bad, Skipped: src.Skipped,
		BadRows: src.BadRows, Notes: src.Notes,
	}
	if src.Format != nil {
		f.Format = src.Format.Name
	}
	if err != nil {
		f.Error = err.Error()
		switch {
		case src.Optional && (errors.Is(err, flow.ErrUnrecognised) || errors.Is(err, flow.ErrEmpty)):
			f.Ignored = true
		case errors.Is(err, flow.ErrEmpty): // no fault beside inputs that have flows
		default:
			in.errs = append(in.errs, fmt.Errorf("%s: %w", src.Name, err))
		}
	}
	if err := src.Close(); err != nil && f.Error == "" {
		f.Error = err.Error()
	}
	in.bad += src.Bad
	in.rows += src.Rows
	in.mu.Lock()
	in.files = append(in.files, readFile{src.File, f})
	in.mu.Unlock()
}

var errTooManyBad = errors.New("too many bad rows (--max-bad-rows)")

// open finds the format of src and opens a reader on it. A panic on the bytes
// of an input is an error of that input.
func open(src *flow.Source, forced *flow.Format, formats []*flow.Format) (r flow.Reader, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("reader failed: %v", v)
		}
	}()
	f := forced
	if f != nil && src.Optional { // nobody vouches for each file of a directory
		formats = []*flow.Format{f}
	}
	if f == nil || src.Optional {
		if f, err = flow.Detect(formats, src); err != nil {
			return openMapped(src, formats, err)
		}
	}
	src.Stitch = f.Stitch
	r, err = f.Open(src)
	if err == nil {
		src.Format = f
	}
	return r, err
}

// openMapped tries the formats of any columns on a source that none matches:
// the columns that the user named may be what was missing. So it is with the
// names of columns that have no header, for the one format that was forced.
// It returns unmatched if not.
func openMapped(src *flow.Source, formats []*flow.Format, unmatched error) (flow.Reader, error) {
	named := len(src.Options.Columns) > 0 && len(formats) == 1
	if (len(src.Options.Map) > 0 || named) && errors.Is(unmatched, flow.ErrUnrecognised) {
		for _, f := range formats {
			if !f.Mapped && !named {
				continue
			}
			src.Stitch = f.Stitch
			r, err := f.Open(src)
			if err == nil {
				src.Format = f
				return r, nil
			}
			unmatched = fmt.Errorf("%w; %s with the columns named: %w", unmatched, f.Name, err)
		}
	}
	return nil, unmatched
}

// Open is the reader of one source, its format found among formats unless
// forced names it.
func Open(src *flow.Source, forced *flow.Format, formats []*flow.Format) (flow.Reader, error) {
	return open(src, forced, formats)
}

// verdict judges the whole input.
func (in *input) verdict() error {
	errs := in.errs
	switch {
	case in.MaxBad.Exceeded(in.bad, in.rows, true) && !errors.Is(errors.Join(errs...), errTooManyBad):
		errs = append(errs, fmt.Errorf("%d of %d rows are bad: %w", in.bad, in.bad+in.rows, errTooManyBad))
	case in.rows == 0 && in.bad > 0:
		errs = append(errs, fmt.Errorf("no row could be read: %d bad rows%s", in.bad, firstBad(inOrder(in.files))))
	case in.rows == 0 && in.opened == 0 && len(errs) == 0:
		errs = append(errs, fmt.Errorf("no flow data in %s", tried(inOrder(in.files))))
	}
	if len(errs) == 0 {
		return nil
	}
	return &inputError{errors.Join(errs...)}
}

func firstBad(files []FileSummary) string {
	for _, f := range files {
		if len(f.BadRows) > 0 {
			return fmt.Sprintf("; the first is %s:%d: %s", f.Name, f.BadRows[0].Row, f.BadRows[0].Reason)
		}
	}
	return ""
}

// tried tells which files were looked at, and why the first was refused.
func tried(files []FileSummary) string {
	switch len(files) {
	case 0:
		return "the inputs given: they name no file"
	case 1:
		return fmt.Sprintf("%s: %s", files[0].Name, files[0].Error)
	}
	return fmt.Sprintf("%d files; the first is %s: %s", len(files), files[0].Name, files[0].Error)
}

// asLender makes a Lender of any Reader, with batches of its own.
func asLender(r flow.Reader, src *flow.Source, rows int) flow.Lender {
	if l, ok := r.(flow.Lender); ok {
		return l
	}
	l := &lending{Reader: r, src: src, rows: rows, free: make(chan *flow.Batch, 64)}
	return l
}

type lending struct {
	flow.Reader
	src  *flow.Source
	rows int
	free chan *flow.Batch
	err  error
}

// Lend implements flow.Lender.
func (l *lending) Lend() (*flow.Batch, error) {
	if l.err != nil {
		return nil, l.err
	}
	var b *flow.Batch
	select {
	case b = <-l.free:
	default:
		b = &flow.Batch{Rows: make([]flow.Record, l.rows)}
		b.Release = func(b *flow.Batch) {
			select {
			case l.free <- b:
			default:
			}
		}
	}
	n, err := l.Read(b.Rows[:cap(b.Rows)])
	b.Rows, b.File, b.Base, b.Bytes = b.Rows[:n], l.src.File, 0, l.src.Consumed()
	if err != nil {
		l.err = err
		if n == 0 {
			return nil, err
		}
	}
	return b, nil
}
