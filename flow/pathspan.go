package flow

import (
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// Flows may stand in a file of a later hour than the one they began in: they
// are logged when they end, or when a window ends, and delivered later still.
// The clouds need less than an hour for that; others may also name their
// files in a zone of their own.
const (
	cloudSlack = 3600 * Second
	otherSlack = 24 * 3600 * Second
)

// pathSpan is the stretch of time that the flows in a file begin in, as far as
// its path tells by the directories of an archive:
//
//	year=2024/month=03/day=10/hour=05   the keys of Hive, as AWS writes them
//	y=2024/m=03/d=10/h=05/m=00          Azure
//	date=2024-03-10                     dt= too
//	2024/03/10, 2024/03/10/05           AWS, Firehose, nfdump
//	2024/03/10/05:00:00_05:59:59_S0     Google Cloud
//
// with slack at both ends. Only what lies below found counts, the length of
// the part of path that the user wrote: who names the directory of a day
// means its files, whatever the day. ok is false if the path tells nothing.
func pathSpan(path string, found int) (span Span, ok bool) {
	d := pathDate{slack: otherSlack}
	at := -1 // the end of the part
	parts := strings.Split(filepath.ToSlash(path), "/")
	for i, part := range parts {
		at += len(part) + 1
		if key, value, ok := strings.Cut(part, "="); ok {
			d.key(strings.ToLower(key), value, at > found)
		} else if i+2 < len(parts) && d.unit == 0 {
			d.plain(parts[i:], at, found)
		}
		switch {
		case part == "vpcflowlogs", part == "aws-service=vpcflowlogs", strings.HasPrefix(part, "macAddress="), strings.HasSuffix(part, "vpc_flows"):
			d.slack = cloudSlack
		}
	}
	return d.span()
}

// A pathDate is what a path has told so far.
type pathDate struct {
	year, month, day, hour int
	unit                   rune // the smallest that is known: y, m, d, h; 0 none
	below                  bool // that one lies below what the user wrote
	slack                  Time
}

// number reads digits that stand for a number from least to most, or -1.
func number(text string, digits, least, most int) int {
	n, err := strconv.Atoi(text)
	if err != nil || len(text) > digits || text[0] == '+' || n < least || n > most {
		return -1
	}
	return n
}

func (d *pathDate) set(to *int, n int, unit rune, below bool) {
	if n >= 0 {
		*to, d.unit, d.below = n, unit, below
	}
}

// key takes a directory key=value, in which larger units come first.
func (d *pathDate) key(key, value string, below bool) {
	switch {
	case (key == "date" || key == "dt") && d.unit == 0:
		if t, err := time.Parse(time.DateOnly, value); err == nil && t.Year() >= 1970 && t.Year() < 2200 {
			d.year, d.month, d.day, d.unit, d.below = t.Year(), int(t.Month()), t.Day(), 'd', below
		}
	case (key == "year" || key == "y") && d.unit == 0:
		d.set(&d.year, number(value, 4, 1970, 2199), 'y', below)
	case (key == "month" || key == "m") && d.unit == 'y':
		d.set(&d.month, number(value, 2, 1, 12), 'm', below)
	case (key == "day" || key == "d") && d.unit == 'm':
		d.set(&d.day, number(value, 2, 1, 31), 'd', below)
	case (key == "hour" || key == "h") && d.unit == 'd':
		d.set(&d.hour, number(value, 2, 0, 23), 'h', below)
	}
}

// plain takes the directories year/month/day, and perhaps an hour, that parts
// begin with. at is where the first of them ends.
func (d *pathDate) plain(parts []string, at, found int) {
	if len(parts[0]) != 4 || len(parts[1]) != 2 || len(parts[2]) != 2 {
		return
	}
	year, month, day := number(parts[0], 4, 1970, 2199), number(parts[1], 2, 1, 12), number(parts[2], 2, 1, 31)
	if year < 0 || month < 0 || day < 0 {
		return
	}
	at += len(parts[1]) + len(parts[2]) + 2
	d.year, d.month, d.day, d.unit, d.below = year, month, day, 'd', at > found
	if len(parts) < 4 {
		return
	}
	next := parts[3]
	if at += len(next) + 1; len(next) == 2 && len(parts) > 4 {
		d.set(&d.hour, number(next, 2, 0, 23), 'h', at > found)
	} else if len(next) > 9 && next[2] == ':' && next[5] == ':' && next[8] == '_' {
		d.set(&d.hour, number(next[:2], 2, 0, 23), 'h', at > found)
	}
}

func (d *pathDate) span() (Span, bool) {
	if d.unit == 0 || !d.below {
		return Span{}, false
	}
	from := time.Date(d.year, time.Month(max(1, d.month)), max(1, d.day), d.hour, 0, 0, 0, time.UTC)
	to := from
	switch d.unit {
	case 'y':
		to = from.AddDate(1, 0, 0)
	case 'm':
		to = from.AddDate(0, 1, 0)
	case 'd':
		to = from.AddDate(0, 0, 1)
	case 'h':
		to = from.Add(time.Hour)
	}
	first, ok1 := FromTime(from)
	last, ok2 := FromTime(to)
	return Span{first.Add(-d.slack), last.Add(d.slack)}, ok1 && ok2
}

// Overlaps reports whether the stretches have a moment in common.
func (s Span) Overlaps(o Span) bool {
	return s == Span{} || o == Span{} || s.From < o.To && o.From < s.To
}
