package netflow

import (
	"bytes"
	"fmt"

	"seine/flow"
	"seine/flow/internal/packet"
)

const certain = 95

func match(head []byte) (int, string) {
	if packet.Is(head) {
		return matchCapture(head)
	}
	p, n, err := measure(head)
	switch {
	case p == noProtocol:
		return 0, "neither a capture nor a file of NetFlow v5, v9 or IPFIX"
	case err != nil && !(err == errShort && len(head) == flow.HeadSize && n > 0):
		return 0, fmt.Sprintf("begins like %v, but the first datagram %v", p, err)
	case n < len(head) && len(head)-n >= 4:
		// The first two agree, or the first is all there is.
		q, _, err := measure(head[n:])
		if q == noProtocol || err != nil && err != errShort {
			return 0, fmt.Sprintf("begins like %v, but no datagram follows the first", p)
		}
	}
	return certain, ""
}

// matchCapture accepts a capture of which most packets are flow export.
func matchCapture(head []byte) (int, string) {
	in, err := packet.NewReader(bytes.NewReader(head))
	if err != nil {
		return 0, err.Error()
	}
	var p packet.Packet
	all, exports := 0, 0
	for {
		err := in.Next(&p)
		if _, damaged := err.(packet.Damage); err != nil && err != packet.ErrNotIP && !damaged {
			break
		}
		all++
		if err == nil && p.Proto == flow.UDP && p.HasPorts && whole(p.Payload) == nil {
			exports++
		}
	}
	if exports == 0 || 2*exports <= all {
		return 0, fmt.Sprintf("a capture of which %d of the first %d packets are flow export", exports, all)
	}
	return certain, ""
}
