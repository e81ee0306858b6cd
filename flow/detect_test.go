package flow_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"

	"seine/flow"
)

// scoring is a format that gives every input the same score.
func scoring(name string, score int) *flow.Format {
	return &flow.Format{Name: name, Match: func([]byte) (int, string) { return score, "no " + name + " header" }}
}

// quoting refuses every input with a reason of its own.
func quoting(head []byte) (int, string) { return 0, fmt.Sprintf("%q is nothing", head) }

func TestTheBestScoreWins(t *testing.T) {
	for _, test := range []struct {
		name    string
		text    string
		formats []*flow.Format
		want    string
		errs    []string
		is      error
	}{
		{"one", "x", []*flow.Format{scoring("a", 1)}, "a", nil, nil},
		{"the better of two", "x", []*flow.Format{scoring("a", 10), scoring("b", 20), scoring("c", 0)}, "b", nil, nil},
		{"a tie below the best", "x", []*flow.Format{scoring("a", 10), scoring("b", 10), scoring("c", 20)}, "c", nil, nil},
		{"a tie", "x", []*flow.Format{scoring("a", 10), scoring("b", 10)}, "", []string{"ambiguous", "a or b", "--input-format"}, nil},
		{"none", "x", []*flow.Format{scoring("a", 0), scoring("b", 0)}, "",
			[]string{"a: no a header", "b: no b header", "--input-format"}, flow.ErrUnrecognised},
		{"two of one mind", "x", []*flow.Format{
			{Name: "a", Match: func([]byte) (int, string) { return 0, "not so" }}, scoring("b", 0),
			{Name: "c", Match: func([]byte) (int, string) { return 0, "not so" }},
		}, "", []string{"a, c: not so; b: no b header"}, flow.ErrUnrecognised},
		{"three are enough", "x", []*flow.Format{scoring("a", 0), scoring("b", 0), scoring("c", 0), scoring("d", 0)}, "",
			[]string{"a: no a header; b: no b header; c: no c header (--input-format NAME"}, flow.ErrUnrecognised},
		{"the formats of any columns", "x", []*flow.Format{scoring("a", 0), {Name: "b", Mapped: true, Match: scoring("b", 0).Match}}, "",
			[]string{"recognised: b: no b header (--input"}, flow.ErrUnrecognised},
		{"who knows something of the input", "x", []*flow.Format{scoring("a", 0), {Name: "b", Match: quoting}, scoring("c", 0)}, "",
			[]string{"recognised: b: \"x\" is nothing (--input"}, flow.ErrUnrecognised},
		{"much to say", "x", []*flow.Format{{Name: "a", Match: func([]byte) (int, string) { return 0, strings.Repeat("é", 900) }}}, "",
			[]string{"é… (--input"}, flow.ErrUnrecognised},
		{"UTF-16", "\xff\xfea\x00", []*flow.Format{scoring("a", 0)}, "", []string{"UTF-16", "Set-Content -Encoding utf8", "iconv"}, flow.ErrUnrecognised},
		{"UTF-16 the other way round", "\xfe\xff\x00a", []*flow.Format{scoring("a", 0)}, "", []string{"UTF-16"}, flow.ErrUnrecognised},
		{"empty", "", []*flow.Format{scoring("a", 100)}, "", nil, flow.ErrEmpty},
	} {
		f, err := flow.Detect(test.formats, source(test.text))
		if (f == nil) != (test.want == "") || f != nil && f.Name != test.want {
			t.Errorf("%s: got %v, want %q", test.name, f, test.want)
		}
		if (err == nil) != (test.want != "") || test.is != nil && !errors.Is(err, test.is) {
			t.Errorf("%s: error %v", test.name, err)
		}
		for _, part := range test.errs {
			if !strings.Contains(err.Error(), part) {
				t.Errorf("%s: error %q lacks %q", test.name, err, part)
			}
		}
		if err != nil && len(err.Error()) > 1000 {
			t.Errorf("%s: the error has %d bytes", test.name, len(err.Error()))
		}
	}
}

func TestFormatsSeeTheHeadAndReadersTheWhole(t *testing.T) {
	text := strings.Repeat("0123456789", 20_000)
	var seen []byte
	f := &flow.Format{Name: "a", Match: func(head []byte) (int, string) { seen = head; return 1, "" }}
	src := source(text)
	if _, err := flow.Detect([]*flow.Format{f}, src); err != nil {
		t.Fatal(err)
	}
	if len(seen) != flow.HeadSize || string(seen) != text[:flow.HeadSize] {
		t.Errorf("the format saw %d bytes", len(seen))
	}
	if got, err := contents(src); err != nil || !bytes.Equal(got, []byte(text)) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

func TestFormatsAreFoundByName(t *testing.T) {
	formats := []*flow.Format{scoring("b", 1), scoring("a", 1)}
	if f, err := flow.Lookup(formats, "a"); err != nil || f.Name != "a" {
		t.Errorf("got %v, %v", f, err)
	}
	if _, err := flow.Lookup(formats, "c"); err == nil || !strings.Contains(err.Error(), "known: a, b") {
		t.Errorf("error %v", err)
	}
}
