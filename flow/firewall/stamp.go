package firewall

import (
	"bytes"
	"time"

	"seine/flow"
	"seine/flow/internal/parse"
)

// A stamp is the time at the start of a line of syslog.
type stamp struct {
	at       flow.Time // where the year is known
	yearless bool      // at is the time within the year 2000, as if that were in UTC
	naive    bool      // no zone was named
}

// A clock reads stamps.
type clock struct {
	zone  parse.Clock // of times in numbers, YYYY-MM-DD
	loc   *time.Location
	relay []byte // name of the relay that put its time in front of the device's
	minutes
	own minutes // of the device behind a relay
}

// minutes remembers the last minute that was read, "Jan  2 2006 15:04", and
// its start: most lines share it.
type minutes struct {
	word   [len("Jan  2 2006 15:04")]byte
	length int
	minute flow.Time
}

func newClock(loc *time.Location) clock {
	if loc == nil {
		loc = time.UTC
	}
	return clock{zone: parse.Clock{Zone: loc}, loc: loc}
}

// read takes the priority, version and time off the start of a line. ok is
// false where there is no time.
func (c *clock) read(line []byte) (s stamp, rest []byte, ok bool) {
	line = bytes.TrimPrefix(line, []byte("\ufeff"))
	line = priority(line)
	c.relay = nil
	if len(line) < 15 {
		return s, line, false
	}
	if line[0]-'0' <= 9 {
		s, rest, ok = c.iso(line)
	} else {
		s, rest, ok = c.bsd(line, &c.minutes)
	}
	if !ok {
		return s, rest, false
	}
	// Behind the time and the name of a relay may stand the device's own
	// time, of which the year is welcome.
	name, behind, more := bytes.Cut(parse.Trim(rest), []byte(" "))
	if !more {
		return s, rest, true
	}
	if own, behind, ok := c.bsd(behind, &c.own); ok {
		c.relay = name
		if s.yearless && !own.yearless {
			s = own
		}
		return s, behind, true
	}
	return s, rest, true
}

// priority drops "<134>", and the "1 " of RFC 5424 behind it.
func priority(line []byte) []byte {
	if len(line) < 3 || line[0] != '<' {
		return line
	}
	for i := 1; i < min(len(line), 5); i++ {
		if line[i] == '>' && i > 1 {
			line = line[i+1:]
			if len(line) > 2 && line[0]-'1' < 9 && line[1] == ' ' {
				line = line[2:]
			}
			return parse.Trim(line)
		}
		if line[i]-'0' > 9 {
			break
		}
	}
	return line
}

// iso reads 2006-01-02T15:04:05, with a fraction and a zone or without.
func (c *clock) iso(line []byte) (s stamp, rest []byte, ok bool) {
	if line[4] != '-' {
		return s, line, false
	}
	n := bytes.IndexByte(line, ' ')
	if n == 10 { // between date and time
		if n = bytes.IndexByte(line[11:], ' '); n >= 0 {
			n += 11
		}
	}
	if n < 0 {
		n = len(line)
	}
	text := line[:n]
	rest = line[n:]
	if at, ok := parse.Instant(text); ok {
		return stamp{at: at}, rest, true
	}
	text = bytes.TrimRight(text, ":")
	at, err := c.zone.Parse(text)
	if err != nil || len(text) < 19 {
		return s, line, false
	}
	last := text[len(text)-1]
	return stamp{at: at, naive: last != 'Z' && !bytes.ContainsAny(text[19:], "+-")}, rest, true
}

// month is the number of an English month, 0 for none.
func month(b []byte) int {
	switch string(b) {
	case "Jan":
		return 1
	case "Feb":
		return 2
	case "Mar":
		return 3
	case "Apr":
		return 4
	case "May":
		return 5
	case "Jun":
		return 6
	case "Jul":
		return 7
	case "Aug":
		return 8
	case "Sep":
		return 9
	case "Oct":
		return 10
	case "Nov":
		return 11
	case "Dec":
		return 12
	}
	return 0
}

