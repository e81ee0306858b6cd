package netflow

import (
	"encoding/binary"
	"errors"
	"fmt"

	"seine/flow"
)

// A datagram is one message of an exporter. data is valid until the origin
// gives the next one.
type datagram struct {
	data   []byte
	from   flow.Addr // who sent it; zero in files, which do not tell
	at     flow.Time // of capture
	seen   bool      // at is known
	number uint64    // of the packet within the capture, or of the datagram within the file
	fault  error     // what is known to be wrong with it already
}

// An origin gives the datagrams of an input. At the end next returns io.EOF.
type origin interface {
	next(g *datagram) error
	unit() string // what number counts
}

// A protocol is one of the export protocols.
type protocol uint8

const (
	noProtocol protocol = iota
	netflow5
	netflow9
	ipfix
	sflow5
)

var protocolNames = [...]string{"no export", "NetFlow v5", "NetFlow v9", "IPFIX", "sFlow v5"}

// String names the protocol.
func (p protocol) String() string { return protocolNames[p] }

// The sizes of headers and records, in bytes.
const (
	header5  = 24
	record5  = 48
	header9  = 20
	header10 = 16
	maxSize  = 65535
)

// errShort is the error of measure for bytes that may go on.
var errShort = errors.New("is cut short")

func u16(b []byte) uint16 { return binary.BigEndian.Uint16(b) }
func u32(b []byte) uint32 { return binary.BigEndian.Uint32(b) }

// claims tells which protocol b says to be of.
func claims(b []byte) protocol {
	if len(b) < 4 {
		return noProtocol
	}
	switch u16(b) {
	case 5:
		return netflow5
	case 9:
		return netflow9
	case 10:
		return ipfix
	case 0:
		if u16(b[2:]) == 5 {
			return sflow5
		}
	}
	return noProtocol
}

// measure tells how long the datagram at the start of b is. It is not content
// with the header: whatever lengths there are within have to add up.
func measure(b []byte) (protocol, int, error) {
	switch p := claims(b); p {
	case netflow5:
		n, err := measure5(b)
		return p, n, err
	case netflow9:
		n, err := measure9(b)
		return p, n, err
	case ipfix:
		n, err := measure10(b)
		return p, n, err
	case sflow5:
		n, err := measureSFlow(b)
		return p, n, err
	}
	if len(b) < 4 {
		return noProtocol, 0, errShort
	}
	return noProtocol, 0, errors.New("no version of NetFlow, IPFIX or sFlow at its start")
}

func measure5(b []byte) (int, error) {
	count := int(u16(b[2:]))
	n := header5 + count*record5
	switch {
	case count == 0:
		return 0, errors.New("says that it has no records")
	case n > maxSize:
		return 0, fmt.Errorf("says that it has %d records, more than a datagram can hold", count)
	case len(b) < n:
		return n, errShort
	}
	return n, dated(u32(b[8:]))
}

// measure9 walks the sets to their end: NetFlow v9 does not tell its length.
// The versions of what may follow are no numbers of sets.
func measure9(b []byte) (int, error) {
	if len(b) < header9+4 {
		return 0, errShort
	}
	if u16(b[2:]) == 0 {
		return 0, errors.New("says that it has no records")
	}
	at := header9
	for at < len(b) {
		if len(b)-at < 4 {
			return 0, errShort
		}
		id, length := u16(b[at:]), int(u16(b[at+2:]))
		if id == 5 || id == 9 || id == 10 {
			break
		}
		if err := set(id > 1 && id < 256, id, length); err != nil {
			return 0, err
		}
		if at+length > maxSize {
			return 0, errors.New("is longer than a datagram can be")
		}
		if at+length > len(b) {
			return 0, errShort
		}
		at += length
	}
	if at == header9 {
		return 0, errors.New("has no sets")
	}
	return at, dated(u32(b[8:]))
}

func measure10(b []byte) (int, error) {
	n := int(u16(b[2:]))
	if n < header10+4 {
		return 0, fmt.Errorf("says that it is %d bytes long", n)
	}
	end := min(n, len(b))
	for at := header10; at+4 <= end; {
		id, length := u16(b[at:]), int(u16(b[at+2:]))
		if err := set(id < 2 || id > 3 && id < 256, id, length); err != nil {
			return 0, err
		}
		if at += length; at > n {
			return 0, fmt.Errorf("set %d reaches beyond its end", id)
		}
	}
	if len(b) < n {
		return n, errShort
	}
	return n, dated(u32(b[4:]))
}

// set checks the header of a set.
func set(reserved bool, id uint16, length int) error {
	if reserved {
		return fmt.Errorf("set %d is none that there is", id)
	}
	if length < 4 {
		return fmt.Errorf("set %d says that it is %d bytes long", id, length)
	}
	return nil
}

// errUndated is the error of measure, beside a length, for an exporter that
// does not know the time.
var errUndated = errors.New("is dated before 1990 or after 2100")

func dated(seconds uint32) error {
	if seconds < 631152000 || seconds > 4102444800 {
		return errUndated
	}
	return nil
}

// clock is the time of day that g tells, in seconds; where it cannot be, that
// of its capture.
func (d *decoder) clock(g *datagram, seconds uint32) (flow.Time, error) {
	if err := dated(seconds); err == nil || !g.seen {
		return flow.Time(seconds) * flow.Second, err
	}
	d.seen.undated++
	return g.at, nil
}

func measureSFlow(b []byte) (int, error) {
	at, samples, err := sflowHeader(b)
	if err != nil {
		return 0, err
	}
	for range samples {
		if len(b)-at < 8 {
			return 0, errShort
		}
		if format := u32(b[at:]); format>>12 == 0 && (format == 0 || format > 5) {
			return 0, fmt.Errorf("sample of type %d is none that there is", format)
		}
		length := u32(b[at+4:])
		if length > maxSize {
			return 0, fmt.Errorf("sample says that it is %d bytes long", length)
		}
		if at += 8 + int(length); at > len(b) {
			return 0, errShort
		}
	}
	return at, nil
}
