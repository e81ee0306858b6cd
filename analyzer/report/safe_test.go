package report

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// harmless checks that an output is valid text with nothing in it that acts
// on a display, but for the newlines of its layout.
func harmless(t *testing.T, out []byte) {
	t.Helper()
	if !utf8.Valid(out) {
		t.Error("invalid UTF-8")
	}
	for _, r := range string(out) {
		if r != '\n' && hidden(r) {
			t.Errorf("hidden character %U", r)
		}
	}
}

func TestNoCellIsAFormula(t *testing.T) {
	rows, err := csv.NewReader(bytes.NewReader(
		write(t, "csv", Options{Names: attackLexicon}, hostile(), summary(nil)))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	if len(rows) != len(attacks)+1 {
		t.Fatalf("%d rows, want %d: a text broke a row", len(rows), len(attacks)+1)
	}
	for i, row := range rows {
		if len(row) != len(csvColumns) {
			t.Fatalf("row %d has %d cells", i, len(row))
		}
		for j, v := range row {
			if v != "" && strings.ContainsAny(v[:1], "=+-@\t\r") {
				t.Errorf("row %d: %s is a formula: %q", i, csvColumns[j], v)
			}
			if strings.ContainsAny(v, "\n\r") {
				t.Errorf("row %d: %s has a line break: %q", i, csvColumns[j], v)
			}
		}
	}
}

func FuzzQuote(f *testing.F) {
	for _, s := range attacks {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		q := quote(nil, s)
		harmless(t, q)
		if bytes.ContainsAny(q, "<>&\n") {
			t.Errorf("%q has bytes that need an escape", q)
		}
		var got, want string
		if err := json.Unmarshal(q, &got); err != nil {
			t.Fatalf("%q: %v", q, err)
		}
		reference, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(reference, &want); err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("quote(%q) reads back differently:\n%s", s, d)
		}
		harmless(t, []byte(clean(s)))
		if c := cell(s); strings.Contains(clean(s), "\n") || c != clean(s) && c != "'"+clean(s) {
			t.Errorf("cell(%q) = %q", s, c)
		}
	})
}
