// Package lines decodes text inputs, a line a record, on several cores.
//
// One goroutine cuts the stream at newlines into chunks, several decode
// chunks, and whoever calls Lend gets them in the order of the input. A text
// format supplies a [Decoder] and nothing else: it sees one line at a time and
// knows nothing of chunks, cores or row numbers.
package lines

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"sync"

	"seine/flow"
)

// Pad is how many bytes behind a line a Decoder may read (not trust): lines
// are slices of a larger buffer, so that eight-byte loads need no checks.
const Pad = 96

// MaxLine is the longest line that is looked at, in bytes. A longer one is a
// bad row.
const MaxLine = 1 << 20

// maxText is room for the longest line and its newline.
const maxText = MaxLine + 1

// DefaultChunk is the size of a decoding job, in bytes of text: some 1,700
// rows of the nine-column CSV, whose records stay in a core's cache.
const DefaultChunk = 128 << 10

// ErrSkip is returned by a Decoder for a line that is no flow and no fault: a
// comment, a repeated header, another kind of event.
var ErrSkip = errors.New("not a flow")

// A Decoder turns one line, without its end, into a record. It writes *r
// whole. cap(line) exceeds len(line) by at least Pad. A Decoder is used by one
// goroutine at a time.
type Decoder interface {
	Decode(line []byte, r *flow.Record) error
}

// Open reads src from its first line. newDecoder is called once for each
// decoding job in flight; texts interned through in are numbered in row order.
func Open(src *flow.Source, newDecoder func(in *flow.Interner) Decoder) (*Reader, error) {
	return open(src, nil, newDecoder)
}

func open(src *flow.Source, scout Scout, newDecoder func(in *flow.Interner) Decoder) (*Reader, error) {
	stream, err := src.Reader()
	if err != nil {
		return nil, err
	}
	workers := max(1, src.Options.Workers)
	chunk := src.Options.Chunk
	if chunk <= 0 {
		chunk = DefaultChunk
	}
	chunk = min(chunk, maxText)
	inFlight := 2*workers + 4
	r := &Reader{
		src:   src,
		in:    stream,
		scout: scout,
		chunk: chunk,
		free:  make(chan *job, inFlight),
		work:  make(chan *job, inFlight),
		order: make(chan *job, inFlight),
		quit:  make(chan struct{}),
	}
	for range inFlight {
		j := &job{intern: flow.NewInterner(src.Options.Symbols), ready: make(chan struct{}, 1)}
		j.decoder = newDecoder(j.intern)
		j.batch.Release = func(*flow.Batch) { r.free <- j }
		j.batch.File = src.File
		r.free <- j
	}
	r.running.Add(workers + 1)
	go r.cut()
	for range workers {
		go r.decode()
	}
	return r, nil
}

// A Reader is a flow.Lender over the lines of a text.
type Reader struct {
	src   *flow.Source
	in    io.Reader
	scout Scout
	chunk int

	free, work, order chan *job
	quit              chan struct{}
	running           sync.WaitGroup

	row uint64 // lines handed on
	end error  // met behind the last batch
	cur *flow.Batch
	at  int
}

// A job is a chunk of text on its way, and the rows made of it.
type job struct {
	text    []byte // whole lines; Pad readable bytes follow
	state   any    // what the scout knew before them
	buf     []byte
	bytes   int64 // position in the stored input behind this chunk
	err     error // of the stream, behind this chunk
	decoder Decoder
	intern  *flow.Interner
	rows    []flow.Record
	lines   uint64
	blank   uint64
	skipped uint64
	bad     uint64
	reasons []flow.BadRow
	long    bool // the chunk stands for one line that is too long
	batch   flow.Batch
	ready   chan struct{}
}

// cut fills jobs with whole lines until the stream ends.
func (r *Reader) cut() {
	defer r.running.Done()
	defer close(r.order)
	defer close(r.work)
	var tail []byte
	long := false // inside a line that is too long
	for {
		var j *job
		select {
		case j = <-r.free:
		case <-r.quit:
			return
		}
		tail, long = r.fill(j, tail, long)
		if r.scout != nil {
			j.state = r.scout(j.text)
		}
		select {
		case r.order <- j:
		case <-r.quit:
			return
		}
		r.work <- j // has room for every job
		if j.err != nil {
			return
		}
	}
}

