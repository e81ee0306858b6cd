package office

import (
	"math"
	"strings"

	"seine/flow"
)

// An Incident is something planted.
type Incident struct {
	Name     string
	Detector string    // that must name it
	Rules    []string  // any of which will do; empty means any at all
	Hint     bool      // low severity will do
	Host     flow.Addr // that must be named
	To       flow.Addr // whom it must be named with; zero means anybody
	Start    flow.Time // of the first flow

	play func(from float64) // makes the flows of the day that begins there
}

// Incidents are those planted.
func (w *Week) Incidents() []*Incident { return w.incidents }

// home are the masters of the beacons.
var home = [2]flow.Addr{v4(203, 0, 113, 241), v4(203, 0, 113, 243)}

// plan plants the incidents: all on Tuesday, but for what takes longer. Each has
// a culprit of its own.
func (w *Week) plan() {
	culprit := func(i int) flow.Addr { return w.people[i%len(w.people)].pc }
	const tuesday = day
	add := func(name, detector, rules string, start float64, host flow.Addr, f func(start float64, host flow.Addr)) *Incident {
		in := &Incident{
			Name: name, Detector: detector, Rules: strings.Fields(rules), Host: host, Start: clock(start),
			play: func(from float64) {
				if from <= start && start < from+day {
					f(start, host)
				}
			},
		}
		w.incidents = append(w.incidents, in)
		return in
	}
	add("upload at night", "exfiltration", "upload", tuesday+2*hour, culprit(1), w.upload)
	add("slow scan", "port-scan", "failed-contacts horizontal-scan block-scan", tuesday+1*hour, culprit(4), w.slowScan)
	add("beacon", "beacon", "beacon", tuesday+0.5*hour, culprit(6), w.beacon).To = home[0]
	rare := add("rare beacon", "beacon", "beacon", tuesday+0.6*hour, culprit(8), w.rareBeacon)
	rare.To, rare.Hint = home[1], true // the screens in the meeting rooms call as it does
	add("fast scan", "port-scan", "horizontal-scan", tuesday+10*hour, culprit(7), w.fastScan)
	add("ports of a server", "port-scan", "vertical-scan", tuesday+10.5*hour, culprit(9), w.verticalScan)
	add("guessing", "brute-force", "guessing", tuesday+11*hour, culprit(10), w.guess)
	add("guessed", "brute-force", "likely-success", tuesday+11*hour+700, culprit(10), func(float64, flow.Addr) {})
	add("tunnel in names", "dns-tunnel", "tunnel", tuesday+12*hour, culprit(12), w.tunnel)
	add("lateral movement", "lateral-movement", "", tuesday+13*hour, culprit(13), w.spread)
	add("spam", "many-peers", "mass-mail", tuesday+14*hour, culprit(15), w.spam)
	add("flood", "flood", "syn-flood", tuesday+15*hour, shop, w.flood)
	add("tunnel in pings", "icmp-tunnel", "unequal-echo echo-volume", tuesday+16*hour, culprit(16), w.pings)
}

func (w *Week) upload(t float64, host flow.Addr) {
	for i := range 12 {
		w.tcp(t+float64(i)*400, w.between(200, 380), host, v4(203, 0, 113, 240), 41022, w.around(500e6, 0.2), 4e6)
	}
}

func (w *Week) slowScan(t float64, host flow.Addr) {
	for i := range 180 { // one address every four minutes or so
		to := v4(10, 20, 100+w.IntN(80), 1+w.IntN(250))
		at := t + float64(i)*240 + w.between(-100, 100)
		if i%9 == 5 {
			w.refused(at, host, v4(10, 20, 1, 10+w.IntN(80)), 22)
			continue
		}
		w.silent(at, host, to, []uint16{22, 445, 3389}[w.IntN(3)])
	}
}

// beacon calls every minute, as implants do: a third less at most, and a call
// in five is lost.
func (w *Week) beacon(t float64, host flow.Addr) {
	w.call(t, host, home[0], 60)
}

// rareBeacon calls every five minutes.
func (w *Week) rareBeacon(t float64, host flow.Addr) {
	w.call(t, host, home[1], 300)
}

func (w *Week) call(t float64, host, home flow.Addr, period float64) {
	for end := t + 22*hour; t < end; t += period * (1 - 0.3*w.Float64()) {
		if w.chance(0.8) {
			w.tcp(t, w.around(0.6, 0.4), host, home, 443, w.around(700, 0.1), w.around(400, 0.2))
		}
	}
}

func (w *Week) fastScan(t float64, host flow.Addr) {
	for i := range 1000 {
		at, to := t+float64(i)*0.06, v4(10, 20, i/250, 1+i%250)
		switch {
		case i >= 250 && i < 300:
			w.refused(at, host, to, 445)
		case to == files || to == dcs[0] || to == dcs[1]:
			w.tcp(at, 0.1, host, to, 445, 0, 0)
		default:
			w.silent(at, host, to, 445)
		}
	}
}

func (w *Week) verticalScan(t float64, host flow.Addr) {
	for i := range 800 {
		at := t + float64(i)*0.05
		switch port := uint16(1 + i); port {
		case 22, 443:
			w.tcp(at, 0.05, host, app, port, 0, 0)
		default:
			w.refused(at, host, app, port)
		}
	}
}

// guess tries 300 passwords at a shell, and comes in.
func (w *Week) guess(t float64, host flow.Addr) {
	for i := range 300 {
		w.tcp(t+float64(i)*2.3, w.around(2, 0.05), host, base, 22, w.around(1300, 0.02), w.around(1700, 0.02))
	}
	w.tcp(t+700, 20*minute, host, base, 22, 40e3, 900e3)
}

func (w *Week) tunnel(t float64, host flow.Addr) {
	for i := range 4000 {
		w.udp(t+float64(i)*0.9, 0.05, host, dcs[0], 53, w.between(180, 240), w.between(200, 400))
	}
}

// spread uses a stolen password at computer after computer.
func (w *Week) spread(t float64, host flow.Addr) {
	for i := range 25 {
		to := w.people[(20+i)%len(w.people)].pc
		if to == host {
			continue
		}
		at := t + float64(i)*90
		w.tcp(at, 6, host, to, 445, w.around(300e3, 0.1), 9e3)
		w.tcp(at+5, 3, host, to, 135, 900, 800)
		w.tcp(at+6, 12, host, to, 49670, 3e3, 3e3)
		if i%4 == 0 {
			w.tcp(at+20, 60, host, to, 3389, 90e3, 900e3)
		}
	}
}

func (w *Week) spam(t float64, host flow.Addr) {
	for i := range 900 {
		at, mx := t+float64(i)*2, w.world()
		if w.chance(0.35) {
			w.silent(at, host, mx, 25)
			continue
		}
		w.tcp(at, w.around(3, 0.5), host, mx, 25, w.around(4e3, 0.2), 900)
	}
}

// flood sends SYNs under addresses that are not its own.
func (w *Week) flood(t float64, host flow.Addr) {
	for i := range 60_000 {
		r := w.silent(t+float64(i)*0.01, w.world(), host, 443)
		r.SrcPort = uint16(1024 + w.IntN(64000))
	}
}

func (w *Week) pings(t float64, host flow.Addr) {
	for i := range 60 {
		n := math.Ceil(w.between(30, 60))
		r := w.ping(t+float64(i)*60, host, v4(203, 0, 113, 242), n, n, 56)
		r.SrcBytes, r.DstBytes = uint64(n*w.between(60, 400)), uint64(n*w.between(300, 1200))
	}
}
