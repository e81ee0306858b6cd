package trace

import "time"

const (
	second = int64(1_000_000) // microseconds
	minute = 60 * second
	hour   = 60 * minute
)

// busySite is the load of a large site by the hour of the day (UTC).
var busySite = [24]int{55, 48, 44, 42, 42, 46, 58, 80, 110, 128, 136, 138, 130, 134, 138, 136, 130, 122, 114, 108, 100, 88, 74, 62}

// A clock spreads n rows over a span so that the rate follows the hours of
// the day. It only moves forward.
type clock struct {
	start    int64 // µs since 1970
	load     [24]int
	rows     int64
	total    int64 // load·minutes of the whole span
	minutes  int64
	minute   int64 // minute in hand, counted from start
	before   int64 // load·minutes in front of it
	current  int64 // load of it
	rowsDone int64
}

func newClock(start time.Time, span time.Duration, rows int, load [24]int) *clock {
	c := &clock{start: start.UnixMicro(), load: load, rows: int64(rows), minutes: max(int64(span/time.Minute), 1)}
	for m := range c.minutes {
		c.total += c.at(m)
	}
	c.current = c.at(0)
	return c
}

// at is the load in minute m, on a straight line between the full hours.
func (c *clock) at(m int64) int64 {
	m += c.start / minute
	h, rest := m/60, m%60
	return int64(c.load[h%24])*(60-rest) + int64(c.load[(h+1)%24])*rest
}

// next is the time of the next row.
func (c *clock) next() int64 {
	want := muldiv(c.rowsDone, c.total, c.rows)
	c.rowsDone++
	for c.minute < c.minutes-1 && c.before+c.current <= want {
		c.before += c.current
		c.minute++
		c.current = c.at(c.minute)
	}
	return c.start + c.minute*minute + (want-c.before)*minute/max(c.current, 1)
}

// A calendar writes times; it remembers the second it wrote last, since most
// rows share theirs with the row before.
type calendar struct {
	second int64
	text   [19]byte
}

func (k *calendar) append(b []byte, t int64, fraction bool) []byte {
	s, us := t/second, t%second
	if s != k.second || k.text[0] == 0 {
		k.second = s
		time.Unix(s, 0).UTC().AppendFormat(k.text[:0], "2006-01-02 15:04:05")
	}
	b = append(b, k.text[:]...)
	if !fraction {
		return b
	}
	b = append(b, '.')
	for unit := second / 10; unit > 0; unit /= 10 {
		b = append(b, byte('0'+us/unit%10))
	}
	return b
}
