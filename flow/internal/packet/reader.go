package packet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"seine/flow"
)

// A Reader reads the packets of a capture in the order of the file.
type Reader struct {
	in     buffer
	number uint64 // packets so far
	err    error  // the last error, once there is one

	ng  bool
	big bool // byte order of the section

	// pcap
	header   int // bytes before each packet
	fraction flow.Time
	oldOrder bool // a version that may have swapped the two lengths
	link     Link

	// pcapng
	interfaces []networkInterface

	links []Link // those met, each once
}

// ErrNoCapture is the error of NewReader for bytes that are neither pcap nor
// pcapng.
var ErrNoCapture = errors.New("neither pcap nor pcapng")

// Is reports whether head begins as a capture does: pcap of either byte order
// with micro- or nanoseconds, or pcapng.
func Is(head []byte) bool {
	if len(head) >= 12 && isSection(head) {
		return true
	}
	_, _, ok := pcapMagic(head)
	return ok
}

// NewReader reads the header of a capture. It fails with ErrNoCapture, with a
// Broken where the header is damaged, or with the error of r.
func NewReader(r io.Reader) (*Reader, error) {
	c := &Reader{in: buffer{r: r, buf: make([]byte, bufferSize)}}
	head := c.in.peek(24)
	if !Is(head) {
		if err := c.in.failure(); err != nil {
			return nil, err
		}
		return nil, ErrNoCapture
	}
	if isSection(head) {
		c.ng = true
		return c, nil // the section is the first block
	}
	if err := c.begin(); err != nil {
		return nil, err
	}
	return c, nil
}

// Next fills p with the next packet. Its error is nil, ErrNotIP or a Damage
// for this packet alone; io.EOF, a *Broken or the error of the underlying
// reader at the end of all.
func (c *Reader) Next(p *Packet) error {
	if c.err != nil {
		return c.err
	}
	*p = Packet{Number: c.number + 1}
	var frame []byte
	var link Link
	err := errJoined
	for err == errJoined {
		if c.ng {
			frame, link, err = c.block(p)
		} else {
			frame, link, err = c.record(p)
		}
	}
	if err != nil {
		if _, damaged := err.(Damage); damaged || err == ErrNotIP {
			c.number++
		} else {
			c.err = err
		}
		return err
	}
	c.number++
	return p.decode(link, frame)
}

// Links are the link types of the packets' interfaces met so far, each once.
func (c *Reader) Links() []Link { return c.links }

func (c *Reader) meet(l Link) {
	for _, known := range c.links {
		if known == l {
			return
		}
	}
	if len(c.links) < 64 {
		c.links = append(c.links, l)
	}
}

// broken is the end of a file that cannot be read on.
func (c *Reader) broken(format string, a ...any) error {
	return &Broken{c.number + 1, fmt.Sprintf(format, a...)}
}

// short is the end of a file in the midst of something.
func (c *Reader) short() error {
	if err := c.in.failure(); err != nil {
		return err
	}
	return c.broken("the capture ends within this packet")
}

func (c *Reader) u16(b []byte) uint16 {
	if c.big {
		return binary.BigEndian.Uint16(b)
	}
	return binary.LittleEndian.Uint16(b)
}

func (c *Reader) u32(b []byte) uint32 {
	if c.big {
		return binary.BigEndian.Uint32(b)
	}
	return binary.LittleEndian.Uint32(b)
}

// pcapMagic reads the magic number of a pcap file. kind is its value in the
// file's own byte order.
func pcapMagic(b []byte) (kind uint32, big, ok bool) {
	if len(b) < 4 {
		return 0, false, false
	}
	for _, big := range []bool{false, true} {
		v := binary.LittleEndian.Uint32(b)
		if big {
			v = binary.BigEndian.Uint32(b)
		}
		switch v {
		case magicMicro, magicNano, magicModified:
			return v, big, true
		}
	}
	return 0, false, false
}

// The magic numbers of pcap. The third was written by a Linux kernel patch of
// the nineties and lives on in old captures: its record headers are longer.
const (
	magicMicro    = 0xa1b2c3d4
	magicNano     = 0xa1b23c4d
	magicModified = 0xa1b2cd34
)

// begin reads the file header of pcap.
func (c *Reader) begin() error {
	b := c.in.peek(24)
	if len(b) < 24 {
		if err := c.in.failure(); err != nil {
			return err
		}
		return c.broken("the capture ends within its header")
	}
	kind, big, _ := pcapMagic(b)
	c.ng, c.big = false, big
	c.header, c.fraction = 16, 1000
	switch kind {
	case magicNano:
		c.fraction = 1
	case magicModified:
		c.header = 24
	}
	major, minor := c.u16(b[4:]), c.u16(b[6:])
	if major != 2 {
		return c.broken("pcap of version %d.%d is not read, only 2.x", major, minor)
	}
	c.oldOrder = minor < 4
	c.link = Link(c.u32(b[20:])) // the upper half tells of checksums
	c.meet(c.link)
	c.in.skip(24)
	return nil
}

// record reads a record of pcap.
func (c *Reader) record(p *Packet) ([]byte, Link, error) {
	h := c.in.peek(c.header)
	if len(h) < c.header {
		if len(h) == 0 && c.in.failure() == nil {
			return nil, 0, io.EOF
		}
		return nil, 0, c.short()
	}
	if err := c.joined(h); err != nil {
		return nil, 0, err
	}
	captured, length := c.u32(h[8:]), c.u32(h[12:])
	if c.oldOrder && captured > length {
		captured, length = length, captured
	}
	if captured > MaxPacket {
		return nil, 0, c.broken("says that %d bytes were captured; the file is damaged here", captured)
	}
	n := c.header + int(captured)
	b := c.in.peek(n)
	if len(b) < n {
		return nil, 0, c.short()
	}
	p.Time = flow.Time(c.u32(b))*flow.Second + flow.Time(c.u32(b[4:]))*c.fraction
	p.CaptureLength, p.Length = int(captured), int(length)
	c.in.skip(n)
	return b[c.header:], c.link, nil
}

// errJoined tells that another file begins where a packet should: captures
// that were concatenated. Its header has been read, or is the next block.
var errJoined = errors.New("another capture begins")

// joined looks for the header of another file in the first sixteen bytes or
// more of a record or block.
func (c *Reader) joined(h []byte) error {
	if isSection(h) {
		c.ng = true
		return errJoined
	}
	if _, big, ok := pcapMagic(h); ok {
		// A packet of the year 2055 may look like the magic number, but not
		// like version 2.4 without a zone and without accuracy.
		v := []byte{2, 0, 4, 0}
		if big {
			v = []byte{0, 2, 0, 4}
		}
		if bytes.Equal(h[4:8], v) && bytes.Equal(h[8:16], make([]byte, 8)) {
			if err := c.begin(); err != nil {
				return err
			}
			return errJoined
		}
	}
	return nil
}
