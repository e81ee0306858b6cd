package gcp

import (
	"bytes"
	"errors"
	"fmt"

	"seine/flow"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// The members of a record, behind the place of its payload.
const (
	srcIP = iota
	srcPort
	destIP
	destPort
	protocol
	bytesSent
	packetsSent
	startTime
	endTime
	reporter
	disposition
	memberCount
)

var members = [memberCount]string{
	"connection/src_ip", "connection/src_port", "connection/dest_ip", "connection/dest_port", "connection/protocol",
	"bytes_sent", "packets_sent", "start_time", "end_time", "reporter", "disposition",
}

// A record stands in the payload of a log entry, however its name is spelled,
// or by itself.
var payloads = [...]string{"jsonPayload/", "json_payload/", ""}

// The members of a log entry.
const (
	timestamp = len(payloads)*memberCount + iota
	logName
	logNameToo
	insertID
)

var paths = func() *jsonscan.Paths {
	var all []string
	for _, p := range payloads {
		for _, m := range members {
			all = append(all, p+m)
		}
	}
	return jsonscan.Compile(append(all, "timestamp", "logName", "log_name", "insertId")...)
}()

var (
	errNoConnection = errors.New("no connection with src_ip and dest_ip")
	errNoTime       = errors.New("no start_time")
)

// payload finds where the members of the record are.
func payload(s *jsonscan.Scanner) (int, bool) {
	for i := range payloads {
		p := i * memberCount
		if s.Kind(p+srcIP) == jsonscan.String && s.Kind(p+destIP) == jsonscan.String {
			return p, true
		}
	}
	return 0, false
}

type decoder struct {
	scan   *jsonscan.Scanner
	intern *flow.Interner
	seen   *tally
	clock  parse.Clock
	at     int // of the payload
}

// Decode implements lines.Decoder.
func (d *decoder) Decode(text []byte, r *flow.Record) error {
	if text[0] == 0xef {
		text = bytes.TrimPrefix(text, []byte("\ufeff"))
	}
	s := d.scan
	if err := s.Scan(text); err != nil {
		return err
	}
	var ok bool
	if d.at, ok = payload(s); !ok {
		return d.other()
	}
	*r = flow.Record{Proto: flow.ProtoUnknown}
	if err := d.addr(srcIP, &r.Src); err != nil {
		return err
	}
	if err := d.addr(destIP, &r.Dst); err != nil {
		return err
	}
	r.Has = flow.HasAddrs
	if err := d.times(r); err != nil {
		return err
	}
	if p, ok := d.count(protocol); ok && p < 256 {
		r.Proto = flow.Proto(p)
		r.Has |= flow.HasProto
	} else if p, ok := flow.ParseProto(d.text(protocol)); ok {
		r.Proto = p
		r.Has |= flow.HasProto
	}
	if err := d.port(srcPort, &r.SrcPort, flow.HasSrcPort, r); err != nil {
		return err
	}
	if err := d.port(destPort, &r.DstPort, flow.HasDstPort, r); err != nil {
		return err
	}
	if v, ok := d.count(bytesSent); ok {
		r.SrcBytes = v
		r.Has |= flow.HasSrcBytes
	}
	if v, ok := d.count(packetsSent); ok {
		r.SrcPkts = v
		r.Has |= flow.HasSrcPkts
	}
	if word := d.text(disposition); len(word) > 0 {
		r.RawState = d.intern.Symbol(word)
		r.Has |= flow.HasState
		switch string(word) {
		case "DENIED":
			r.State = flow.StateDenied
		case "ALLOWED": // by the rule; whether anybody answered is not told
			r.State = flow.StatePartial
		}
	}
	switch side := d.text(reporter); {
	case bytes.HasPrefix(side, []byte("SRC")):
		d.seen.source.Add(1)
	case bytes.HasPrefix(side, []byte("DEST")):
		d.seen.dest.Add(1)
	}
	return nil
}

// other judges an object that is no record: a log entry of another kind, or
// nothing that Cloud Logging writes.
func (d *decoder) other() error {
	for i := range payloads {
		if p := i * memberCount; d.scan.Kind(p+srcIP) != jsonscan.Absent || d.scan.Kind(p+destIP) != jsonscan.Absent {
			return errNoConnection
		}
	}
	if d.scan.Kind(logName) == jsonscan.String || d.scan.Kind(logNameToo) == jsonscan.String || d.scan.Kind(insertID) == jsonscan.String {
		name := d.scan.Text(logName)
		if !bytes.HasSuffix(name, []byte("vpc_flows")) && !bytes.HasSuffix(name, []byte("firewall")) {
			return lines.ErrSkip
		}
	}
	return errNoConnection
}

// text is a string or a number, nil where there is neither.
func (d *decoder) text(i int) []byte {
	if k := d.scan.Kind(d.at + i); k != jsonscan.String && k != jsonscan.Number {
		return nil
	}
	return d.scan.Text(d.at + i)
}

func (d *decoder) addr(i int, to *flow.Addr) error {
	text := d.text(i)
	a, err := parse.Addr(text)
	if err != nil {
		return fail(members[i], text, err)
	}
	*to = a
	return nil
}

// count reads a whole number, which BigQuery may have made a float and Cloud
// Logging a string.
func (d *decoder) count(i int) (uint64, bool) {
	text := d.text(i)
	if text == nil {
		return 0, false
	}
	return parse.Counter(text)
}

func (d *decoder) port(i int, to *uint16, has flow.Fields, r *flow.Record) error {
	text := d.text(i)
	if len(text) == 0 {
		return nil
	}
	v, err := parse.Port(text)
	if err != nil {
		return fail(members[i], text, err)
	}
	if v == 0 && r.Has&flow.HasProto != 0 && r.Proto != flow.TCP && r.Proto != flow.UDP {
		return nil // of a protocol without ports
	}
	*to = v
	r.Has |= has
	return nil
}

func (d *decoder) instant(text []byte) (flow.Time, error) {
	if t, ok := parse.Instant(text); ok {
		return t, nil
	}
	return d.clock.Parse(text) // BigQuery: 2026-01-01 00:00:00.5 UTC
}

func (d *decoder) times(r *flow.Record) (err error) {
	name, text := members[startTime], d.text(startTime)
	if text == nil && d.text(disposition) != nil && d.scan.Kind(timestamp) == jsonscan.String {
		name, text = "timestamp", d.scan.Text(timestamp)
	}
	if text == nil {
		return errNoTime
	}
	if r.Start, err = d.instant(text); err != nil {
		return fail(name, text, err)
	}
	r.Has |= flow.HasStart
	if text = d.text(endTime); text == nil {
		return nil
	}
	end, err := d.instant(text)
	switch {
	case err != nil:
		return fail(members[endTime], text, err)
	case end < r.Start:
		d.seen.negative.Add(1)
	case end-r.Start < 0: // further apart than a span can be
		return nil
	default:
		r.Duration = end - r.Start
	}
	r.Has |= flow.HasDuration
	return nil
}

func fail(name string, value []byte, err error) error {
	const most = 60
	more := ""
	if len(value) > most {
		value, more = value[:most], "…"
	}
	return fmt.Errorf("%s %q%s: %w", name, value, more, err)
}
