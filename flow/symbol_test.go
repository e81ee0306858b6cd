package flow_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"seine/flow"
)

func TestSymbolsAreNumberedInTheirOrder(t *testing.T) {
	s := flow.NewSymbols()
	for i, text := range []string{"", "tcp", "a", "tcp", "b", ""} {
		want := []flow.Symbol{0, 1, 2, 1, 3, 0}[i]
		if got := s.Add([]byte(text)); got != want {
			t.Errorf("%q has number %d, want %d", text, got, want)
		}
	}
	if got := s.Text(2) + "," + s.Text(0) + "," + s.Text(99); got != "a,," {
		t.Errorf("texts are %q", got)
	}
	long := strings.Repeat("x", 300)
	if got := s.Text(s.Add([]byte(long))); got != long[:flow.MaxSymbolText] {
		t.Errorf("a long text is kept with %d bytes", len(got))
	}
	if n, ok := s.Lookup([]byte(long)); !ok || n != 4 {
		t.Errorf("a long text is found as %d, %v", n, ok)
	}
}

// Whoever decodes first, texts are numbered in the order of the rows.
func TestInternersNumberTextsInTheOrderOfTheRows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	texts := []string{"", "new", "closed", "established", "a state of more than sixteen bytes", "ab", "ab\x00", "12345678", "123456789"}
	for i := range 300 {
		texts = append(texts, fmt.Sprint("text ", i))
	}
	for range 200 {
		shared, want := flow.NewSymbols(), flow.NewSymbols()
		interners := []*flow.Interner{flow.NewInterner(shared), flow.NewInterner(shared), flow.NewInterner(shared)}
		jobs := make([][]flow.Record, len(interners))
		words := make([][]string, len(interners))
		for range 3 { // rounds in which every interner decodes one job
			for _, k := range rng.Perm(len(interners)) {
				jobs[k], words[k] = nil, nil
				for range rng.IntN(20) {
					w := texts[rng.IntN(len(texts))]
					r := flow.Record{RawState: interners[k].Symbol([]byte(w))}
					w2 := texts[rng.IntN(len(texts))]
					r.Service = interners[k].Symbol([]byte(w2))
					r.Label = r.Service
					jobs[k] = append(jobs[k], r)
					words[k] = append(words[k], w, w2)
				}
			}
			for k := range interners {
				interners[k].Resolve(jobs[k])
				for i := range jobs[k] {
					r := &jobs[k][i]
					a, b := want.Add([]byte(words[k][2*i])), want.Add([]byte(words[k][2*i+1]))
					if r.RawState != a || r.Service != b || r.Label != b {
						t.Fatalf("row %d: numbers %d, %d, %d, want %d and %d", i, r.RawState, r.Service, r.Label, a, b)
					}
					if got := shared.Text(r.RawState); got != words[k][2*i] {
						t.Fatalf("%q became %q", words[k][2*i], got)
					}
				}
			}
		}
	}
}

func TestAFullTableDropsTexts(t *testing.T) {
	if testing.Short() {
		t.Skip("a million texts")
	}
	shared := flow.NewSymbols()
	for i := range flow.MaxSymbols - 3 { // the empty text is there already
		shared.Add(fmt.Appendf(nil, "%d", i))
	}
	var got [][]flow.Symbol
	for _, cut := range []int{2, 6} { // rows between two calls of Resolve
		in := flow.NewInterner(shared)
		var rows []flow.Record
		for i, w := range []string{"a", "b", "c", "a", "d", "c", "b", "7"} {
			rows = append(rows, flow.Record{RawState: in.Symbol([]byte(w))})
			if i%cut == cut-1 || i == 7 {
				in.Resolve(rows)
			}
		}
		var numbers []flow.Symbol
		for _, r := range rows {
			numbers = append(numbers, r.RawState)
		}
		got = append(got, numbers)
	}
	a, b := flow.Symbol(flow.MaxSymbols-2), flow.Symbol(flow.MaxSymbols-1)
	want := []flow.Symbol{a, b, 0, a, 0, 0, b, 8}
	for _, g := range got {
		if !slices.Equal(g, want) {
			t.Errorf("numbers are %v, want %v", g, want)
		}
	}
	if shared.Dropped() == 0 {
		t.Error("no text counts as dropped")
	}
	if got := shared.Text(0); got != "" {
		t.Errorf("the empty text is %q", got)
	}
}
