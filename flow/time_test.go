package flow_test

import (
	"math"
	"testing"
	"time"

	"seine/flow"
)

func TestFloorRoundsDownAlsoBefore1970(t *testing.T) {
	const s = flow.Second
	for _, test := range []struct{ at, step, want flow.Time }{
		{0, 10 * s, 0}, {1, 10 * s, 0}, {10*s - 1, 10 * s, 0}, {10 * s, 10 * s, 10 * s},
		{-1, 10 * s, -10 * s}, {-10 * s, 10 * s, -10 * s}, {-10*s - 1, 10 * s, -20 * s},
		{7, 1, 7}, {-7, 1, -7}, {flow.MaxTime, 10, flow.MaxTime - 7},
		{flow.MinTime, 10, flow.MinTime}, // nothing below it
	} {
		if got := test.at.Floor(test.step); got != test.want {
			t.Errorf("%d floored to %d gives %d, want %d", test.at, test.step, got, test.want)
		}
	}
}

func TestTimeStopsAtItsEnds(t *testing.T) {
	for _, test := range []struct{ at, span, want flow.Time }{
		{1, 2, 3}, {1, -2, -1}, {flow.MaxTime, 1, flow.MaxTime}, {flow.MaxTime, -1, flow.MaxTime - 1},
		{flow.MinTime, -1, flow.MinTime}, {flow.MinTime, 1, flow.MinTime + 1},
		{flow.MinTime, flow.MinTime, flow.MinTime}, {flow.MaxTime, flow.MaxTime, flow.MaxTime},
		{flow.MinTime, flow.MaxTime, -1},
	} {
		if got := test.at.Add(test.span); got != test.want {
			t.Errorf("%d + %d gives %d, want %d", test.at, test.span, got, test.want)
		}
	}
}

func TestASpanStopsAtTheEndsOfTime(t *testing.T) {
	for _, test := range []struct{ at, from, want flow.Time }{
		{3, 1, 2}, {1, 3, -2}, {flow.MaxTime, -1, flow.MaxTime}, {flow.MaxTime, flow.MinTime, flow.MaxTime},
		{flow.MinTime, 1, flow.MinTime}, {flow.MinTime, flow.MaxTime, flow.MinTime}, {0, flow.MinTime, flow.MaxTime},
		{flow.MinTime, flow.MinTime, 0},
	} {
		if got := test.at.Sub(test.from); got != test.want {
			t.Errorf("%d - %d gives %d, want %d", test.at, test.from, got, test.want)
		}
	}
}

func TestTimesPrintAsRFC3339(t *testing.T) {
	for _, test := range []struct {
		at   flow.Time
		want string
	}{
		{0, "1970-01-01T00:00:00Z"},
		{-1, "1969-12-31T23:59:59.999999999Z"},
		{1485534289 * flow.Second, "2017-01-27T16:24:49Z"},
		{1485534289*flow.Second + 120_000_000, "2017-01-27T16:24:49.12Z"},
	} {
		if got := test.at.String(); got != test.want {
			t.Errorf("%d prints as %s, want %s", test.at, got, test.want)
		}
	}
}

func TestTimeCoversTheYears1678To2261(t *testing.T) {
	for year, want := range map[int]bool{1677: false, 1678: true, 1970: true, 2261: true, 2262: false, 1: false, 9999: false} {
		in := time.Date(year, 6, 1, 12, 0, 0, 5, time.UTC)
		at, ok := flow.FromTime(in)
		if ok != want || ok && !at.UTC().Equal(in) {
			t.Errorf("year %d: %v, %v", year, at, ok)
		}
	}
	if flow.MaxTime != math.MaxInt64 {
		t.Error("the end of time has moved")
	}
}
