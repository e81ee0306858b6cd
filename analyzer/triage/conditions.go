package triage

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"seine/flow"
)

func readID(p *parser, d *draft, key, v *yaml.Node) {
	id, ok := p.scalar(key, v)
	switch {
	case !ok:
	case id == "" || len(id) > 200:
		p.fault(v, "an id has 1 to 200 bytes")
	case p.ids[id] != "":
		p.fault(v, "the id %q is taken, by %s", id, p.ids[id])
	default:
		p.ids[id] = d.use.Place
		d.use.ID = id
	}
}

// A span is the addresses from lo to hi, of one family.
type span struct{ lo, hi netip.Addr }

// readAddrs reads addresses, networks and ranges.
func readAddrs(field string) func(*parser, *draft, *yaml.Node, *yaml.Node) {
	return func(p *parser, d *draft, key, v *yaml.Node) {
		var all []string
		var spans []span
		for _, n := range p.scalars(key, v) {
			text := strings.TrimSpace(n.Value)
			expr := "'" + text + "'"
			lo, hi, isRange := strings.Cut(text, "-")
			lo, hi = strings.TrimSpace(lo), strings.TrimSpace(hi)
			if isRange {
				expr = "'" + lo + "'..'" + hi + "'"
			}
			if strings.Trim(text, "0123456789abcdefABCDEF:./- ") != "" {
				p.fault(n, "%q is no address, network such as 10.0.0.0/8, or range such as 10.0.0.5-10.0.0.9", n.Value)
				return
			}
			if !p.try(d, n, field+" in ["+expr+"]") {
				return
			}
			all = append(all, expr)
			spans = append(spans, spanOf(text, lo, hi, isRange))
		}
		d.in(field, all)
		switch field {
		case "src_ip":
			d.src = spans
		case "dst_ip":
			d.dst = spans
		default:
			d.either = spans
		}
	}
}

// spanOf is what a text that has been checked stands for.
func spanOf(text, lo, hi string, isRange bool) span {
	if isRange {
		a, _ := netip.ParseAddr(lo)
		b, _ := netip.ParseAddr(hi)
		return span{a, b}
	}
	if prefix, err := netip.ParsePrefix(text); err == nil {
		b := prefix.Addr().AsSlice()
		for i := prefix.Bits(); i < 8*len(b); i++ {
			b[i/8] |= 0x80 >> (i % 8)
		}
		last, _ := netip.AddrFromSlice(b)
		return span{prefix.Addr(), last}
	}
	a, _ := netip.ParseAddr(text)
	return span{a, a}
}

func readPorts(field string) func(*parser, *draft, *yaml.Node, *yaml.Node) {
	return func(p *parser, d *draft, key, v *yaml.Node) {
		var all []string
		for _, n := range p.scalars(key, v) {
			text := strings.ReplaceAll(n.Value, " ", "")
			lo, hi, isRange := strings.Cut(text, "-")
			if !isRange {
				hi = lo
			}
			a, err1 := strconv.ParseUint(lo, 10, 16)
			b, err2 := strconv.ParseUint(hi, 10, 16)
			if err1 != nil || err2 != nil || b < a {
				p.fault(n, "%q is no port from 0 to 65535, nor a range such as 8000-8010", n.Value)
				return
			}
			expr := strconv.FormatUint(a, 10)
			if isRange {
				expr += ".." + strconv.FormatUint(b, 10)
			}
			all = append(all, expr)
		}
		d.in(field, all)
	}
}

// readExpires reads the last moment of a rule: of a day its last nanosecond.
func readExpires(p *parser, d *draft, key, v *yaml.Node) {
	text, ok := p.scalar(key, v)
	if !ok {
		return
	}
	at, err := ParseExpiry(text, p.scope.zone())
	if err != nil {
		p.fault(v, "%v", err)
		return
	}
	d.use.Expires, d.use.HasExpires = at, true
}

