package parse

import (
	"errors"
	"math/rand/v2"
	"strconv"
	"testing"
	"time"
	_ "time/tzdata"

	"seine/flow"
)

func zone(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

func TestTimesAreReadInAnyUsualSpelling(t *testing.T) {
	berlin := zone(t, "Europe/Berlin")
	for _, test := range []struct {
		clock Clock
		text  string
		want  string // RFC 3339, or the error
	}{
		{Clock{}, "2017-01-27 16:24:49", "2017-01-27T16:24:49Z"},
		{Clock{}, "2017-01-27T16:24:49", "2017-01-27T16:24:49Z"},
		{Clock{}, "2017/01/27 16:24:49", "2017-01-27T16:24:49Z"},
		{Clock{}, "2017-01-27 16:24:49.1", "2017-01-27T16:24:49.1Z"},
		{Clock{}, "2017-01-27 16:24:49.123456789", "2017-01-27T16:24:49.123456789Z"},
		{Clock{}, "2017-01-27 16:24:49.1234567899", "2017-01-27T16:24:49.123456789Z"},
		{Clock{}, "2017-01-27T16:24:49Z", "2017-01-27T16:24:49Z"},
		{Clock{}, "2017-01-27t16:24:49z", "2017-01-27T16:24:49Z"},
		{Clock{}, "2017-01-27 16:24:49 UTC", "2017-01-27T16:24:49Z"},
		{Clock{}, "2017-01-27T16:24:49.5+02:00", "2017-01-27T14:24:49.5Z"},
		{Clock{}, "2021-06-06T15:59:46.457984+0200", "2021-06-06T13:59:46.457984Z"},
		{Clock{}, "2017-01-27T16:24:49-0730", "2017-01-27T23:54:49Z"},
		{Clock{}, "2017-01-27T16:24:49+02", "2017-01-27T14:24:49Z"},
		{Clock{}, "1969-12-31 23:59:59.999999999", "1969-12-31T23:59:59.999999999Z"},
		{Clock{}, "1678-01-01 00:00:00", "1678-01-01T00:00:00Z"},
		{Clock{}, "2261-12-31 23:59:59", "2261-12-31T23:59:59Z"},
		{Clock{}, "2016-02-29 00:00:00", "2016-02-29T00:00:00Z"},
		{Clock{Zone: berlin}, "2017-01-27 16:24:49", "2017-01-27T15:24:49Z"},
		{Clock{Zone: berlin}, "2017-07-27 16:24:49", "2017-07-27T14:24:49Z"},
		{Clock{Zone: berlin}, "2017-07-27T16:24:49Z", "2017-07-27T16:24:49Z"},
		{Clock{Zone: berlin}, "1485534289", "2017-01-27T16:24:49Z"},

		{Clock{}, "0", "1970-01-01T00:00:00Z"},
		{Clock{}, "1485534289", "2017-01-27T16:24:49Z"},
		{Clock{}, "1485534289.25", "2017-01-27T16:24:49.25Z"},
		{Clock{}, "1485534289.1234567899", "2017-01-27T16:24:49.123456789Z"},
		{Clock{}, "-0.5", "1969-12-31T23:59:59.5Z"},
		{Clock{}, "-1", "1969-12-31T23:59:59Z"},
		{Clock{}, "15.0", "1970-01-01T00:00:15Z"},
		{Clock{Unit: Milliseconds}, "1485534289250", "2017-01-27T16:24:49.25Z"},
		{Clock{Unit: Milliseconds}, "1485534289250.5", "2017-01-27T16:24:49.2505Z"},
		{Clock{Unit: Microseconds}, "1485534289250001", "2017-01-27T16:24:49.250001Z"},
		{Clock{Unit: Nanoseconds}, "1485534289250000001", "2017-01-27T16:24:49.250000001Z"},

		{Clock{Strict: true}, "2017-01-27T16:24:49", ErrNaiveT.Error()},
		{Clock{Strict: true}, "2017-01-27T16:24:49Z", "2017-01-27T16:24:49Z"},
		{Clock{Strict: true}, "2017-01-27 16:24:49", "2017-01-27T16:24:49Z"},

		{Clock{}, "1677-12-31 23:59:59", ErrTimeRange.Error()},
		{Clock{}, "2262-01-01 00:00:00", ErrTimeRange.Error()},
		{Clock{}, "9999999999", ErrTimeRange.Error()},
		{Clock{}, "99999999999999999999999", ErrTimeRange.Error()},
		{Clock{}, "2017-02-29 00:00:00", ErrTime.Error()},
		{Clock{}, "2017-02-30 00:00:00", ErrTime.Error()},
		{Clock{}, "2017-04-31 00:00:00", ErrTime.Error()},
		{Clock{}, "2017-13-01 00:00:00", ErrTime.Error()},
		{Clock{}, "2017-00-01 00:00:00", ErrTime.Error()},
		{Clock{}, "2017-01-00 00:00:00", ErrTime.Error()},
		{Clock{}, "2017-01-27 24:00:00", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:60:00", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:24:60", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:24", ErrTime.Error()},
		{Clock{}, "2017-01/27 16:24:49", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:24:49,5", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:24:49.", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:24:49.5x", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:24:49 +25:00", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:24:49 CET", ErrTime.Error()},
		{Clock{}, "2017-01-27 16:24:4x", ErrTime.Error()},
		{Clock{}, "27.01.2017 16:24:49", ErrTime.Error()},
		{Clock{}, "", ErrTime.Error()},
		{Clock{}, "-", ErrTime.Error()},
		{Clock{}, "never", ErrTime.Error()},
		{Clock{}, "1485534289x", ErrTime.Error()},
		{Clock{}, "1.2.3", ErrTime.Error()},
	} {
		for range 2 { // the second reading may know the minute
			at, err := test.clock.Parse([]byte(test.text))
			got := at.String()
			if err != nil {
				got = err.Error()
			}
			if got != test.want {
				t.Errorf("%q: got %s, want %s", test.text, got, test.want)
			}
		}
	}
}

// What a clock remembers of the last row changes nothing in the next.
func TestAClockHasNoMemoryThatShows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	texts := []string{
		"2017-03-26 01:59:59", "2017-03-26 02:30:00", "2017-03-26 03:00:00", "2017-10-29 02:30:00", "2017-10-29 02:59:59.5",
		"2017-10-29T02:30:00", "2017/10/29 02:30:01", "2017-10-29 02:30:01Z", "2017-10-29 02:30:01 +05:00", "2017-10-29 02:30:61",
		"2017-10-29 02:30:01.", "2017-10-29 02:30:01.123456789123", "2017-10-29 02:30x01", "1485534289", "x", "2017-02-30 00:00:00",
	}
	for _, name := range []string{"UTC", "Europe/Berlin", "America/Sao_Paulo", "Asia/Kolkata"} {
		for _, strict := range []bool{false, true} {
			used := Clock{Zone: zone(t, name), Strict: strict}
			for range 20_000 {
				text := []byte(texts[rng.IntN(len(texts))])
				fresh := Clock{Zone: used.Zone, Strict: strict}
				a, err1 := used.Parse(text)
				b, err2 := fresh.Parse(text)
				if err1 != err2 || err1 == nil && a != b {
					t.Fatalf("%s in %s: %v %v, a new clock says %v %v", text, name, a, err1, b, err2)
				}
			}
		}
	}
}

func TestTheUnitOfEpochTimesIsGuessedByTheirSize(t *testing.T) {
	for text, want := range map[string]Unit{
		"0": Seconds, "1485534289": Seconds, "1485534289250": Milliseconds, "1485534289250001": Microseconds, "1485534289250000001": Nanoseconds,
	} {
		v, _ := strconv.ParseFloat(text, 64)
		if got := GuessUnit(v); got != want {
			t.Errorf("%s counts %v, want %v", text, got, want)
		}
	}
}

var layouts = []string{
	"2006-01-02 15:04:05", "2006/01/02 15:04:05", "2006-01-02T15:04:05", time.RFC3339, "2006-01-02T15:04:05-0700",
	"2006-01-02 15:04:05 -07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05-07:00", "2006-01-02 15:04:05Z07:00",
}

func FuzzClock(f *testing.F) {
	for _, l := range layouts {
		f.Add(time.Date(2017, 1, 27, 16, 24, 49, 0, time.UTC).Format(l))
		f.Add(time.Date(1969, 12, 31, 23, 59, 59, 0, time.FixedZone("", -3600)).Format(l))
	}
	f.Add("2017-10-29 02:30:01.123456789123")
	f.Add("2017-02-29 00:00:00")
	f.Add("-12.5")
	f.Add("9223372036.854775807")
	berlin := zone(f, "Europe/Berlin")
	f.Fuzz(func(t *testing.T, text string) {
		for _, loc := range []*time.Location{nil, berlin} {
			c := Clock{Zone: loc}
			got, err := c.Parse([]byte(text))
			if again, err2 := c.Parse([]byte(text)); again != got || err2 != err {
				t.Fatalf("%q: read as %v %v, and again as %v %v", text, got, err, again, err2)
			}
			in := loc
			if in == nil {
				in = time.UTC
			}
			for _, l := range layouts {
				want, lerr := time.ParseInLocation(l, text, in)
				if lerr != nil {
					continue
				}
				at, ok := flow.FromTime(want)
				if err == nil && (!ok || at != got) {
					t.Fatalf("%q: read as %v, package time says %v", text, got, want)
				}
			}
			if v, ferr := strconv.ParseFloat(text, 64); err == nil && ferr == nil {
				if d := got.UTC().Sub(time.Unix(0, 0)).Seconds() - v; d > 1 || d < -1 {
					t.Fatalf("%q: read as %v, %v seconds off", text, got, d)
				}
			}
			if err != nil && !errors.Is(err, ErrTime) && !errors.Is(err, ErrTimeRange) {
				t.Fatalf("%q: strange error %v", text, err)
			}
		}
	})
}
