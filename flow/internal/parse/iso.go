package parse

import "seine/flow"

// Instant reads a time with a zone, 2006-01-02T15:04:05.000000+02:00, where
// the fraction may be absent and the zone be Z, +02:00 or +0200. Digits beyond
// nanoseconds are dropped. ok is false for every other spelling, which Clock
// may know, and for years before 1678 and from 2262.
func Instant(b []byte) (t flow.Time, ok bool) {
	if len(b) < 20 || len(b) > 64 || b[4] != '-' || b[7] != '-' || b[10] != 'T' || b[13] != ':' || b[16] != ':' {
		return 0, false
	}
	year, month, day := two(b[0:2])*100+two(b[2:4]), two(b[5:7]), two(b[8:10])
	hour, minute, sec := two(b[11:13]), two(b[14:16]), two(b[17:19])
	if year < 1678 || year > 2261 || month < 1 || month > 12 || day < 1 || day > 28 && day > daysIn(year, month) ||
		hour > 23 || minute > 59 || sec > 59 {
		return 0, false
	}
	i, frac, place := 19, int64(0), int64(1e8)
	if b[i] == '.' {
		for i++; i < len(b) && b[i]-'0' <= 9; i++ {
			frac += int64(b[i]-'0') * place
			place /= 10
		}
		if i == 20 {
			return 0, false
		}
	}
	offset := 0
	switch rest := len(b) - i; {
	case rest == 1 && b[i] == 'Z':
	case rest == 5 && (b[i] == '+' || b[i] == '-'), rest == 6 && (b[i] == '+' || b[i] == '-') && b[i+3] == ':':
		h, m := two(b[i+1:i+3]), two(b[len(b)-2:])
		if h > 23 || m > 59 {
			return 0, false
		}
		if offset = h*3600 + m*60; b[i] == '-' {
			offset = -offset
		}
	default:
		return 0, false
	}
	s := int64(daysSince1970(year, month, day))*86400 + int64(hour*3600+minute*60+sec-offset)
	const limit = int64(flow.MaxTime / flow.Second)
	if s >= limit || s <= -limit {
		return 0, false
	}
	return flow.Time(s*1e9 + frac), true
}

// two reads two digits; anything else gives a number out of every range.
func two(b []byte) int {
	h, l := b[0]-'0', b[1]-'0'
	if h > 9 || l > 9 {
		return 1 << 20
	}
	return int(h)*10 + int(l)
}

// daysSince1970 counts days of the Gregorian calendar: years begin in March,
// so that the leap day comes last.
func daysSince1970(year, month, day int) int {
	if month < 3 {
		year, month = year-1, month+12
	}
	return 365*year + year/4 - year/100 + year/400 + (153*(month-3)+2)/5 + day - 719469
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}
