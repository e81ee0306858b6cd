// Package firewall reads what packet filters write into syslog: filterlog of
// pfSense and OPNsense, the packet log of the Linux kernel (iptables,
// nftables, ufw), and the connection and deny messages of Cisco's ASA.
//
// A packet filter logs packets: each line is an attempt that was let through
// or stopped. An ASA tells when a connection is built and when it is torn
// down; a flow is made of both, in the place of the second. Lines are decoded
// on several cores; what one line owes to others before it (the begin of its
// connection, the year of its time) is put together afterwards, in order.
package firewall

import (
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"time"

	"seine/flow"
	"seine/flow/internal/lines"
)

//go:embed README.md
var doc string

const (
	packetFields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort |
		flow.HasSrcBytes | flow.HasSrcPkts | flow.HasState | flow.HasFlags | flow.HasICMP
	ciscoFields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort |
		flow.HasDuration | flow.HasSrcPkts | flow.HasState | flow.HasICMP | flow.HasUID
)

// Format describes the logs of firewalls.
func Format() *flow.Format {
	return &flow.Format{
		Name:   "firewall",
		Title:  "Firewall logs in syslog: pfSense and OPNsense filterlog, iptables, nftables and ufw, Cisco ASA",
		Doc:    doc,
		Ext:    []string{".log"},
		Fields: packetFields | ciscoFields,
		// Whoever gets no answer sends the packet again.
		Stitch: flow.Stitching{Pieces: true, Gap: 65 * flow.Second, Auto: true},
		Match:  match,
		Open:   open,
	}
}

// A census tells what the first lines are.
type census struct {
	kinds           [cisco + 1]int // lines that were read, of each kind
	built, teardown int
	timeless        int // lines that are ours, but for a time
	yearless        bool
	first           flow.Time // of the first line without a year, as in a stamp
}

func (c *census) flows() int { return c.kinds[filterlog] + c.kinds[kernel] + c.kinds[cisco] }

func survey(head []byte, loc *time.Location) (c census) {
	d := &decoder{
		clock: newClock(loc), intern: flow.NewInterner(flow.NewSymbols()), seen: new(tally),
		use: use{built: true, permits: true}, year: true,
	}
	whole := len(head) < flow.HeadSize
	var padded []byte
	for len(head) > 0 {
		line, rest, ended := bytes.Cut(head, []byte("\n"))
		head = rest
		if !ended && !whole {
			break
		}
		line = bytes.TrimSuffix(line, []byte("\r"))
		if len(line) == 0 {
			continue
		}
		padded = append(append(padded[:0], line...), make([]byte, lines.Pad)...)
		line = padded[:len(line)]
		var r flow.Record
		switch err := d.Decode(line, &r); {
		case err == errNoTime && unstamped(line):
			c.timeless++
			continue
		case err != nil:
			continue
		}
		c.kinds[d.kind]++
		switch {
		case r.SrcHost&markBuilt != 0:
			c.built++
		case r.SrcHost&markTeardown != 0:
			c.teardown++
		}
		if d.stamp.yearless && !c.yearless {
			c.yearless, c.first = true, d.stamp.at
		}
	}
	return c
}

// unstamped reports whether a line begins as one of ours does whose time was
// left out: with the time since boot, or with the message.
func unstamped(line []byte) bool {
	line = priority(bytes.TrimPrefix(line, []byte("\ufeff")))
	for _, p := range [...]string{"[", "%", ":", "IN=", "kernel:", "filterlog"} {
		if bytes.HasPrefix(line, []byte(p)) {
			return true
		}
	}
	return false
}

