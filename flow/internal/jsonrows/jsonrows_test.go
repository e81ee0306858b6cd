package jsonrows

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
)

var paths = jsonscan.Compile("a", "skip", "panic")

// decoder keeps the member a as the label of a record.
type decoder struct {
	in *flow.Interner
	s  *jsonscan.Scanner
}

func (d decoder) Decode(text []byte, r *flow.Record) error {
	if cap(text)-len(text) < lines.Pad {
		return fmt.Errorf("only %d bytes behind the object", cap(text)-len(text))
	}
	if err := d.s.Scan(text); err != nil {
		return err
	}
	switch {
	case d.s.Kind(1) != jsonscan.Absent:
		return lines.ErrSkip
	case d.s.Kind(2) != jsonscan.Absent:
		panic("oops")
	case d.s.Kind(0) == jsonscan.Absent:
		return errors.New("no a")
	}
	*r = flow.Record{Label: d.in.Symbol(d.s.Text(0))}
	return nil
}

func run(t testing.TB, in io.Reader) (src *flow.Source, got string, err error) {
	t.Helper()
	symbols := flow.NewSymbols()
	src = flow.StreamSource("-", in, &flow.Options{Workers: 1, Symbols: symbols})
	ended := 0
	r, err := Open(src, func(in *flow.Interner) lines.Decoder { return decoder{in, paths.Scanner()} }, func() { ended++ })
	if err != nil {
		return src, "", err
	}
	rows, err := flow.ReadAll(r)
	for _, r := range rows {
		got += fmt.Sprintf("%d:%s ", r.Row, symbols.Text(r.Label))
	}
	if ended != 1 || src.Rows != uint64(len(rows)) {
		t.Errorf("done was called %d times; %d rows, %d counted", ended, len(rows), src.Rows)
	}
	return src, strings.TrimSpace(got), err
}

func TestObjects(t *testing.T) {
	for _, test := range []struct {
		name, text, want string
		bad, skipped     uint64
		err              error
	}{
		{"one a line", "{\"a\":1}\n\n{\"a\":2}\n{\"a\"\n{\"skip\":1}\n{\"a\":3}", "1:1 3:2 6:3", 1, 1, nil},
		{"an array", `[{"a":1},{"a":2},{"skip":0} , {"a":4}]`, "1:1 2:2 4:4", 0, 1, nil},
		{"an array over lines", "\ufeff\n[\n  {\n    \"a\": 1,\n    \"b\": {\"c\": \"}\\\"{\"}\n  },\n  {\n    \"a\": 2\n  }\n]\n", "1:1 2:2", 0, 0, nil},
		{"one behind the other", "{\n\"a\":1\n}\n{\n\"a\":2\n}{\n\"a\":\n3}", "1:1 2:2 3:3", 0, 0, nil},
		{"bad objects", `[{"a":1},{"a":},{"b":1},{"panic":1},{"a":5}]`, "1:1 5:5", 3, 0, nil},
		{"text between", `[{"a":1},null,{"a":3}] x`, "1:1 3:3", 2, 0, nil},
		{"an empty array", "[]\n", "", 0, 0, nil},
		{"cut within an object", `[{"a":1},{"a":2`, "1:1", 1, 0, io.ErrUnexpectedEOF},
		{"cut behind an object", `[{"a":1},`, "1:1", 0, 0, io.ErrUnexpectedEOF},
		{"too long", `[{"a":1},{"b":"` + strings.Repeat("x", 1<<20) + `"},{"a":4}]`, "1:1 4:4", 2, 0, nil},
		{"nearly too long", `[{"a":1},{"a":2,"b":"` + strings.Repeat("x", 1<<20-50) + `"},{"a":3}]`, "1:1 2:2 3:3", 0, 0, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			readers := []io.Reader{strings.NewReader(test.text), iotest.DataErrReader(strings.NewReader(test.text))}
			if len(test.text) < 1000 {
				readers = append(readers, iotest.OneByteReader(strings.NewReader(test.text)))
			}
			for _, in := range readers {
				src, got, err := run(t, in)
				if got != test.want || src.Bad != test.bad || src.Skipped != test.skipped || !errors.Is(err, test.err) {
					t.Errorf("got %q, %d bad %v, %d skipped, %v; want %q, %d, %d, %v", got, src.Bad, src.BadRows, src.Skipped, err,
						test.want, test.bad, test.skipped, test.err)
				}
			}
		})
	}
}

func TestAnErrorOfTheInputIsHandedOn(t *testing.T) {
	boom := errors.New("boom")
	_, got, err := run(t, io.MultiReader(strings.NewReader(`[{"a":1},{"a"`), iotest.ErrReader(boom)))
	if got != "1:1" || !errors.Is(err, boom) {
		t.Error(got, err)
	}
}

func TestAStringOfEscapesIsReadInLinearTime(t *testing.T) {
	text := strings.Repeat(`[{"a":1,"b":"`+strings.Repeat(`\"\\`, 250_000)+`"}]`, 10)
	start := time.Now()
	if src, _, err := run(t, strings.NewReader(text)); err != nil || src.Rows != 10 {
		t.Error(src.Rows, src.BadRows, err)
	}
	if took := time.Since(start); took > 20*time.Second {
		t.Error(took)
	}
}

func TestObjectsOfAHead(t *testing.T) {
	var got []string
	for o := range Objects([]byte(`[{"a":1}, {"b":"}"} x {"c":{}},{"d"`)) {
		got = append(got, string(o))
	}
	if !slices.Equal(got, []string{`{"a":1}`, `{"b":"}"}`, `{"c":{}}`}) {
		t.Error(got)
	}
}

func FuzzObjects(f *testing.F) {
	f.Add("{\"a\":1}\n{\"a\":2}")
	f.Add(`[{"a":1},{"a":"\"}"},null,{"skip":0}`)
	f.Fuzz(func(t *testing.T, text string) {
		src, got, _ := run(t, strings.NewReader(text))
		if len(got) > 0 && !strings.Contains(text, "{") {
			t.Fatal(src.Rows)
		}
		a, b, err1 := run(t, iotest.HalfReader(strings.NewReader(text)))
		if b != got || a.Bad != src.Bad || a.Skipped != src.Skipped {
			t.Fatalf("%q %d, %q %d: %v", got, src.Bad, b, a.Bad, err1)
		}
	})
}

func TestAnInputIsComplete(t *testing.T) {
	for text, want := range map[string]bool{
		"":                       true,
		"{}":                     true,
		"{\"a\":1}\n{\"b\":2}\n": true,
		"[{},{\"a\":[1]},\n{}]":  true,
		"{}{}{}{}":               false,
		"{}\n{\"a\":\n":          true,
		"{}\n{\"a\":\n{}":        false,
		"[{},{\"a\":}]":          false,
		"{}\n{\"a\":}\n{}":       true,
		"{}\n{\"a\":\n{}\n}\n":   false,
		"{} x {}":                false,
		"[{}":                    false,
		"{}" + strings.Repeat(" ", flow.HeadSize-2): false,
		"{}" + strings.Repeat(" ", flow.HeadSize-3): true,
	} {
		if got := Complete([]byte(text), 3); got != want {
			t.Errorf("%.40q is complete: %v", text, got)
		}
	}
}
