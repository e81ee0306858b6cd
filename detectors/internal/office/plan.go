package office

import "seine/flow"

// The address plan.
//
//	10.20.1.0/24     servers
//	10.20.10.0/23    computers of people
//	10.20.30.0/24    printers        10.20.40.0/24  gadgets
//	10.20.50.0/24    mobile phones   10.20.55.0/24  telephones
//	10.20.60.1       the guests, behind one address
//	10.20.70.0/24    colleagues at home, through the VPN
//	10.20.100.0/24   servers that the internet may call
//	198.51.100.0/28  what a sensor outside of the firewall sees
var (
	dcs     = [2]flow.Addr{v4(10, 20, 1, 10), v4(10, 20, 1, 11)}
	resolve = v4(10, 20, 1, 53)
	files   = v4(10, 20, 1, 20)
	prints  = v4(10, 20, 1, 21)
	pbx     = v4(10, 20, 1, 60)
	monitor = v4(10, 20, 1, 70)
	app     = v4(10, 20, 1, 81)
	base    = v4(10, 20, 1, 82)
	updates = v4(10, 20, 1, 85)
	backup  = v4(10, 20, 1, 90)
	builder = v4(10, 20, 1, 95)
	retired = v4(10, 20, 1, 33) // switched off last year
	guests  = v4(10, 20, 60, 1)
	shop    = v4(10, 20, 100, 80)
	mail    = v4(10, 20, 100, 25)
	gate    = v4(10, 20, 100, 5)
	vault   = v4(203, 0, 113, 22) // where backups go
	github  = v4(198, 51, 100, 201)
	mdns    = v4(224, 0, 0, 251)
	llmnr   = v4(224, 0, 0, 252)
	ssdp    = v4(239, 255, 255, 250)
	subnet  = v4(10, 20, 11, 255)
)

func v4(a, b, c, d int) flow.Addr {
	return flow.AddrFrom4(uint32(a)<<24 | uint32(b)<<16 | uint32(c)<<8 | uint32(d))
}

// Inside reports whether an address belongs to the office.
func Inside(a flow.Addr) bool { return a.Is4() && a.Uint32()>>16 == 10<<8|20 }

// cloud is address i of 200 of a large provider, which all programs use.
func cloud(i int) flow.Addr { return v4(203, 0, 113, 40+i%200) }
