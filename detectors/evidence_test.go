package detectors

import (
	"slices"
	"testing"

	"seine/flow"
)

func TestSampleTakesFirstLastThenLargest(t *testing.T) {
	flows := func(bytes ...uint64) []flow.Record {
		rs := make([]flow.Record, len(bytes))
		for i, n := range bytes {
			rs[i] = flow.Record{Row: uint64(i + 1), SrcBytes: n / 2, DstBytes: n - n/2}
		}
		return rs
	}
	for _, c := range []struct {
		name string
		rs   []flow.Record
		n    int
		want []uint64 // rows
	}{
		{"nothing", nil, 3, nil},
		{"one flow", flows(7), 3, []uint64{1}},
		{"room for one", flows(1, 9, 2), 1, []uint64{1}},
		{"room for two", flows(1, 9, 2), 2, []uint64{1, 3}},
		{"two flows", flows(1, 9), 5, []uint64{1, 2}},
		{"the largest follow", flows(1, 5, 9, 7, 2), 4, []uint64{1, 5, 3, 4}},
		{"the earlier of equals first", flows(1, 7, 9, 7, 9, 2), 5, []uint64{1, 6, 3, 5, 2}},
		{"room for more than there is", flows(1, 5, 9, 2), 10, []uint64{1, 4, 3, 2}},
		{"all, in input order", flows(1, 5, 9, 2), 0, []uint64{1, 2, 3, 4}},
	} {
		before := slices.Clone(c.rs)
		var got []uint64
		for _, r := range Sample(c.rs, c.n) {
			got = append(got, r.Row)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: rows %v, want %v", c.name, got, c.want)
		}
		if !slices.Equal(before, c.rs) {
			t.Errorf("%s: the flows given were changed", c.name)
		}
	}
}
