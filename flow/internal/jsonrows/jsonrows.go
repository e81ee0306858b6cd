// Package jsonrows reads inputs that hold a JSON object for each row, however
// these stand: one a line, one behind the other over many lines, or in an
// array. A format supplies the decoder of one object.
package jsonrows

import (
	"bytes"
	"fmt"
	"io"
	"iter"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
)

// Open reads src. Objects that stand alone on their lines are decoded on
// several cores and numbered by line; others by one goroutine, and numbered
// from 1. done is called once when all has been read.
func Open(src *flow.Source, newDecoder func(in *flow.Interner) lines.Decoder, done func()) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	if ByLine(head) {
		in, err := lines.Open(src, newDecoder)
		if err != nil {
			return nil, err
		}
		return in.OnEnd(done), nil
	}
	stream, err := src.Reader()
	if err != nil {
		return nil, err
	}
	return OpenStream(src, stream, newDecoder, done), nil
}

// OpenStream reads the objects of stream, which a format has made of the text
// of src; they are numbered from 1.
func OpenStream(src *flow.Source, stream io.Reader, newDecoder func(in *flow.Interner) lines.Decoder, done func()) flow.Reader {
	intern := flow.NewInterner(src.Options.Symbols)
	return &reader{src: src, cut: cutter{in: stream}, decoder: newDecoder(intern), intern: intern, done: done}
}

// ByLine reports whether one of the first lines of head is an object by itself,
// and no array stands around them.
func ByLine(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, bom), " \t\r\n")
	if len(head) == 0 || head[0] != '{' {
		return false
	}
	s := nothing.Scanner()
	for tries := 0; len(head) > 0 && tries < 20; tries++ {
		var line []byte
		line, head, _ = bytes.Cut(head, []byte("\n"))
		if len(line) > 0 && line[0] == '{' && s.Scan(line) == nil {
			return true
		}
	}
	return false
}

var (
	bom     = []byte("\ufeff")
	nothing = jsonscan.Compile("")
)

// LooksLikeJSON reports whether head begins, behind white space, as an object
// or an array does.
func LooksLikeJSON(head []byte) bool {
	head = bytes.TrimLeft(bytes.TrimPrefix(head, bom), " \t\r\n")
	return len(head) > 0 && (head[0] == '{' || head[0] == '[')
}

// Objects goes through the objects at the beginning of head that are whole.
func Objects(head []byte) iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		c := cutter{in: bytes.NewReader(head)}
		for {
			object, err := c.next()
			if err == io.EOF || err == io.ErrUnexpectedEOF {
				return
			}
			if err == nil && !yield(object) {
				return
			}
		}
	}
}

// Complete reports whether head is all of an input, and Objects finds in it all
// that Open will, at most so many: what these lack, the input lacks. Damage
// within a line does no harm.
func Complete(head []byte, most int) bool {
	if len(head) >= flow.HeadSize {
		return false
	}
	s, byLine := nothing.Scanner(), ByLine(head)
	if byLine {
		head = bytes.TrimRight(head, " \t\r\n")
		if i := bytes.LastIndexByte(head, '\n'); i >= 0 && s.Scan(head[i:]) != nil { // cut short, perhaps
			head = head[:i]
		}
	}
	c := cutter{in: bytes.NewReader(head)}
	for n := 0; ; n++ {
		switch object, err := c.next(); {
		case err == io.EOF:
			return true
		case err != nil || n == most:
			return false
		case byLine && bytes.IndexByte(object, '\n') >= 0: // a line within may be taken for an object
			return false
		case !byLine && s.Scan(object) != nil:
			return false
		}
	}
}

type reader struct {
	src     *flow.Source
	cut     cutter
	decoder lines.Decoder
	intern  *flow.Interner
	done    func()
	row     uint64
	end     error
}

// Read implements flow.Reader.
func (r *reader) Read(dst []flow.Record) (n int, err error) {
	if r.end != nil {
		return 0, r.end
	}
	for n < len(dst) && r.end == nil {
		object, err := r.cut.next()
		switch {
		case err == io.EOF:
			r.end = err
			continue
		case err == errGarbage || err == errTooLong:
			r.row++
			r.src.Report(r.row, err.Error())
			continue
		case err != nil:
			if r.cut.open { // inside an object
				r.row++
				r.src.Report(r.row, "object is cut short")
			}
			if err == io.ErrUnexpectedEOF {
				err = fmt.Errorf("JSON is cut short behind object %d: %w", r.row, err)
			}
			r.end = err
			continue
		}
		r.row++
		switch err := r.decode(object, &dst[n]); {
		case err == lines.ErrSkip:
			r.src.Skipped++
		case err != nil:
			r.src.Report(r.row, err.Error())
		default:
			dst[n].Row, dst[n].File = r.row, r.src.File
			n++
		}
	}
	r.intern.Resolve(dst[:n])
	r.src.Rows += uint64(n)
	if r.end != nil {
		r.done()
	}
	if n > 0 && r.end == io.EOF {
		return n, nil
	}
	return n, r.end
}

// decode turns a panic of the decoder into a bad row: the bytes are the
// input's, and must not end the run.
func (r *reader) decode(object []byte, to *flow.Record) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("decoder failed: %v", v)
		}
	}()
	return r.decoder.Decode(object, to)
}
