package awsvpc

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"seine/flow"
	"seine/flow/internal/jsonstream"
	"seine/flow/internal/lines"
)

// CloudWatch Logs and Firehose hand the lines on inside JSON: as the member
// "message" of an object, of which many may stand in an array "logEvents" or
// "events" of another, one behind the other, with or without line ends. So
// wherever a message is, it is taken for a line.

var errNoMessage = errors.New("JSON without an AWS flow log line as \"message\"")

// nextMessage is the next message, valid until the following call.
func nextMessage(r *jsonstream.Reader) ([]byte, error) {
	is := false // the last token was the key of a message
	for {
		kind, text, err := r.Next()
		switch {
		case err != nil:
			return nil, err
		case is && kind == jsonstream.String:
			return text, nil
		}
		is = kind == jsonstream.Key && (string(text) == "message" || string(text) == "@message")
	}
}

// detectWrapped finds the layout of the lines within the JSON that starts
// with head.
func detectWrapped(head []byte, opt *flow.Options) (*layout, error) {
	given, err := fieldNames(opt.Columns)
	if err != nil {
		return nil, err
	}
	r := jsonstream.NewReader(bytes.NewReader(head))
	for range 50 {
		line, err := nextMessage(r)
		if err != nil {
			break
		}
		if line = bytes.TrimSpace(line); isHeader(line) {
			l := (&layout{}).follow(bytes.Clone(line), opt.Map)
			return l, l.broken
		}
		if l := headerless(line, given); l != nil {
			return l, l.place(opt.Map)
		}
	}
	return nil, errNoMessage
}

func openWrapped(src *flow.Source, head []byte) (flow.Reader, error) {
	l, err := detectWrapped(head, src.Options)
	if err != nil {
		return nil, err
	}
	stream, err := src.Reader()
	if err != nil {
		return nil, err
	}
	describe(src, l)
	src.Mapping = append([]string{"the lines are the messages inside JSON, counted from 1"}, src.Mapping...)
	seen, intern := new(tally), flow.NewInterner(src.Options.Symbols)
	return &wrapped{
		src: src, seen: seen, intern: intern, tokens: jsonstream.NewReader(stream),
		decoder: &decoder{layout: l, overrides: src.Options.Map, intern: intern, seen: seen},
	}, nil
}

// wrapped reads the lines within JSON, which may be one document of any size.
type wrapped struct {
	src     *flow.Source
	tokens  *jsonstream.Reader
	decoder *decoder
	intern  *flow.Interner
	seen    *tally
	line    []byte
	row     uint64
	end     error
}

// Read implements flow.Reader.
func (w *wrapped) Read(dst []flow.Record) (n int, err error) {
	if w.end != nil {
		return 0, w.end
	}
	for n < len(dst) && w.end == nil {
		text, err := nextMessage(w.tokens)
		if err != nil {
			w.finish(err)
			continue
		}
		w.row++
		switch err := w.decode(text, &dst[n]); {
		case err == lines.ErrSkip:
			w.src.Skipped++
		case err != nil:
			w.src.Report(w.row, err.Error())
		default:
			dst[n].Row, dst[n].File = w.row, w.src.File
			n++
		}
	}
	w.intern.Resolve(dst[:n])
	w.src.Rows += uint64(n)
	if n > 0 && w.end == io.EOF {
		return n, nil
	}
	return n, w.end
}

func (w *wrapped) finish(err error) {
	if w.seen.note(w.src); err == io.EOF {
		w.end = err
		return
	}
	w.end = fmt.Errorf("behind message %d: %w", w.row, err)
}

// control begins what CloudWatch sends to find out whether anybody listens.
var control = []byte("CWL CONTROL MESSAGE")

// decode copies the line to where enough bytes behind it may be read.
func (w *wrapped) decode(text []byte, r *flow.Record) error {
	text = bytes.TrimSpace(text)
	if len(text) == 0 || bytes.HasPrefix(text, control) {
		return lines.ErrSkip
	}
	w.line = append(append(w.line[:0], text...), make([]byte, lines.Pad)...)
	return w.decoder.Decode(w.line[:len(text)], r)
}
