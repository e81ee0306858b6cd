package nfdump

import (
	"bytes"

	"seine/flow"
	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

// lasting reads the duration at cell *i, as seconds (1.6) or as 00:00:01.500
// (1.7), with days before it: 2d 00:00:01.500; *i is the cell behind.
func lasting(c *table.Cells, i *int, r *flow.Record) error {
	text, days := c.Get(*i), uint64(0)
	if n := len(text); n > 1 && text[n-1] == 'd' {
		var err error
		if days, err = parse.Uint(text[:n-1]); err != nil || days > 36500 {
			return errDuration
		}
		*i++
		text = c.Get(*i)
	}
	*i++
	if bytes.IndexByte(text, ':') < 0 {
		table.Duration(text, parse.Seconds, r)
		return nil
	}
	hours, rest, _ := bytes.Cut(text, []byte(":"))
	minutes, seconds, ok := bytes.Cut(rest, []byte(":"))
	h, err1 := parse.Uint(hours)
	m, err2 := parse.Uint(minutes)
	s, err3 := parse.Scaled(seconds, parse.Seconds)
	if !ok || err1 != nil || err2 != nil || err3 != nil || h > 10000 || m > 59 || s < 0 || s >= 60*flow.Second {
		return errDuration
	}
	r.Duration = flow.Time((days*24+h)*60+m)*60*flow.Second + s
	r.Has |= flow.HasDuration
	return nil
}

// split cuts the port off an address: 192.0.2.1:443, or 2001:db8::1.443.
func split(text []byte) (addr, port []byte) {
	sep := byte(':')
	if bytes.Count(text, []byte(":")) > 1 {
		sep = '.'
	}
	i := bytes.IndexByte(text, sep)
	if i < 0 {
		return text, nil
	}
	return text[:i], text[i+1:]
}
