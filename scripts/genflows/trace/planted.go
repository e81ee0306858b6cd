package trace

import "net/netip"

// The strangers that mean harm.
var (
	control  = v4(203, 0, 113, 77)
	guesser  = v4(203, 0, 113, 140)
	dropbox  = v4(198, 51, 100, 20)
	prober   = v4(192, 0, 2, 66)
	panel    = v4(198, 51, 100, 99)
	control6 = netip.MustParseAddr("2001:db8:bad::1")
)

// DemoBlacklist is the list that belongs to the demo trace. The address that
// takes the night upload and the one that guesses passwords are not on it.
func DemoBlacklist() []string {
	return []string{
		"# Known bad, all from ranges kept for documentation.",
		"203.0.113.77      ; command and control",
		"192.0.2.64/28     ; probes web servers",
		"198.51.100.99",
		"198.51.100.200",
		"2001:db8:bad::/48",
	}
}

// clockTime is the time of day as µs since 1970.
func clockTime(h, m int64) int64 { return Day.UnixMicro() + h*hour + m*minute }

// plant writes the incidents that testdata/demo/README.md tells of.
func (o *office) plant() {
	call := func(i int, dst netip.Addr, port uint16, state State, up, down uint64) Flow {
		return Flow{Proto: TCP, State: state, Src: desk(i), SrcPort: o.port(i), Dst: dst, DstPort: port, SrcBytes: up, DstBytes: down}
	}
	o.add(clockTime(4, 0)+17*second, minute, 100, 478, func(_ int, f *Flow) { // beacon
		*f = call(13, control, 8443, Closed, 312+uint64(o.below(4)), 188)
	})
	o.add(clockTime(4, 20), minute, 300, 40, func(_ int, f *Flow) { // night upload
		*f = call(21, dropbox, 443, Closed, 180_000_000+uint64(o.below(40_000_000)), 90_000+uint64(o.below(9000)))
	})
	o.add(clockTime(8, 15), second, 300, 320, func(i int, f *Flow) { // vertical scan
		*f = call(37, fileServer, uint16(1+i*37%1024), Reset, 60, 40)
		if f.DstPort == 445 {
			f.State, f.SrcBytes, f.DstBytes = Closed, 212, 160
		}
	})
	o.add(clockTime(9, 30), 600_000, 300, 250, func(i int, f *Flow) { // horizontal scan
		*f = call(42, v4(10, 20, 3, 1+i), 445, Connecting, 52, 0)
		if i%9 == 4 {
			f.State, f.DstBytes = Reset, 40
		}
	})
	o.add(clockTime(10, 5), second, 200, 900, func(i int, f *Flow) { // passwords guessed
		*f = Flow{Proto: TCP, State: Closed, Src: guesser, SrcPort: o.ephemeral(), Dst: gateway, DstPort: 22,
			SrcBytes: 1820 + uint64(o.below(90)), DstBytes: 2410 + uint64(o.below(60))}
		if i == 899 { // and found
			f.State, f.SrcBytes, f.DstBytes = Established, 48_211, 913_440
		}
	})
	o.add(clockTime(7, 40), 20*minute, 400, 8, func(_ int, f *Flow) { // listed, inwards
		*f = Flow{Proto: TCP, State: Closed, Src: prober, SrcPort: o.ephemeral(), Dst: webServer, DstPort: 443,
			SrcBytes: o.size(140, 8), DstBytes: o.size(170, 8)}
	})
	o.add(clockTime(9, 2), 11*minute, 300, 5, func(_ int, f *Flow) { // listed, outwards, to an odd port
		*f = call(50, panel, 81, Established, o.size(150, 8), o.size(150, 8))
	})
	o.add(clockTime(10, 47), 9*minute, 200, 4, func(_ int, f *Flow) { // listed, IPv6
		*f = call(78, control6, 443, Established, o.size(150, 8), o.size(160, 8))
		f.Src = desk6(78)
	})
	o.add(clockTime(11, 10)+400_000, 200_000, 0, 45, func(i int, f *Flow) { // burst within ten seconds
		*f = call(67, exchange, uint16(5100+7*i), Established, o.size(120, 12), o.size(120, 12))
	})
}

// routine writes what looks odd and is harmless: leases, the nightly copy,
// the monitoring.
func (o *office) routine() {
	for i := range desks {
		if on := arrival(i); on > 0 {
			o.add(on, 0, 0, 1, func(_ int, f *Flow) {
				*f = Flow{Proto: UDP, State: Fresh, SrcPort: 68, DstPort: 67, Src: nobody, Dst: everyone, SrcBytes: 300 + uint64(mix(uint32(i))%42)}
			})
		}
	}
	o.add(clockTime(4, 30), 2*minute, 200, 20, func(_ int, f *Flow) {
		*f = Flow{Proto: TCP, State: Closed, Src: fileServer, SrcPort: o.ephemeral(), Dst: backups, DstPort: 22,
			SrcBytes: o.size(460, 8), DstBytes: o.size(300, 8)}
	})
	watched := []netip.Addr{resolverA, resolverB, fileServer, exchange, backups, gateway, webServer}
	o.add(clockTime(4, 0), minute, 0, 479, func(i int, f *Flow) {
		*f = Flow{Proto: TCP, State: Closed, Src: monitor, SrcPort: o.ephemeral(), Dst: watched[i%len(watched)], DstPort: 443,
			SrcBytes: 517, DstBytes: 1460}
	})
}
