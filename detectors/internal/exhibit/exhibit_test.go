package exhibit

import (
	"slices"
	"testing"

	"seine/flow"
)

func rows(rs []flow.Record) (rows []uint64) {
	for i := range rs {
		rows = append(rows, rs[i].Row)
	}
	return rows
}

func TestACaseShowsTheFirstTheLastAndTheLargest(t *testing.T) {
	s := New(4, 1)
	var c Case
	for i, size := range []uint64{5, 1, 9, 2, 9, 3, 7, 4} {
		c = s.Add(c, &flow.Record{Row: uint64(i + 1), SrcBytes: size})
	}
	if got, want := rows(s.Flows(c)), []uint64{1, 3, 5, 8}; !slices.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
	if s.Add(0, &flow.Record{}) != 0 {
		t.Error("a full shelf takes another case")
	}
	s.Drop(c)
	if again := s.Add(0, &flow.Record{Row: 20}); again != c || !slices.Equal(rows(s.Flows(again)), []uint64{20}) {
		t.Errorf("a case that was given back holds %v", rows(s.Flows(again)))
	}
}

func TestOfEqualFlowsTheEarlierStays(t *testing.T) {
	s := New(3, 1)
	var c Case
	for i := range uint64(6) {
		c = s.Add(c, &flow.Record{Row: i + 1, SrcBytes: 8})
	}
	if got, want := rows(s.Flows(c)), []uint64{1, 2, 6}; !slices.Equal(got, want) {
		t.Errorf("rows %v, want %v", got, want)
	}
}

func TestSmallCases(t *testing.T) {
	for per, want := range map[int][]uint64{1: {1}, 2: {1, 5}} {
		s := New(per, 1)
		var c Case
		for i := range uint64(5) {
			c = s.Add(c, &flow.Record{Row: i + 1, SrcBytes: i})
		}
		if got := rows(s.Flows(c)); !slices.Equal(got, want) {
			t.Errorf("of %d: rows %v, want %v", per, got, want)
		}
	}
	if New(3, 3).Flows(0) != nil {
		t.Error("no case has flows")
	}
}

func TestATimedShelfKeepsBytesOverTime(t *testing.T) {
	s := New(2, 2).Timed()
	var c Case
	for i := range flow.Time(5) {
		c = s.Add(c, &flow.Record{Start: i * flow.Second, SrcBytes: uint64(i + 1), DstBytes: 10})
	}
	at, bytes := s.Course(c)
	if !slices.Equal(at, []float64{0, 1, 2, 3, 4}) || !slices.Equal(bytes, []float64{11, 12, 13, 14, 15}) {
		t.Errorf("%v: %v", at, bytes)
	}
	s.Drop(c)
	if at, _ := s.Course(s.Add(0, &flow.Record{SrcBytes: 1})); len(at) != 1 {
		t.Errorf("a case that was given back has %v", at)
	}
	if at, _ := New(2, 2).Course(1); at != nil {
		t.Error("a shelf that is not timed has a course")
	}
}
