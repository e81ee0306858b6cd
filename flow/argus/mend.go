package argus

import (
	"bytes"
	"slices"

	"seine/flow/internal/parse"
	"seine/flow/internal/table"
)

// dated splits the column of the start in two where, in a table of blanks, a
// date stands apart from its time.
func dated(l *table.Layout) *table.Layout {
	if l.Sep != table.Blanks {
		return l
	}
	i := l.Column("StartTime")
	for _, row := range l.Rows {
		cells := table.SplitAll(row, l.Sep)
		if i >= len(cells) || !isDate([]byte(cells[i])) {
			continue
		}
		split := table.New(l.Sep, slices.Insert(slices.Clone(l.Names), i, "date"))
		split.Header, split.Rows = l.Header, l.Rows
		return split
	}
	return l
}

// isDate reports whether b is a date alone: 2026/03/10.
func isDate(b []byte) bool {
	return len(b) == 10 && (b[4] == '/' || b[4] == '-') && b[7] == b[4]
}

// Mend implements table.Mender. In a table of blanks an empty cell leaves no
// trace; the arrow tells where those of arp and igmp rows were.
func (d *row) Mend(_ []byte, c *table.Cells) (bool, error) {
	at := d.at
	if !d.blanks || at.dir < 1 || at.dst != at.dir+1 || at.dport != at.dst+1 || at.state != at.dport+1 ||
		at.sport != at.dir-1 {
		return false, nil
	}
	if isArrow(c.Get(at.dir - 1)) { // no first port
		c.Insert(at.sport)
	}
	if !isArrow(c.Get(at.dir)) {
		return false, nil
	}
	if v := c.Get(at.dport); len(v) > 0 && v[0]-'0' > 9 { // the state
		c.Insert(at.dport)
	}
	missing := at.columns - c.Len()
	if at.label >= 0 && missing > 0 { // perhaps the label, where it is not there to be seen
		if v := c.Get(c.Len() - 1); at.label != at.columns-1 || len(v) == 0 || v[0]-'0' <= 9 {
			return false, nil
		}
	}
	// One side sent nothing, and has no type of service; arp has none at all.
	if at.stos == at.state+1 && at.dtos == at.stos+1 && missing <= 2 {
		for ; missing > 0; missing-- {
			c.Insert(at.dtos + 1 - missing)
		}
	}
	if c.Len() != at.columns {
		return false, nil
	}
	pkts, ok1 := table.Number(c.Get(at.pkts)) // a row that was cut would have slipped to here
	size, ok2 := table.Number(c.Get(at.bytes))
	return ok1 && ok2 && pkts > 0 && size/20 >= pkts, nil
}

func isArrow(b []byte) bool {
	b = parse.Trim(b)
	return string(b) == "who" || len(b) > 0 && len(b) < 4 && len(bytes.Trim(b, "<->?|o")) == 0
}
