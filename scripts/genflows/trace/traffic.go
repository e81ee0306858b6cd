package trace

import "net/netip"

// A port that is served inside the site, by servers first … first+count-1.
type inside struct {
	port         uint16
	proto        Proto
	first, count int
	clients      int // callers: servers below this number, or all clients if 0
}

var insides = [...]inside{
	{445, TCP, 40, 24, 0}, {389, TCP, 30, 4, 0}, {88, TCP, 30, 4, 0}, {3306, TCP, 100, 30, 300},
	{5432, TCP, 140, 30, 300}, {6379, TCP, 180, 16, 300}, {9092, TCP, 200, 12, 400}, {5672, TCP, 212, 8, 300},
	{8125, UDP, 220, 2, 400}, {514, UDP, 222, 2, 900}, {9200, TCP, 224, 10, 200}, {8443, TCP, 234, 20, 0},
	{3389, TCP, 260, 60, 0}, {9100, TCP, 330, 50, 0}, {5985, TCP, 380, 100, 60}, {161, UDP, 480, 300, 8},
	{2049, TCP, 64, 8, 400}, {6443, TCP, 240, 6, 400}, {10250, TCP, 400, 200, 20}, {636, TCP, 30, 4, 0},
}

// Ports of services in the world that are neither web nor mail.
var (
	cloudPorts  = [...]uint16{5228, 5223, 3478, 19302, 1194, 8080, 17500, 4500, 8883, 5222, 853, 2120, 51820, 27015, 5938, 10001}
	cloudProtos = [...]Proto{TCP, TCP, UDP, UDP, UDP, TCP, UDP, UDP, TCP, TCP, TCP, TCP, UDP, UDP, TCP, UDP}
	noisePorts  = [...]uint16{23, 445, 3389, 5900, 8080, 1433, 2323, 22, 6379, 5060, 8443, 25, 139, 11211, 9200, 7547}
)

// siteEnds is how flows stand at the site, by protocol and State.
var siteEnds = [3]pick{
	TCP:  newPick(30, 60, 610, 20, 160, 120),
	UDP:  newPick(150, 10, 740, 10, 70, 20),
	ICMP: newPick(0, 0, 1),
}

const webServers = 1 << 18

// browse is a client at a web server. Clients have habits: nearly half of what one
// visits is among few servers of its own.
func (s *site) browse(f *Flow) {
	c := s.rank(s.clients)
	id := worldServer + s.rank(webServers)
	if s.chance(450) {
		id = worldServer + int(mix(uint32(c*64+s.rank(64))))%webServers
	}
	port := uint16(443)
	if mix(uint32(id)^0x55)%8 == 0 {
		port = 80
	}
	if s.chance(75) {
		s.from(f, client6(c))
		s.to(f, world6(id%(webServers/8)), TCP, port)
	} else {
		s.from(f, client(c))
		s.to(f, world(id), TCP, port)
	}
	if port == 443 && s.chance(220) {
		f.Proto = UDP
	}
	s.answer(f, 160, 28, 200, 44)
}

// service is a client or a server at a server.
func (s *site) service(f *Flow) {
	in := &insides[s.rank(len(insides))]
	if in.clients > 0 {
		s.from(f, server(s.rank(in.clients)))
	} else {
		s.from(f, s.client())
	}
	s.to(f, server(in.first+s.rank(in.count)), in.proto, in.port)
	s.answer(f, 150, 36, 165, 40)
}

// peers is file sharing: few clients, very many peers, each with a port of
// its own.
func (s *site) peers(f *Flow) {
	id := worldPeer + s.rank(1<<19)
	port := uint16(1024 + mix(uint32(id)^0xaa)%64000)
	me := 300 + s.rank(48)
	proto := Proto(s.below(3) % 2)
	if s.chance(250) { // a peer calls
		s.from(f, world(id))
		s.to(f, client(me), proto, uint16(10000+mix(uint32(me))%50000))
	} else {
		s.from(f, client(me))
		s.to(f, world(id), proto, port)
	}
	s.answer(f, 150, 48, 150, 56)
	if s.chance(350) { // gone
		f.State, f.DstBytes = Connecting, 0
	}
}

// noise is the background radiation: one of so many strangers tries a port.
func (s *site) noise(f *Flow, strangers int) {
	*f = Flow{
		Proto: TCP, State: Connecting, SrcPort: s.ephemeral(), SrcBytes: uint64(40 + 20*s.below(2)),
		Src: world(worldNoise + s.below(strangers)), Dst: public(s.below(4096)), DstPort: noisePorts[s.rank(len(noisePorts))],
	}
	if s.chance(60) {
		f.DstPort = uint16(s.between(1, 65535))
	}
	if s.chance(150) {
		f.State, f.DstBytes = Reset, 40
	}
}

var (
	everyone = netip.AddrFrom4([4]byte{255, 255, 255, 255})
	nobody   = netip.AddrFrom4([4]byte{})
	ssdp     = netip.AddrFrom4([4]byte{239, 255, 255, 250})
	mdns     = netip.AddrFrom4([4]byte{224, 0, 0, 251})
)

// discover is what hosts call into the local network.
func (s *site) discover(f *Flow) {
	c := s.client()
	switch s.below(4) {
	case 0:
		*f = Flow{Proto: UDP, Src: nobody, SrcPort: 68, Dst: everyone, DstPort: 67, SrcBytes: uint64(s.between(300, 342))}
	case 1:
		*f = Flow{Proto: UDP, Src: c, SrcPort: 5353, Dst: mdns, DstPort: 5353, SrcBytes: s.size(112, 8)}
	case 2:
		*f = Flow{Proto: UDP, Src: c, SrcPort: s.ephemeral(), Dst: ssdp, DstPort: 1900, SrcBytes: s.size(120, 4)}
	case 3:
		*f = Flow{Proto: UDP, Src: c, SrcPort: 17500, Dst: everyone, DstPort: 17500, SrcBytes: s.size(112, 8)}
	}
}