// ParseExpiry reads the last moment at which something holds. A day holds to
// its end, a minute to its.
func ParseExpiry(text string, zone *time.Location) (flow.Time, error) {
	for _, l := range []struct {
		layout string
		end    func(time.Time) time.Time // of what the layout tells
	}{
		{"2006-01-02", func(t time.Time) time.Time { return t.AddDate(0, 0, 1).Add(-1) }},
		{"2006-01-02 15:04", func(t time.Time) time.Time { return t.Add(time.Minute - 1) }},
		{"2006-01-02T15:04", func(t time.Time) time.Time { return t.Add(time.Minute - 1) }},
		{"2006-01-02 15:04:05", nil},
		{"2006-01-02T15:04:05", nil},
		{time.RFC3339Nano, nil},
	} {
		t, err := time.ParseInLocation(l.layout, text, zone)
		if err != nil {
			continue
		}
		if l.end != nil {
			t = l.end(t)
		}
		if at, ok := flow.FromTime(t); ok {
			return at, nil
		}
	}
	return 0, fmt.Errorf("%q is no time such as 2027-01-31, \"2027-01-31 18:00\" or 2027-01-31T18:00:00Z", text)
}

// A clock is what times of day and days of the week a rule is for; the zero
// clock any.
type clock struct {
	zone  *time.Location
	times [][2]int // minutes from midnight; the second is behind the last
	days  uint8    // a bit for each; 0 all
}

// days of the week, as they are called.
var days = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// any reports whether the clock leaves nothing out.
func (c *clock) any() bool { return len(c.times) == 0 && c.days == 0 }

func (c *clock) has(t flow.Time) bool {
	if c.any() {
		return true
	}
	at := t.UTC().In(c.zone)
	if c.days != 0 && c.days>>uint(at.Weekday())&1 == 0 {
		return false
	}
	minute := at.Hour()*60 + at.Minute()
	for _, s := range c.times {
		if s[0] < s[1] && s[0] <= minute && minute < s[1] || s[0] > s[1] && (s[0] <= minute || minute < s[1]) {
			return true
		}
	}
	return len(c.times) == 0
}

func readClock(p *parser, d *draft, key, v *yaml.Node) {
	d.clock.zone = p.scope.zone()
	for _, n := range p.scalars(key, v) {
		from, to, ok := strings.Cut(strings.ReplaceAll(n.Value, " ", ""), "-")
		a, ok1 := minuteOf(from)
		b, ok2 := minuteOf(to)
		if !ok || !ok1 || !ok2 || a == 24*60 || a == b {
			p.fault(n, "%q is no time of day such as \"01:00-05:30\", or \"22:00-06:00\" over midnight", n.Value)
			return
		}
		d.clock.times = append(d.clock.times, [2]int{a, b})
	}
}

// minuteOf reads 05:30, or 24:00.
func minuteOf(text string) (int, bool) {
	h, m, ok := strings.Cut(text, ":")
	a, err1 := strconv.ParseUint(h, 10, 8)
	b, err2 := strconv.ParseUint(m, 10, 8)
	if !ok || err1 != nil || err2 != nil || len(m) != 2 || a > 24 || b > 59 || a == 24 && b > 0 {
		return 0, false
	}
	return int(a*60 + b), true
}

func readDays(p *parser, d *draft, key, v *yaml.Node) {
	d.clock.zone = p.scope.zone()
	for _, n := range p.scalars(key, v) {
		from, to, isRange := strings.Cut(strings.ReplaceAll(n.Value, " ", ""), "-")
		if !isRange {
			to = from
		}
		a, ok1 := dayOf(from)
		b, ok2 := dayOf(to)
		if !ok1 || !ok2 {
			p.fault(n, "%q is no day of the week (%s), nor a range such as mon-fri", n.Value, strings.Join(days, ", "))
			return
		}
		for ; ; a = (a + 1) % 7 {
			d.clock.days |= 1 << a
			if a == b {
				break
			}
		}
	}
}

func dayOf(text string) (int, bool) {
	for i, short := range days {
		if strings.EqualFold(text, short) || strings.EqualFold(text, time.Weekday(i).String()) {
			return i, true
		}
	}
	return 0, false
}
