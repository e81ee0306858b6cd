package azure

import (
	"bufio"
	"bytes"
	"fmt"
	"io"

	"seine/flow"
	"seine/flow/internal/jsonstream"
)

// A reader finds the tuples among the tokens: a document may be larger than
// memory.
type reader struct {
	src    *flow.Source
	tokens *jsonstream.Reader
	line   *lineReader // where each line is a document, else nil
	intern *flow.Interner
	tuples int    // depth within the array flowTuples; 0 outside
	key    bool   // the last token was the key flowTuples
	row    uint64 // tuples met, and documents that broke off
	counts [256]uint64
	end    error
}

// Read implements flow.Reader.
func (r *reader) Read(dst []flow.Record) (n int, err error) {
	if r.end != nil {
		return 0, r.end
	}
	for n < len(dst) && r.end == nil {
		text, err := r.next()
		if err != nil {
			r.broken(err)
			continue
		}
		r.row++
		letter, err := r.decode(text, &dst[n])
		if err != nil {
			r.src.Report(r.row, err.Error())
			continue
		}
		r.counts[letter]++
		dst[n].Row, dst[n].File = r.row, r.src.File
		n++
	}
	r.intern.Resolve(dst[:n])
	r.src.Rows += uint64(n)
	if r.end != nil {
		r.note()
	}
	if n > 0 && r.end == io.EOF {
		return n, nil
	}
	return n, r.end
}

// broken ends the input, or the line where each line is a document.
func (r *reader) broken(err error) {
	r.tuples, r.key = 0, false
	if err == io.ErrUnexpectedEOF {
		err = fmt.Errorf("JSON is cut short: %w", err)
	}
	switch {
	case r.line == nil && err == io.EOF:
		r.end = err
	case r.line == nil:
		r.end = fmt.Errorf("behind tuple %d: %w", r.row, err)
	default:
		if err != io.EOF && r.line.err == nil {
			r.row++
			r.src.Report(r.row, err.Error())
		}
		if r.end = r.line.next(); r.end == nil {
			r.tokens.Reset(r.line)
		}
	}
}

// next gives the next tuple, nil for a value in its place that is no string.
func (r *reader) next() ([]byte, error) {
	for {
		kind, text, err := r.tokens.Next()
		if err != nil {
			return nil, err
		}
		depth := r.tokens.Depth()
		if r.tuples > 0 {
			switch opens := kind == jsonstream.Object || kind == jsonstream.Array; {
			case depth < r.tuples: // the end of the array
				r.tuples = 0
			case depth == r.tuples+1 && opens, depth == r.tuples && kind >= jsonstream.Number:
				return nil, nil
			case depth == r.tuples && kind == jsonstream.String:
				return text, nil
			}
			continue
		}
		if r.key && kind == jsonstream.Array {
			r.tuples = depth
		}
		r.key = kind == jsonstream.Key && string(text) == "flowTuples"
	}
}

func (r *reader) note() {
	if n := r.counts['C'] + r.counts['E']; n > 0 {
		r.src.Note(fmt.Sprintf("a connection is several records (%d begin, %d go on, %d end), each with what it counts since the one before",
			r.counts['B'], r.counts['C'], r.counts['E']))
	}
}

// A lineReader gives one line of in as if it were all.
type lineReader struct {
	in    *bufio.Reader
	ended bool
	err   error // of the stream, its end but for io.EOF
}

// Read implements io.Reader.
func (l *lineReader) Read(p []byte) (int, error) {
	if l.ended {
		return 0, io.EOF
	}
	if _, err := l.in.Peek(1); err != nil {
		if l.ended = true; err != io.EOF {
			l.err = err
		}
		return 0, err
	}
	b, _ := l.in.Peek(min(l.in.Buffered(), len(p)))
	n := copy(p, b)
	drop := n
	if i := bytes.IndexByte(b, '\n'); i >= 0 {
		n, drop, l.ended = i, i+1, true
	}
	_, err := l.in.Discard(drop)
	return n, err
}

// next drops the rest of the line and goes to the following one. Behind the
// last the error is io.EOF.
func (l *lineReader) next() error {
	for !l.ended {
		_, err := l.in.ReadSlice('\n')
		l.ended = err != bufio.ErrBufferFull
	}
	if l.err != nil {
		return l.err
	}
	if _, err := l.in.Peek(1); err != nil {
		return err
	}
	l.ended = false
	return nil
}
