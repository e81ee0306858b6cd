package trace

import (
	"net/netip"
	"time"
)

// An office is the small scene: a hundred desks, thirty telephones and some
// servers, from four in the morning until noon.
//
//	10.20.0.0/24       servers
//	10.20.1.10…109     desks, fd00:20::a…6d where they speak IPv6
//	10.20.2.10…39      telephones
//	198.18.0.0/15      the normal world (2001:2::/48 for IPv6)
//	documentation      the bad guys
type office struct {
	*Generator
	ports [desks]uint16 // the next port of each desk: operating systems count
}

const (
	desks     = 100
	phones    = 30
	demoFlows = 50_000
	demoSpan  = 8 * time.Hour
)

var demoStart = Day.Add(4 * time.Hour)

// The servers of the office.
var (
	resolverA  = v4(10, 20, 0, 10)
	resolverB  = v4(10, 20, 0, 11)
	fileServer = v4(10, 20, 0, 20)
	exchange   = v4(10, 20, 0, 40)
	backups    = v4(10, 20, 0, 50)
	gateway    = v4(10, 20, 0, 60)
	webServer  = v4(10, 20, 0, 61)
	monitor    = v4(10, 20, 0, 70)
)

// officeDay is the load of an office by the hour.
var officeDay = [24]int{4: 8, 5: 8, 6: 14, 7: 50, 8: 120, 9: 140, 10: 140, 11: 130, 12: 100}

// officeEnds is how flows stand in the office, by protocol and State.
var officeEnds = [3]pick{
	TCP: newPick(10, 6, 700, 10, 250, 24),
	UDP: newPick(60, 2, 900, 0, 38),
}

// NewDemo makes the trace of testdata/demo.
func NewDemo() *Generator {
	o := &office{Generator: &Generator{dice: newDice(20), late: 20, ends: officeEnds}}
	for i := range o.ports {
		o.ports[i] = uint16(49152 + o.below(8000))
	}
	o.end = demoStart.Add(demoSpan).UnixMicro()
	o.fill = o.flow
	o.plant()
	o.routine()
	o.start(demoFlows, demoSpan, demoStart, officeDay)
	return o.Generator
}

func desk(i int) netip.Addr { return v4(10, 20, 1, 10+i) }

func desk6(i int) netip.Addr { return netip.AddrFrom16([16]byte{0xfd, 0, 0, 0x20, 15: byte(10 + i)}) }

func phone(i int) netip.Addr { return v4(10, 20, 2, 10+i) }

// arrival is when desk i is switched on, µs since 1970. Every eighth is never
// switched off.
func arrival(i int) int64 {
	if i%8 == 5 {
		return 0
	}
	return Day.UnixMicro() + 6*hour + 40*minute + int64(mix(uint32(i))%9000)*second
}

// present draws a desk that is on.
func (o *office) present() int {
	for range 10 {
		if i := o.below(desks); arrival(i) < o.next {
			return i
		}
	}
	return 5 + 8*o.below(desks/8)
}

// port is the next port that desk i calls from.
func (o *office) port(i int) uint16 {
	if o.ports[i]++; o.ports[i] < 49152 {
		o.ports[i] = 49152
	}
	return o.ports[i]
}

var officeKinds = newPick(560, 60, 190, 18, 45, 16, 45, 40, 14, 12)

// flow makes a background flow.
func (o *office) flow(f *Flow) {
	i := o.present()
	*f = Flow{Proto: TCP, Src: desk(i), SrcPort: o.port(i)}
	switch officeKinds.draw(o.dice) {
	case 0: // the web, by TCP or QUIC; a server has one port
		f.Dst, f.DstPort = v4(198, 18, 1+o.rank(8), 1+o.rank(50)), 443
		if o.chance(250) {
			f.Proto = UDP
		}
		o.answer(f, 160, 24, 200, 36)
	case 1:
		f.Dst, f.DstPort = v4(198, 18, 20, 1+o.rank(40)), 80
		o.answer(f, 140, 16, 180, 32)
	case 2:
		f.Proto, f.DstPort = UDP, 53
		if f.Dst = resolverA; o.chance(300) {
			f.Dst = resolverB
		}
		o.answer(f, 96, 4, 120, 12)
	case 3:
		f.Proto, f.Dst, f.SrcPort, f.DstPort = UDP, v4(198, 18, 30, 1+o.below(4)), 123, 123
		f.State, f.SrcBytes, f.DstBytes = Established, 76, 76
	case 4:
		f.Dst, f.DstPort = v4(198, 18, 40, 1+o.rank(3)), 993
		o.answer(f, 140, 12, 180, 36)
	case 5: // the accountants have a file server
		i = 8 * o.below(10)
		if arrival(i) > o.next {
			i = 5
		}
		f.Src, f.SrcPort, f.Dst, f.DstPort = desk(i), o.port(i), fileServer, 445
		o.answer(f, 180, 36, 200, 44)
	case 6: // telephones
		i = o.below(phones)
		*f = Flow{Proto: TCP, Src: phone(i), SrcPort: uint16(50000 + i), Dst: exchange, DstPort: 5061}
		o.answer(f, 150, 12, 150, 12)
	case 7: // visitors of the web server
		*f = Flow{Proto: TCP, Src: v4(198, 19, o.rank(4), 1+o.rank(60)), SrcPort: o.ephemeral(), Dst: webServer, DstPort: 443}
		o.answer(f, 140, 16, 190, 32)
	case 8: // two administrators
		i = 5 + 8*o.below(2)
		f.Src, f.SrcPort, f.Dst, f.DstPort = desk(i), o.port(i), gateway, 22
		o.answer(f, 180, 32, 190, 32)
	case 9: // IPv6
		f.Src, f.DstPort = desk6(i), 443
		f.Dst = netip.AddrFrom16([16]byte{0x20, 0x01, 0, 2, 15: byte(1 + o.rank(30))})
		o.answer(f, 160, 24, 200, 36)
	}
}
