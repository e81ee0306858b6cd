package netflow

import (
	"errors"
	"io"

	"seine/flow"
	"seine/flow/internal/packet"
)

// A capture is the origin of datagrams that were captured on their way.
type capture struct {
	src        *flow.Source
	seen       *tally
	in         *packet.Reader
	packet     packet.Packet
	collectors map[endpoint]struct{} // where export has been sent
}

type endpoint struct {
	addr flow.Addr
	port uint16
}

const maxCollectors = 1024

// customary reports whether flow export is usually sent to the port.
func customary(port uint16) bool {
	switch port {
	case 2055, 4739, 6343, 9995, 9996:
		return true
	}
	return false
}

func openCapture(src *flow.Source, seen *tally, r io.Reader) (*capture, error) {
	in, err := packet.NewReader(r)
	if err != nil {
		return nil, err
	}
	return &capture{src: src, seen: seen, in: in, collectors: map[endpoint]struct{}{}}, nil
}

func (c *capture) unit() string { return "packet" }

// next implements origin.
func (c *capture) next(g *datagram) error {
	p := &c.packet
	for {
		err := c.in.Next(p)
		var damage packet.Damage
		var broken *packet.Broken
		switch {
		case err == nil && c.export(g):
			return nil
		case err == nil, errors.Is(err, packet.ErrNotIP):
			why := &c.seen.others
			if p.LaterFragment {
				why = &c.seen.fragments
			}
			*why++
			c.src.Skipped++
		case errors.As(err, &damage):
			c.src.Report(p.Number, damage.Error())
		case errors.As(err, &broken):
			c.src.Report(broken.Number, broken.Reason)
			return io.EOF
		default:
			return err
		}
	}
}

// export reports whether the packet is flow export, and makes a datagram of
// it. The contents decide; where they are damaged, the version at the start
// and where the packet was sent.
func (c *capture) export(g *datagram) bool {
	p := &c.packet
	if p.Proto != flow.UDP || !p.HasPorts {
		return false
	}
	to := endpoint{p.Dst, p.DstPort}
	_, known := c.collectors[to]
	err := whole(p.Payload)
	switch {
	case err == nil:
		if !known && len(c.collectors) < maxCollectors {
			c.collectors[to] = struct{}{}
		}
	case claims(p.Payload) == noProtocol || !known && !customary(p.DstPort):
		return false
	case err == errUndated:
		err = nil // there is the time of the capture
	case p.FirstFragment:
		err = errors.New("the datagram was sent in fragments, of which only the first is read")
	case len(p.Payload) < p.PayloadLength:
		err = errors.New("the capture cut the datagram short: tcpdump -s 0 keeps packets whole")
	}
	*g = datagram{data: p.Payload, from: p.Src, at: p.Time, seen: true, number: p.Number, fault: err}
	return true
}

// whole checks that b is one datagram from end to end. NetFlow v5 may be
// padded.
func whole(b []byte) error {
	p, n, err := measure(b)
	if err == nil && n != len(b) && p != netflow5 {
		err = errors.New("goes on behind its end")
	}
	return err
}
