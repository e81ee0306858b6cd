package jsonstream

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"unicode/utf8"
)

// tokens reads all of in.
func tokens(in io.Reader) (out []string, err error) {
	r := NewReader(in)
	for {
		kind, text, err := r.Next()
		if err != nil {
			return out, err
		}
		if cap(text)-len(text) < Pad && text != nil {
			return out, fmt.Errorf("only %d bytes behind %q", cap(text)-len(text), text)
		}
		out = append(out, fmt.Sprintf("%d%s", kind, text))
	}
}

func TestTokens(t *testing.T) {
	for _, test := range []struct {
		text, want string
		err        error
	}{
		{`{"a":[1,-2.5e3,true,null,"x\u00e9\"\\"],"b":{}}`, `1 4a 2 61 6-2.5e3 7true 7null 5xé"\ 3 4b 1 3 3`, io.EOF},
		{"\ufeff [ ] {\n}\t12", "2 3 1 3 612", io.EOF},
		{``, ``, io.EOF},
		{`{"a":[1,`, `1 4a 2 61`, io.ErrUnexpectedEOF},
		{`{"a`, `1`, io.ErrUnexpectedEOF},
		{`{"a"`, `1 4a`, io.ErrUnexpectedEOF},
		{`[tr`, `2`, io.ErrUnexpectedEOF},
		{`[1,]`, `2 61`, ErrSyntax},
		{`{"a" 1}`, `1 4a`, ErrSyntax},
		{`{"a":1,}`, `1 4a 61`, ErrSyntax},
		{`{1:2}`, `1`, ErrSyntax},
		{`[1 2]`, `2 61`, ErrSyntax},
		{`[1}`, `2 61`, ErrSyntax},
		{`[01]`, `2`, ErrSyntax},
		{`[nul]`, `2`, ErrSyntax},
		{`["\x"]`, `2`, ErrSyntax},
		{"[\"\n\"]", `2`, ErrSyntax},
		{strings.Repeat("[", MaxDepth+1), strings.TrimSpace(strings.Repeat("2 ", MaxDepth)), ErrDepth},
		{`["` + strings.Repeat("x", MaxText) + `"]`, `2`, ErrTooLong},
		{`[` + strings.Repeat("1", MaxText+2) + `]`, `2`, ErrTooLong},
		{`["` + strings.Repeat("x", 300_000) + `"]`, `2 5` + strings.Repeat("x", 300_000) + ` 3`, io.EOF},
	} {
		readers := []io.Reader{strings.NewReader(test.text), iotest.DataErrReader(strings.NewReader(test.text))}
		if len(test.text) < 1000 {
			readers = append(readers, iotest.OneByteReader(strings.NewReader(test.text)))
		}
		for _, in := range readers {
			got, err := tokens(in)
			if strings.Join(got, " ") != test.want || !errors.Is(err, test.err) {
				t.Errorf("%.50s: got %.100q, %v; want %.100q, %v", test.text, got, err, test.want, test.err)
			}
		}
	}
}

func TestResetForgetsAll(t *testing.T) {
	r := NewReader(strings.NewReader("[1,{\"a\":x"))
	for {
		if _, _, err := r.Next(); err != nil {
			break
		}
	}
	r.Reset(strings.NewReader("2"))
	if kind, text, err := r.Next(); kind != Number || string(text) != "2" || err != nil || r.Depth() != 0 {
		t.Error(kind, text, err)
	}
}

// FuzzJSON compares with encoding/json.
func FuzzJSON(f *testing.F) {
	f.Add(`{"a":[1,-2.5e3,true,null,"x\u00e9\"\\"],"b":{}}`)
	f.Add(`[1 2]`)
	f.Add(`{"a":1,}`)
	f.Fuzz(func(t *testing.T, text string) {
		if text = "[" + text + "]"; !utf8.ValidString(text) {
			return
		}
		one, err1 := tokens(strings.NewReader(text))
		two, err2 := tokens(iotest.OneByteReader(strings.NewReader(text)))
		if fmt.Sprint(one, err1) != fmt.Sprint(two, err2) {
			t.Fatalf("%v %v, byte by byte %v %v", one, err1, two, err2)
		}
		if strings.Count(text, "[")+strings.Count(text, "{") > MaxDepth {
			return
		}
		d := json.NewDecoder(strings.NewReader(text))
		var err error
		for err == nil {
			var v json.RawMessage
			err = d.Decode(&v)
		}
		if (err == io.EOF) != (err1 == io.EOF) {
			t.Fatalf("%q: %v, encoding/json says %v", text, err1, err)
		}
	})
}
