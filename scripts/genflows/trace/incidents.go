package trace

// plant writes the incidents of the large site. They come again as long as
// the trace lasts, and shrink with it: at the usual rate they are less than a
// tenth of the n rows.
func (s *site) plant(n int, start int64) {
	rows := func(most int) int { return min(most, n/500) }
	day := func(permille int64) int64 { return start + (s.end-start)/1000*permille }
	for at, i := start+10*minute, 0; at < s.end; at, i = at+6*hour, i+1 {
		s.verticalScan(at, rows(3000), i)
		s.horizontalScan(at+hour, rows(6000), i)
		s.bruteForce(at+2*hour, rows(4000), i)
	}
	for at, i := start+15*minute, 0; at < s.end; at, i = at+hour/2, i+1 {
		s.burst(at, rows(60), i)
	}
	for i := range 3 { // slow scanners: a port now and then
		s.slowScan(day(5), 20*second<<i, n/500, i)
	}
	for i := range 12 {
		s.beacon(day(int64(3*i+1)), []int64{minute, 5 * minute, 10 * minute}[i%3], n/500, i)
	}
	s.exfiltrate(day(600), rows(80))
}

// verticalScan tries the ports of one server from outside, in no order.
func (s *site) verticalScan(at int64, rows, nr int) {
	s.add(at, 20_000, 500, rows, func(i int, f *Flow) {
		*f = Flow{Proto: TCP, State: Reset, Src: suspect(nr % 64), SrcPort: s.ephemeral(), Dst: public(nr % 60),
			DstPort: uint16(1 + mix(uint32(i))%65535), SrcBytes: 40, DstBytes: 40}
	})
}

// horizontalScan is an infected client that goes through the network on 445.
func (s *site) horizontalScan(at int64, rows, nr int) {
	s.add(at, 30_000, 500, rows, func(i int, f *Flow) {
		*f = Flow{Proto: TCP, State: Connecting, Src: client(700 + nr), SrcPort: s.ephemeral(), Dst: v4(10, 20, i/250%250, 2+i%250),
			DstPort: 445, SrcBytes: 52}
	})
}

func (s *site) bruteForce(at int64, rows, nr int) {
	s.add(at, 400_000, 300, rows, func(_ int, f *Flow) {
		*f = Flow{Proto: TCP, State: Closed, Src: suspect(32 + nr%32), SrcPort: s.ephemeral(), Dst: public(200), DstPort: 22,
			SrcBytes: s.size(170, 3), DstBytes: s.size(180, 3)}
	})
}

// burst is one pair on many ports within a window of ten seconds.
func (s *site) burst(at int64, rows, nr int) {
	s.add(at, 100_000, 500, rows, func(i int, f *Flow) {
		*f = Flow{Proto: TCP, State: Established, Src: client(40 + nr%200), SrcPort: s.ephemeral(), Dst: server(600 + nr%90),
			DstPort: uint16(7000 + i), SrcBytes: s.size(140, 20), DstBytes: s.size(140, 20)}
	})
}

func (s *site) slowScan(at, gap int64, rows, nr int) {
	s.add(at, gap, 400, rows, func(i int, f *Flow) {
		*f = Flow{Proto: TCP, State: Connecting, Src: suspect(20 + nr), SrcPort: s.ephemeral(), Dst: public(2000 + nr),
			DstPort: uint16(1 + mix(uint32(i*7+nr))%10000), SrcBytes: 44}
	})
}

func (s *site) beacon(at, gap int64, rows, nr int) {
	s.add(at, gap, 100, rows, func(_ int, f *Flow) {
		*f = Flow{Proto: TCP, State: Closed, Src: client(900 + 7*nr), SrcPort: s.ephemeral(), Dst: suspect(48 + nr), DstPort: 443,
			SrcBytes: 320 + uint64(s.below(8)), DstBytes: 190}
	})
}

func (s *site) exfiltrate(at int64, rows int) {
	s.add(at, 15*second, 300, rows, func(_ int, f *Flow) {
		*f = Flow{Proto: TCP, State: Closed, Src: client(1234), SrcPort: s.ephemeral(), Dst: suspect(63), DstPort: 443,
			SrcBytes: s.size(430, 8), DstBytes: s.size(230, 8)}
	})
}
