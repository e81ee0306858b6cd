package flow

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A Format describes one input layout and opens it.
type Format struct {
	Name   string    // "csv"; what --input-format takes
	Title  string    // one line
	Doc    string    // Markdown: layout, mapping, blind spots
	Ext    []string  // usual file name endings, for help texts only
	Fields Fields    // what a file of this format can carry at best
	Mapped bool      // any table of columns will do, if --map names what it lacks
	Stitch Stitching // how records relate to connections; Open may know better, see Source.Stitch

	// Match scores the first bytes of an input (up to HeadSize, decompressed):
	// 0 certainly not this format … 100 certainly this one. Why not is told
	// in reason, for the message when nothing matches.
	Match func(head []byte) (score int, reason string)
	// Open reads src, which Match has accepted or the user has vouched for.
	Open func(src *Source) (Reader, error)
	// Create writes this layout to w; nil if Seine only reads it.
	Create func(w io.Writer, names Names) (Writer, error)
}

// HeadSize is how much of an input the formats may look at, in bytes.
const HeadSize = 64 << 10

// ErrEmpty is the error of an input without a single byte.
var ErrEmpty = errors.New("empty input")

// ErrUnrecognised marks the error of an input that no format matches.
var ErrUnrecognised = errors.New("format not recognised")

// Detect finds the format of src among formats by its first bytes. A tie, or
// no match, is an error that tells why each candidate said no.
func Detect(formats []*Format, src *Source) (*Format, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, ErrEmpty
	}
	best, score, tie := (*Format)(nil), 0, (*Format)(nil)
	var no refusals
	for _, f := range formats {
		s, why := f.Match(head)
		switch {
		case s == 0:
			no.add(f.Name, why)
		case s > score:
			best, score, tie = f, s, nil
		case s == score:
			tie = f
		}
	}
	switch {
	case best == nil:
		if what := foreign(head); what != "" {
			return nil, fmt.Errorf("%w: %s", ErrUnrecognised, what)
		}
		return nil, fmt.Errorf("%w (--input-format names one); tried %s", ErrUnrecognised, &no)
	case tie != nil:
		return nil, fmt.Errorf("format is ambiguous: %s or %s (--input-format names one)", best.Name, tie.Name)
	}
	return best, nil
}

// foreign tells what the head of an input is if it is something that people
// have where they have flows, and what to do with it.
func foreign(head []byte) string {
	for _, f := range []struct{ magic, what string }{
		{"PK\x03\x04", "a zip archive; unpack it first, as in \"unzip -p FILE | seine analyze\""},
		{"SQLite format 3\x00", "an SQLite database; export its table as CSV"},
	} {
		if strings.HasPrefix(string(head[:min(len(head), 16)]), f.magic) {
			return f.what
		}
	}
	return ""
}

// refusals are the reasons of the formats that said no; those that said the
// same are named together.
type refusals struct {
	reasons []string
	names   map[string][]string
}

func (r *refusals) add(name, why string) {
	if r.names == nil {
		r.names = map[string][]string{}
	}
	if r.names[why] == nil {
		r.reasons = append(r.reasons, why)
	}
	r.names[why] = append(r.names[why], name)
}

// String lists the reasons in the order in which they were first given.
func (r *refusals) String() string {
	var parts []string
	for _, why := range r.reasons {
		parts = append(parts, strings.Join(r.names[why], ", ")+": "+why)
	}
	return strings.Join(parts, "; ")
}

// Lookup finds a format by name.
func Lookup(formats []*Format, name string) (*Format, error) {
	var names []string
	for _, f := range formats {
		if f.Name == name {
			return f, nil
		}
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return nil, fmt.Errorf("unknown input format %q (known: %s)", name, strings.Join(names, ", "))
}
