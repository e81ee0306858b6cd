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
// no match, is an error that tells why those said no that came closest. What
// Seine wrote itself about flows is no input, whoever would take it.
func Detect(formats []*Format, src *Source) (*Format, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	if len(head) == 0 {
		return nil, ErrEmpty
	}
	if err := ownAlerts(head); err != nil {
		return nil, err
	}
	best, score, tie := (*Format)(nil), 0, (*Format)(nil)
	var no []refusal
	for _, f := range formats {
		s, why := f.Match(head)
		switch {
		case s == 0:
			no = append(no, refusal{f, why})
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
		return nil, fmt.Errorf("%w: %s (--input-format NAME names one, \"seine formats\" lists them)", ErrUnrecognised, telling(no))
	case tie != nil:
		return nil, fmt.Errorf("format is ambiguous: %s or %s (--input-format names one)", best.Name, tie.Name)
	}
	return best, nil
}

// utf16 is what PowerShell makes of the output of a program with ">".
const utf16 = "text in UTF-16, as PowerShell writes it; save it as UTF-8, as in " +
	"\"Get-Content FILE | Set-Content -Encoding utf8 NEW\" or \"iconv -f UTF-16 -t UTF-8 FILE > NEW\""

// foreign tells what the head of an input is if it is something that people
// have where they have flows, and what to do with it.
func foreign(head []byte) string {
	for _, f := range []struct{ magic, what string }{
		{"PK\x03\x04", "a zip archive; unpack it first, as in \"unzip -p FILE | seine analyze\""},
		{"SQLite format 3\x00", "an SQLite database; export its table as CSV"},
		{"\xff\xfe", utf16},
		{"\xfe\xff", utf16},
	} {
		if strings.HasPrefix(string(head[:min(len(head), 16)]), f.magic) {
			return f.what
		}
	}
	return ""
}

// A refusal is why a format said no.
type refusal struct {
	format *Format
	why    string
}

// Limits of what is told about refusals.
const (
	maxReasons = 3
	maxReason  = 240 // bytes of one
)

// telling puts the refusals into words that come closest to the input: those
// that a format does not give to just anything. Where there is none, the
// formats speak that take any columns, and else the first ones.
func telling(all []refusal) string {
	var near, tables []refusal
	for _, r := range all {
		if !r.general() {
			near = append(near, r)
		}
		if r.format.Mapped {
			tables = append(tables, r)
		}
	}
	switch {
	case len(near) > 0:
		all = near
	case len(tables) > 0:
		all = tables
	}
	var reasons []string
	names := map[string][]string{}
	for _, r := range all {
		if names[r.why] == nil {
			reasons = append(reasons, r.why)
		}
		names[r.why] = append(names[r.why], r.format.Name)
	}
	var parts []string
	for _, why := range reasons[:min(maxReasons, len(reasons))] {
		part := strings.Join(names[why], ", ") + ": " + why
		if len(part) > maxReason {
			part = strings.ToValidUTF8(part[:maxReason], "") + "…"
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, "; ")
}

// general reports whether the format says the same of inputs that tell nothing.
func (r *refusal) general() bool {
	for _, nothing := range []string{"?\n", "{}\n", "\x00"} {
		if _, why := r.format.Match([]byte(nothing)); why == r.why {
			return true
		}
	}
	return false
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