// fill reads one chunk behind tail, the start of a line, and returns the next
// tail, which stays valid until the following call.
func (r *Reader) fill(j *job, tail []byte, long bool) ([]byte, bool) {
	j.err, j.long = nil, false
	size := max(r.chunk, len(tail)+1)
	for {
		if cap(j.buf) < size+Pad {
			j.buf = make([]byte, size+Pad)
		}
		buf := j.buf[:size]
		n := copy(buf, tail)
		for n < size && j.err == nil {
			var k int
			k, j.err = r.in.Read(buf[n:])
			n += k
		}
		end := n // the last line may lack its newline, but not where the stream broke
		if j.err != io.EOF {
			end = bytes.LastIndexByte(buf[:n], '\n') + 1
		}
		j.bytes = r.src.Consumed()
		first := 0
		if long {
			i := bytes.IndexByte(buf[:n], '\n')
			if i < 0 {
				j.text = buf[:0]
				return nil, j.err == nil
			}
			first, long = i+1, false
		}
		if end == 0 && j.err == nil && n < maxText { // no newline yet: a longer buffer
			tail, size = buf[:n], min(2*size, maxText)
			continue
		}
		if n == maxText && bytes.IndexByte(buf, '\n') < 0 {
			j.text, j.long = buf[:0], true
			return nil, j.err == nil
		}
		j.text = buf[first:end]
		if j.err != nil {
			clear(j.buf[end : end+Pad])
		}
		return buf[end:n], false
	}
}

func (r *Reader) decode() {
	defer r.running.Done()
	for j := range r.work {
		j.run()
		j.ready <- struct{}{}
	}
}

// run decodes the lines of the job.
func (j *job) run() {
	j.rows = j.rows[:0]
	j.lines, j.blank, j.skipped, j.bad, j.reasons = 0, 0, 0, 0, j.reasons[:0]
	if b, ok := j.decoder.(Beginner); ok {
		b.Begin(j.state)
	}
	if j.long {
		j.lines = 1
		j.reject(errTooLong)
	}
	for text := j.text; len(text) > 0; {
		text = j.decode(text)
	}
}

// decode decodes lines to the end of text, or to one that makes the decoder
// panic: that line is bad, and those behind it are returned. The bytes are the
// input's, and must not end the run. Nothing is done for this line by line:
// the counts tell afterwards which line it was.
func (j *job) decode(all []byte) (rest []byte) {
	before := j.lines
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		for rest = all; before < j.lines; before++ {
			_, rest, _ = bytes.Cut(rest, newline)
		}
		j.rows = j.rows[:j.lines-1-j.blank-j.skipped-j.bad]
		j.reject(fmt.Errorf("decoder failed: %v", v))
	}()
	rows := j.rows
	for text := all; len(text) > 0; {
		i := bytes.IndexByte(text, '\n')
		next := i + 1
		if i < 0 {
			i, next = len(text), len(text)
		}
		line := text[:i]
		text = text[next:]
		j.lines++
		if n := len(line); n > 0 && line[n-1] == '\r' {
			line = line[:n-1]
		}
		if len(line) == 0 {
			j.blank++
			continue
		}
		if len(rows) == cap(rows) {
			rows = append(rows, flow.Record{})[:len(rows)]
			j.rows = rows
		}
		r := &rows[:len(rows)+1][len(rows)]
		if err := j.decoder.Decode(line, r); err != nil {
			if err == ErrSkip {
				j.skipped++
			} else {
				j.reject(err)
			}
			continue
		}
		r.Row = j.lines
		rows = rows[:len(rows)+1]
	}
	j.rows = rows
	return nil
}

var newline = []byte{'\n'}

var errClosed = errors.New("reader is closed")

var errTooLong = errors.New("line longer than 1 MiB")

func (j *job) reject(err error) {
	j.bad++
	if len(j.reasons) < flow.KeepBad {
		j.reasons = append(j.reasons, flow.BadRow{Row: j.lines, Reason: err.Error()})
	}
}

// Lend implements flow.Lender.
func (r *Reader) Lend() (*flow.Batch, error) {
	for {
		if r.end != nil {
			return nil, r.end
		}
		j, ok := <-r.order
		if !ok {
			return nil, errClosed
		}
		<-j.ready
		j.intern.Resolve(j.rows)
		for _, b := range j.reasons {
			r.src.Report(r.row+b.Row, b.Reason)
		}
		r.src.Bad += j.bad - uint64(len(j.reasons))
		r.src.Skipped += j.skipped
		r.src.Rows += uint64(len(j.rows))
		base := r.row
		r.row += j.lines
		r.end = j.err
		if len(j.rows) == 0 {
			r.free <- j
			continue
		}
		j.batch.Rows, j.batch.Base, j.batch.Bytes = j.rows, base, j.bytes
		return &j.batch, nil
	}
}

// Read implements flow.Reader.
func (r *Reader) Read(dst []flow.Record) (int, error) {
	return flow.ReadLender(r, &r.cur, &r.at, dst)
}

// Close stops the goroutines. Batches still lent stay valid. Of a file, whose
// reads end, nothing is read any more once Close returns; a read of a pipe
// that is under way is not waited for.
func (r *Reader) Close() error {
	select {
	case <-r.quit:
		return nil
	default:
		close(r.quit)
	}
	if r.src.Size >= 0 {
		for range r.order {
		}
	}
	return nil
}
