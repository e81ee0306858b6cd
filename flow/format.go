package flow

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Format describes one input layout and opens it.
type Format struct {
	Name   string   // "csv"; what --input-format takes
	Title  string   // one line
	Doc    string   // Markdown: layout, mapping, blind spots
	Ext    []string // usual file name endings, for help texts only
	Fields Fields   // what a file of this format can carry at best
	Mapped bool     // any table of columns will do, if --map names what it lacks

	// Match scores the first bytes of an input (up to HeadSize, decompressed):
	// 0 certainly not this format … 100 certainly this one. Why not is told
	// in reason, for the message when nothing matches.
	Match func(head []byte) (score int, reason string)
	// Open reads src, which Match has accepted or the user has vouched for.
	Open func(src *Source) (Reader, error)
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
	var reasons []string
	for _, f := range formats {
		s, why := f.Match(head)
		switch {
		case s == 0:
			reasons = append(reasons, fmt.Sprintf("%s: %s", f.Name, why))
		case s > score:
			best, score, tie = f, s, nil
		case s == score:
			tie = f
		}
	}
	switch {
	case best == nil:
		return nil, fmt.Errorf("%w (--input-format names one); tried %s", ErrUnrecognised, strings.Join(reasons, "; "))
	case tie != nil:
		return nil, fmt.Errorf("format is ambiguous: %s or %s (--input-format names one)", best.Name, tie.Name)
	}
	return best, nil
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