func match(head []byte) (int, string) {
	if bytes.IndexByte(head, 0) >= 0 {
		return 0, "binary data"
	}
	switch c := survey(head, nil); {
	case c.flows() > 0:
		return 95, ""
	case c.timeless > 0:
		return 60, ""
	}
	return 0, "no line of filterlog, of the Linux kernel's packet log or of a Cisco ASA, with a time at its start"
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	loc := src.Options.Location
	if loc == nil {
		loc = time.UTC
	}
	c := survey(head, loc)
	if c.flows() == 0 && c.timeless > 0 {
		return nil, errors.New("lines without a date and time at their start (time since boot, or none at all), so no flow has a time: " +
			"export the log with times, as with \"journalctl -k -o short-iso\" or \"logging timestamp\" on an ASA")
	}
	year := src.Options.Year
	if c.yearless {
		if year, err = firstYear(src, c.first, loc); err != nil {
			return nil, err
		}
	}
	src.Fields = flow.HasStart | flow.HasAddrs
	all := len(head) < flow.HeadSize // else lines of another kind may yet come
	if c.kinds[cisco] > 0 || c.flows() == 0 || !all {
		src.Fields |= ciscoFields
	}
	if c.kinds[filterlog]+c.kinds[kernel] > 0 || c.flows() == 0 || !all {
		src.Fields |= packetFields
	}
	u := use{built: c.built > 0 && c.teardown == 0, permits: c.built+c.teardown == 0}
	src.Mapping = mapping(&c, u)
	seen := new(tally)
	in, err := lines.Open(src, func(in *flow.Interner) lines.Decoder {
		return &decoder{clock: newClock(loc), intern: in, seen: seen, use: u, year: year != 0}
	})
	if err != nil {
		return nil, err
	}
	return &joiner{Lender: in, src: src, seen: seen, use: u, calendar: calendar{loc: loc, year: year}}, nil
}

// firstYear is the year of the first time without one.
func firstYear(src *flow.Source, first flow.Time, loc *time.Location) (int, error) {
	if year := src.Options.Year; year != 0 {
		return year, nil
	}
	modified, ok := src.Modified()
	if !ok {
		return 0, errors.New("times have no year, and there is no file whose date would tell it: name the year of the first line with --year")
	}
	year := yearOf(first, modified, loc)
	src.Note(fmt.Sprintf("times have no year: %d is taken for that of the first line, by the date of the file, unless --year names another", year))
	return year, nil
}

func mapping(c *census, u use) []string {
	m := []string{"ts        ← time at the start of the line"}
	if c.kinds[filterlog] > 0 {
		m = append(m, "filterlog: a packet a line; addresses, ports, protocol, length, flags and action by place")
	}
	if c.kinds[kernel] > 0 {
		m = append(m, "kernel: a packet a line; SRC, DST, SPT, DPT, PROTO, LEN, TYPE, CODE, flags; action ← the prefix of the rule")
	}
	switch {
	case c.kinds[cisco] == 0:
	case u.built:
		m = append(m, "cisco: flows ← Built (302013, 302015, 302020), for want of Teardown; denials ← 106023, 106100")
	case u.permits:
		m = append(m, "cisco: flows ← 106023, 106100")
	default:
		m = append(m, "cisco: flows ← Teardown (302014, 302016, 302021), with the originator and begin of Built; denials ← 106023, 106100")
	}
	return m
}

func (t *tally) note(src *flow.Source) {
	if zone := src.Options.Location; t.naive.Load() && (zone == nil || zone.String() == "UTC") {
		src.Note("times are local and name no zone: read as UTC unless --tz names another")
	}
	for _, n := range []struct {
		count uint64
		text  string
	}{
		{t.other.Load(), "lines of other programs were skipped"},
		{t.cisco.Load(), "messages of a Cisco firewall about other things were skipped"},
		{t.nat.Load(), "lines about translations were skipped: their packets have lines of their own"},
		{t.permits.Load(), "lines about permitted connections (106100) were skipped: Built and Teardown tell of them"},
		{t.built.Load(), "Teardown messages were skipped: flows were taken from Built, since no Teardown was among the first lines"},
		{t.single, "connections were torn down whose Built is not in the log: their begin is reckoned from the duration, their originator guessed by the ports"},
		{t.open, "connections were not torn down before the log ended: no flow was made of them"},
		{t.evicted, fmt.Sprintf("connections were forgotten before their Teardown: the newest %d are kept", maxConnections)},
		{t.longAgo, "connections were built of which the Teardown was not logged: no flow was made of them"},
		{t.wrongEnds, "connections were torn down with other addresses than they were built with: Built was not used"},
	} {
		if n.count > 0 {
			src.Note(fmt.Sprintf("%d %s", n.count, n.text))
		}
	}
}
