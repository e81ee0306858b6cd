package packet

import (
	"encoding/binary"
	"io"
	"math"
	"math/bits"

	"seine/flow"
)

// The blocks of pcapng that are read; all others are passed over.
const (
	blockSection   = 0x0a0d0d0a
	blockInterface = 1
	blockOldPacket = 2 // before enhanced packets
	blockSimple    = 3
	blockEnhanced  = 6
	blockJournal   = 9
	blockCustom    = 0x0bad
	blockCustomToo = 0x40000bad // may not be copied
	byteOrder      = 0x1a2b3c4d
)

// Limits of what a block may make a reader hold.
const (
	maxBlock      = MaxPacket + 128<<10 // bytes, of a block that is read
	maxInterfaces = 1 << 16             // of a section
)

// A networkInterface tells how to read the packets of an interface.
type networkInterface struct {
	link   Link
	unit   uint8 // of times: as in if_tsresol, a power of ten, or of two with the top bit
	offset int64 // seconds to add to times
}

// isSection reports whether b, of at least twelve bytes, begins a section.
func isSection(b []byte) bool {
	if len(b) < 12 || binary.LittleEndian.Uint32(b) != blockSection {
		return false
	}
	return binary.LittleEndian.Uint32(b[8:]) == byteOrder || binary.BigEndian.Uint32(b[8:]) == byteOrder
}

// block reads blocks up to the next packet.
func (c *Reader) block(p *Packet) ([]byte, Link, error) {
	for {
		h := c.in.peek(16)
		if len(h) < 12 {
			if len(h) == 0 && c.in.failure() == nil {
				return nil, 0, io.EOF
			}
			return nil, 0, c.short()
		}
		kind := c.u32(h)
		if isSection(h) {
			kind = blockSection
			c.big = binary.BigEndian.Uint32(h[8:]) == byteOrder
			c.interfaces = c.interfaces[:0]
		} else if len(h) == 16 {
			if err := c.joined(h); err != nil {
				return nil, 0, err
			}
		}
		size := c.u32(h[4:])
		if size < 12 || size%4 != 0 {
			return nil, 0, c.broken("a block that says it is of %d bytes; the file is damaged here", size)
		}
		switch kind {
		case blockSection, blockInterface, blockOldPacket, blockSimple, blockEnhanced:
			if size > maxBlock {
				return nil, 0, c.broken("a block that says it is of %d bytes; the file is damaged here", size)
			}
		default:
			if uint64(size) > math.MaxInt || !c.in.skip(int(size)) {
				return nil, 0, c.short()
			}
			if kind == blockJournal || kind == blockCustom || kind == blockCustomToo {
				return nil, 0, ErrNotIP // Wireshark numbers them among the frames
			}
			continue
		}
		b := c.in.peek(int(size))
		if len(b) < int(size) {
			return nil, 0, c.short()
		}
		if end := c.u32(b[size-4:]); end != size {
			return nil, 0, c.broken("a block that says it is of %d bytes at its begin and of %d at its end; the file is damaged here", size, end)
		}
		c.in.skip(int(size))
		body := b[8 : size-4]
		switch kind {
		case blockSection:
			if len(body) < 16 || !isSection(b) {
				return nil, 0, c.broken("a section header of %d bytes that cannot be; the file is damaged here", size)
			}
			if major := c.u16(body[4:]); major != 1 {
				return nil, 0, c.broken("pcapng of version %d is not read, only 1", major)
			}
		case blockInterface:
			if err := c.describe(body); err != nil {
				return nil, 0, err
			}
		default:
			return c.captured(kind, body, p)
		}
	}
}

// describe reads an interface description.
func (c *Reader) describe(body []byte) error {
	if len(body) < 8 {
		return c.broken("an interface description of %d bytes; the file is damaged here", len(body)+12)
	}
	if len(c.interfaces) >= maxInterfaces {
		return c.broken("more than %d interfaces in a section; the file is damaged here", maxInterfaces)
	}
	ni := networkInterface{link: Link(c.u16(body)), unit: 6}
	for rest := body[8:]; len(rest) >= 4; {
		code, n := c.u16(rest), int(c.u16(rest[2:]))
		if rest = rest[4:]; code == 0 || n > len(rest) {
			break
		}
		switch {
		case code == 9 && n >= 1:
			ni.unit = rest[0]
		case code == 14 && n >= 8:
			if c.big {
				ni.offset = int64(binary.BigEndian.Uint64(rest))
			} else {
				ni.offset = int64(binary.LittleEndian.Uint64(rest))
			}
		}
		rest = rest[min((n+3)&^3, len(rest)):]
	}
	c.interfaces = append(c.interfaces, ni)
	c.meet(ni.link)
	return nil
}

// captured reads a block that holds a packet.
func (c *Reader) captured(kind uint32, body []byte, p *Packet) ([]byte, Link, error) {
	head, id := 20, uint32(0)
	switch kind {
	case blockSimple:
		head = 4
	case blockEnhanced:
		if len(body) >= 4 {
			id = c.u32(body)
		}
	case blockOldPacket:
		if len(body) >= 4 {
			id = uint32(c.u16(body))
		}
	}
	if len(body) < head {
		return nil, 0, Damage("a packet block too short for its header")
	}
	if uint64(id) >= uint64(len(c.interfaces)) {
		return nil, 0, Damage("of an interface that the capture does not describe")
	}
	ni := &c.interfaces[id]
	if kind == blockSimple {
		p.Length = int(c.u32(body))
		p.CaptureLength = min(p.Length, len(body)-head)
		return nil, 0, Damage("a simple packet block, which tells no time")
	}
	captured, length := c.u32(body[12:]), c.u32(body[16:])
	if uint64(captured) > uint64(len(body)-head) {
		return nil, 0, Damage("says that more bytes were captured than its block holds")
	}
	p.CaptureLength, p.Length = int(captured), int(length)
	t, ok := ni.time(uint64(c.u32(body[4:]))<<32 | uint64(c.u32(body[8:])))
	if !ok {
		return nil, 0, Damage("its time is out of range")
	}
	p.Time = t
	return body[head : head+int(captured)], ni.link, nil
}

// time converts ticks of the interface's clock.
func (ni *networkInterface) time(ticks uint64) (flow.Time, bool) {
	var seconds, nanos uint64
	switch n := ni.unit &^ 0x80; {
	case ni.unit == 6:
		seconds = ticks / 1e6
		nanos = (ticks - seconds*1e6) * 1e3
	case ni.unit == 9:
		seconds = ticks / 1e9
		nanos = ticks - seconds*1e9
	case ni.unit&0x80 != 0:
		if n > 63 {
			return 0, false
		}
		seconds = ticks >> n
		hi, lo := bits.Mul64(ticks&(1<<n-1), 1e9)
		nanos = lo >> n
		if n > 0 {
			nanos |= hi << (64 - n)
		}
	default:
		if n > 19 {
			return 0, false
		}
		perSecond := uint64(1)
		for range n {
			perSecond *= 10
		}
		seconds = ticks / perSecond
		hi, lo := bits.Mul64(ticks%perSecond, 1e9)
		nanos, _ = bits.Div64(hi, lo, perSecond)
	}
	if seconds > uint64(maxSeconds) || ni.offset > maxSeconds || ni.offset < -maxSeconds {
		return 0, false
	}
	s := int64(seconds) + ni.offset
	if s > maxSeconds || s < -maxSeconds {
		return 0, false
	}
	return flow.Time(s)*flow.Second + flow.Time(nanos), true
}
