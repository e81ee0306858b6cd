package flow

import (
	_ "embed"
	"math/bits"
	"strconv"
	"strings"
	"sync"
)

//go:embed services.txt
var servicesText string

// services has a bit for each port of a known service, TCP and UDP apart.
var services = sync.OnceValue(func() *[2][65536 / 64]uint64 {
	var t [2][65536 / 64]uint64
	for line := range strings.Lines(servicesText) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		for _, word := range words[2:] {
			port, err := strconv.ParseUint(word, 10, 16)
			if err != nil {
				panic("services.txt: " + line)
			}
			if strings.Contains(words[1], "t") {
				t[0][port/64] |= 1 << (port % 64)
			}
			if strings.Contains(words[1], "u") {
				t[1][port/64] |= 1 << (port % 64)
			}
		}
	}
	return &t
})

// serviceRank tells how surely a port is a responder's: 2 the port of a known
// service, 1 another below 1024, which takes privilege to open, 0 any other.
func serviceRank(p Proto, port uint16) int {
	t := services()
	table := &t[0]
	if p == UDP {
		table = &t[1]
	}
	switch {
	case table[port/64]&(1<<(port%64)) != 0:
		return 2
	case port != 0 && port < 1024:
		return 1
	}
	return 0
}

// ServicePort reports whether a service is known to listen on the port, or the
// port is one of those below 1024 that only services use.
func ServicePort(p Proto, port uint16) bool {
	return port != 0 && port < 1024 || serviceRank(p, port) > 0
}

// ServiceName is the name of the service that is known to listen on the port,
// or empty: "ssh". What listens there need not be it. A protocol that is not
// known takes the name that TCP has, or else UDP.
func ServiceName(p Proto, port uint16) string {
	names := serviceNames()
	if p != UDP && p != TCP {
		if n := names[0][port]; n != "" {
			return n
		}
		p = UDP
	}
	if p == UDP {
		return names[1][port]
	}
	return names[0][port]
}

// serviceNames are the names of services by port, TCP and UDP apart; of two
// for a port the first.
var serviceNames = sync.OnceValue(func() (t [2]map[uint16]string) {
	t = [2]map[uint16]string{{}, {}}
	for line := range strings.Lines(servicesText) {
		line, _, _ = strings.Cut(line, "#")
		words := strings.Fields(line)
		if len(words) < 3 {
			continue
		}
		for _, word := range words[2:] {
			port, err := strconv.ParseUint(word, 10, 16)
			if err != nil {
				panic("services.txt: " + line)
			}
			for i, proto := range []string{"t", "u"} {
				if strings.Contains(words[1], proto) && t[i][uint16(port)] == "" {
					t[i][uint16(port)] = words[0]
				}
			}
		}
	}
	return t
})

// popular is how many ends a port must have talked with to be taken for a
// server's.
const popular = 4

// A popularity counts, for addresses with their ports, the ends that they
// talked with, in a table of fixed size: each is a set of 64 bits, in which
// every end sets one. A newcomer wears down the set that it finds in its
// place. Hashes are fixed, since the counts decide on output.
type popularity struct {
	sets []peerSet
}

type peerSet struct {
	tag  uint32
	bits uint64
}

const peerSets = 1 << 15

const peerSeed = 0x8ebc6af09c88c6e3

func endID(a *Addr, port uint16, proto Proto) uint64 { return endHash(a, port, peerSeed+uint64(proto)) }

// see counts the two ends of r for each other.
func (p *popularity) see(r *Record) {
	if p.sets == nil {
		p.sets = make([]peerSet, peerSets)
	}
	a, b := endID(&r.Src, r.SrcPort, r.Proto), endID(&r.Dst, r.DstPort, r.Proto)
	p.add(a, b)
	p.add(b, a)
}

func (p *popularity) add(who, peer uint64) {
	s := &p.sets[who%peerSets]
	if tag := uint32(who >> 32); s.tag != tag {
		if s.bits &= s.bits - 1; s.bits != 0 {
			return
		}
		s.tag = tag
	}
	s.bits |= 1 << (peer >> 58)
}

func (p *popularity) count(a *Addr, port uint16, proto Proto) int {
	who := endID(a, port, proto)
	if s := &p.sets[who%peerSets]; s.tag == uint32(who>>32) {
		return bits.OnesCount64(s.bits)
	}
	return 0
}