// number reads n digits, of which the first may be a blank.
func number(b []byte, n int) int {
	v := 0
	for i, ch := range b[:n] {
		switch {
		case ch-'0' <= 9:
			v = v*10 + int(ch-'0')
		case ch != ' ' || i > 0:
			return -1
		}
	}
	return v
}

// bsd reads "Jan  2 15:04:05", with a fraction or without, and "Jan 02 2006
// 15:04:05" of Cisco's devices.
func (c *clock) bsd(line []byte, last *minutes) (s stamp, rest []byte, ok bool) {
	if len(line) < 15 || line[3] != ' ' || line[6] != ' ' {
		return s, line, false
	}
	year, i := 2000, 7
	if len(line) >= 20 && line[11] == ' ' && line[7]-'0' <= 9 {
		year, i = number(line[7:], 4), 12
	} else {
		s.yearless = true
	}
	if line[i+2] != ':' || line[i+5] != ':' {
		return s, line, false
	}
	sec := number(line[i+6:], 2)
	if sec < 0 || sec > 60 {
		return s, line, false
	}
	s.naive = true
	if end := i + 5; last.length != end || string(last.word[:end]) != string(line[:end]) {
		last.length = 0
		m, d, hour, minute := month(line[:3]), number(line[4:], 2), number(line[i:], 2), number(line[i+3:], 2)
		if m == 0 || d < 1 || hour < 0 || hour > 23 || minute < 0 || minute > 59 || year < 1678 || year > 2261 {
			return s, line, false
		}
		loc := c.loc
		if s.yearless {
			loc = time.UTC
		}
		if d > 28 && time.Date(year, time.Month(m), d, 0, 0, 0, 0, time.UTC).Day() != d {
			return s, line, false // 31 June
		}
		if last.minute, ok = flow.FromTime(time.Date(year, time.Month(m), d, hour, minute, 0, 0, loc)); !ok {
			return s, line, false
		}
		last.length = copy(last.word[:], line[:end])
	}
	s.at = last.minute + flow.Time(sec)*flow.Second
	rest = line[i+8:]
	if len(rest) > 1 && rest[0] == '.' {
		place := flow.Second
		n := 1
		for ; n < len(rest) && rest[n]-'0' <= 9; n++ {
			place /= 10
			s.at += flow.Time(rest[n]-'0') * place
		}
		rest = rest[n:]
	}
	return s, rest, true
}

// A calendar gives times their year, in the order of the input: the year that
// the first one is told to have, and one more whenever December is left behind.
type calendar struct {
	loc  *time.Location
	year int
	last time.Month // of the newest time; 0 before the first

	minute, begun flow.Time // the last minute as it was given, and with its year
	known         bool
}

// place gives a time of a stamp without year its year. ok is false for a day
// that the year lacks.
func (c *calendar) place(at flow.Time) (t flow.Time, ok bool) {
	minute := at.Floor(60 * flow.Second)
	if !c.known || minute != c.minute {
		u := minute.UTC()
		year := c.year
		switch m := u.Month(); {
		case c.last == 0:
			c.last = m
		case m < c.last-6: // the year has changed
			c.year++
			year, c.last = c.year, m
		case m > c.last+6: // a line that comes late, of the year before
			year--
		default:
			c.last = m
		}
		d := time.Date(year, u.Month(), u.Day(), u.Hour(), u.Minute(), 0, 0, c.loc)
		if u.Month() == time.February && u.Day() == 29 && d.Day() != 29 {
			return 0, false
		}
		if c.begun, ok = flow.FromTime(d); !ok {
			return 0, false
		}
		c.minute, c.known = minute, true
	}
	return c.begun.Add(at - minute), true
}

// yearOf is the newest year in which the time at of a stamp does not lie
// beyond limit, but for a day: clocks differ.
func yearOf(at flow.Time, limit time.Time, loc *time.Location) int {
	u := at.UTC()
	year := limit.In(loc).Year()
	if time.Date(year, u.Month(), u.Day(), u.Hour(), u.Minute(), 0, 0, loc).After(limit.Add(24 * time.Hour)) {
		year--
	}
	return year
}
