package trace

import "net/netip"

// The address plan of the large site. Bad guys live in the ranges kept for
// documentation, so that nobody real is accused.
//
//	10.10.0.0/16       servers
//	10.20.0.0/14       clients; 2001:db8:20::/48 where they speak IPv6
//	198.18.0.0/20      what the site shows to the world
//	anywhere else      the world

// Kinds of strangers: each draws from a quarter of the numbers of its own.
const (
	worldServer  = 0 << 30
	worldVisitor = 1 << 30
	worldPeer    = 2 << 30
	worldNoise   = 3 << 30
)

func v4(a, b, c, d int) netip.Addr {
	return netip.AddrFrom4([4]byte{byte(a), byte(b), byte(c), byte(d)})
}

// reserved marks the first octets that no stranger has.
var reserved = func() (t [256]bool) {
	for _, octet := range []int{0, 10, 100, 127, 169, 172, 192, 198, 203} {
		t[octet] = true
	}
	for octet := 224; octet < 256; octet++ {
		t[octet] = true
	}
	return t
}()

// world is the address of stranger id.
func world(id int) netip.Addr {
	x := mix(uint32(id) + 0x9e3779b9)
	top := byte(x >> 24)
	for step := byte(x)&62 + 1; reserved[top]; {
		top += step
	}
	return netip.AddrFrom4([4]byte{top, byte(x >> 16), byte(x >> 8), byte(x)})
}

// world6 is the IPv6 address of stranger id: few providers, many networks.
func world6(id int) netip.Addr {
	x, y := mix(uint32(id)), mix(uint32(id)+0x9e3779b9)
	a := [16]byte{0x2a, byte(x >> 4 & 15), byte(x >> 8), byte(x & 15), 4: byte(x >> 16), 5: byte(x >> 24), 15: byte(y | 1)}
	if y&1 == 0 { // a private customer: the lower half is random
		a[8], a[9], a[10], a[11] = byte(y>>24), byte(y>>16), byte(x>>13), byte(y>>5)
		a[12], a[13], a[14] = byte(x>>5), byte(y>>9), byte(x>>3)
	}
	return netip.AddrFrom16(a)
}

func client(i int) netip.Addr { return v4(10, 20+i/62500, i/250%250, 2+i%250) }

func client6(i int) netip.Addr {
	net := i / 250
	return netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0, 0x20, byte(net >> 8), byte(net), 15: byte(2 + i%250)})
}

func server(i int) netip.Addr { return v4(10, 10, i/200, 10+i%200) }

// public is address i of 4096, in no order.
func public(i int) netip.Addr {
	i = (i*1237 + 77) & 4095
	return v4(198, 18, i>>8, i&255)
}

// suspect is listed address i of 64.
func suspect(i int) netip.Addr { return v4(203, 0, 113, 1+i*3) }

// Blacklist is the list that belongs to the large trace: 64 addresses that
// occur in it, a few peers that do, and thousands that hardly ever do.
func Blacklist() []string {
	var list []string
	for i := range 64 {
		list = append(list, suspect(i).String())
	}
	for i := range 40 {
		list = append(list, world(worldPeer+977*i).String())
	}
	for i := range 4000 {
		list = append(list, world(worldNoise+0x1fff_0000+i).String())
	}
	for i := range 16 {
		list = append(list, netip.AddrFrom16([16]byte{0x20, 0x01, 0x0d, 0xb8, 0x0b, 0xad, 15: byte(1 + i)}).String())
	}
	return list
}
