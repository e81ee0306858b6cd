package netflow

import (
	"bufio"
	"errors"
	"fmt"
	"io"
)

// A file is the origin of datagrams that stand one behind the other, which is
// what RFC 5655 makes of IPFIX, and what tools that write down what they
// receive make of NetFlow.
type file struct {
	in     *bufio.Reader
	number uint64
	used   int // bytes of the last datagram, still in the buffer
}

func openFile(r io.Reader) *file { return &file{in: bufio.NewReaderSize(r, 4*maxSize)} }

func (f *file) unit() string { return "datagram" }

// next implements origin.
func (f *file) next(g *datagram) error {
	if _, err := f.in.Discard(f.used); err != nil {
		return err
	}
	f.used = 0
	b, err := f.in.Peek(maxSize)
	if len(b) == 0 {
		return err
	}
	f.number++
	*g = datagram{number: f.number}
	version, n, fault := measure(b)
	var late error
	if err != nil && err != io.EOF {
		late = err
	}
	switch {
	case fault == errUndated:
		g.fault, f.used = fault, n
	case fault == nil && version == sflow5:
		return errNoClock
	case fault == nil:
		g.data, f.used = b[:n], n
	case fault == errShort && len(b) < maxSize:
		if late != nil {
			return late
		}
		g.data, f.used = b, len(b)
		g.fault = errors.New("the file ends within this datagram")
	default:
		return f.resume(g, fault)
	}
	return nil
}

// maxJunk is how far the next datagram is looked for, in bytes.
const maxJunk = 1 << 20

// resume looks for the next datagram behind one that cannot be read.
func (f *file) resume(g *datagram, fault error) error {
	for lost, found := 0, false; ; lost++ {
		b, err := f.in.Peek(maxSize)
		if len(b) == 0 && err != io.EOF {
			return err
		}
		if lost > 0 && len(b) > 0 {
			p, _, bad := measure(b)
			found = bad == nil && p != sflow5
		}
		switch {
		case lost == maxJunk:
			return fmt.Errorf("datagram %d %w, and %d bytes behind it are none either", f.number, fault, lost)
		case found || len(b) == 0:
			g.fault = fmt.Errorf("%w; %d bytes were passed over", fault, lost)
			return nil
		}
		if _, err := f.in.Discard(1); err != nil {
			return err
		}
	}
}
