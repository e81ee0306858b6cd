package cicflowmeter

import (
	"time"

	"seine/flow"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

// order tells how the times of a column are written.
type order struct {
	monthFirst bool // 7/20/2026 rather than 20/7/2026
	afternoon  bool // hours 1 to 7 stand for 13 to 19
}

// parts are the numbers of a slash date as they stand.
type parts struct {
	a, b, year, hour, minute, second int
	nanos                            flow.Time
	seconds                          bool // were given
	half                             byte // 'a', 'p' or 0
}

// cut reads 7/7/2026 3:30, 20/11/2026 09:50:19, 20/11/2026 09:50:19 PM.
func cut(v []byte) (p parts, ok bool) {
	var ok1, ok2, ok3, ok4, ok5 bool
	p.a, v, ok1 = number(v, '/')
	p.b, v, ok2 = number(v, '/')
	p.year, v, ok3 = number(v, ' ')
	for len(v) > 0 && v[0] == ' ' {
		v = v[1:]
	}
	p.hour, v, ok4 = number(v, ':')
	p.minute, v, ok5 = number(v, 0)
	if !ok1 || !ok2 || !ok3 || !ok4 || !ok5 {
		return p, false
	}
	if len(v) > 0 && v[0] == ':' {
		p.seconds = true
		if p.second, v, ok = number(v[1:], 0); !ok {
			return p, false
		}
		if len(v) > 0 && v[0] == '.' {
			place := flow.Second
			for v = v[1:]; len(v) > 0 && v[0]-'0' <= 9; v = v[1:] {
				place /= 10
				p.nanos += flow.Time(v[0]-'0') * place
			}
		}
	}
	for len(v) > 0 && v[0] == ' ' {
		v = v[1:]
	}
	switch {
	case len(v) == 0:
		return p, true
	case len(v) == 2 && v[1]|0x20 == 'm' && (v[0]|0x20 == 'a' || v[0]|0x20 == 'p'):
		p.half = v[0] | 0x20
		return p, p.hour >= 1 && p.hour <= 12
	}
	return p, false
}

// number reads up to four digits and the byte behind them, if that is not 0.
func number(v []byte, end byte) (n int, rest []byte, ok bool) {
	i := 0
	for i < len(v) && i < 4 && v[i]-'0' <= 9 {
		n = n*10 + int(v[i]-'0')
		i++
	}
	if i == 0 || end != 0 && (i == len(v) || v[i] != end) {
		return 0, nil, false
	}
	if end != 0 {
		return n, v[i+1:], true
	}
	return n, v[i:], true
}

// learn decides, once for the column, how its times are written.
func learn(l *table.Layout, at *layout, src *flow.Source) order {
	var o order
	slash, dayFirst, monthFirst, seconds, halves, late, zoned := 0, 0, 0, 0, 0, 0, 0
	l.Sample(func(cells []string) bool {
		p, ok := cut([]byte(cells[at.start]))
		if !ok {
			zoned++
			return true
		}
		slash++
		if p.a > 12 {
			dayFirst++
		}
		if p.b > 12 {
			monthFirst++
		}
		if p.seconds {
			seconds++
		}
		if p.half != 0 {
			halves++
		}
		if p.hour > 12 || p.hour == 0 {
			late++
		}
		return true
	})
	if slash > 0 {
		switch {
		case monthFirst > 0 && dayFirst == 0:
			o.monthFirst = true
			src.Note("dates are read month first: a second number above 12 says so")
		case dayFirst > 0 && monthFirst == 0:
			src.Note("dates are read day first: a first number above 12 says so")
		default:
			src.Note("dates are read day first, as CICFlowMeter writes them: the first rows do not settle it")
		}
	}
	if slash > 0 && l.Has("Source IP") && seconds == 0 && halves == 0 && late == 0 {
		o.afternoon = true
		src.Note("times have minutes alone and a clock of 12 hours without AM or PM: hours 1 to 7 are read as " +
			"13 to 19, as the CICIDS2017 captures ran from 8 to 17 o'clock")
	}
	table.LocalTime(src, "Timestamp")
	return o
}

// A clock reads the times of the column.
type clock struct {
	order order
	zone  *time.Location
	plain parse.Clock // for 2026-03-10 09:00:00

	last  parts // the last minute read, without its seconds
	start flow.Time
	known bool
}

func (c *clock) parse(v []byte) (flow.Time, error) {
	p, ok := cut(v)
	if !ok {
		c.plain.Zone = c.zone
		if len(v) < 19 {
			return 0, parse.ErrTime
		}
		return c.plain.Parse(v)
	}
	if p.second > 59 {
		return 0, parse.ErrTime
	}
	within := flow.Time(p.second)*flow.Second + p.nanos
	p.second, p.nanos = 0, 0
	if c.known && p == c.last {
		return c.start + within, nil
	}
	day, month, hour := p.a, p.b, p.hour
	if c.order.monthFirst {
		day, month = month, day
	}
	switch {
	case p.half == 'p':
		hour = hour%12 + 12
	case p.half == 'a':
		hour %= 12
	case c.order.afternoon && !p.seconds && hour >= 1 && hour <= 7:
		hour += 12
	}
	if month < 1 || month > 12 || day < 1 || hour > 23 || p.minute > 59 || p.year < 1678 {
		return 0, parse.ErrTime
	}
	zone := c.zone
	if zone == nil {
		zone = time.UTC
	}
	t := time.Date(p.year, time.Month(month), day, hour, p.minute, 0, 0, zone)
	if t.Day() != day {
		return 0, parse.ErrTime // 30 February
	}
	at, ok := flow.FromTime(t)
	if !ok {
		return 0, parse.ErrTimeRange
	}
	c.last, c.start, c.known = p, at, true
	return at + within, nil
}
