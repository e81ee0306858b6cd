package office

import (
	"math"

	"seine/flow"
)

// A person has a computer and habits.
type person struct {
	number    int
	pc, phone flow.Addr
	developer bool
	imap      bool // reads mail of a provider, which is asked every five minutes
	syncs     bool // keeps files in the cloud
	sites     []flow.Addr
	cloud     int
	begins    float64 // work, in seconds of the day
}

func (w *Week) person(i int) person {
	p := person{
		number: i, pc: v4(10, 20, 10+i/200, 10+i%200), phone: v4(10, 20, 50, 10+i%200), developer: i%6 == 2,
		imap: i%5 == 0, syncs: i%3 == 1, cloud: w.IntN(200), begins: 8.5*hour + w.NormFloat64()*0.8*hour,
	}
	for range 40 {
		p.sites = append(p.sites, w.site())
	}
	return p
}

// work is a day of a person.
func (w *Week) work(p *person, from float64) {
	w.pocket(p, from)
	weekend := int(from/day)%7 >= 5
	if weekend && p.number%12 != 3 { // some never switch off
		return
	}
	dc := dcs[p.number%2]
	begin := from + p.begins + w.NormFloat64()*10*minute
	length := 8.8*hour + w.NormFloat64()*40*minute
	if weekend {
		begin, length = from, day
	}
	w.logon(p, begin, dc)
	w.machine(p, begin, length, dc)
	if weekend {
		return
	}
	for t := begin + 3*minute; t < begin+length; {
		for range 1 + w.IntN(18) { // a session
			w.page(p, t, dc)
			t += w.around(45, 1.1)
		}
		t += w.around(12*minute, 0.8)
	}
	w.filework(p, begin, length)
	if p.developer {
		w.develop(p, begin, length)
	}
	for range w.IntN(4) {
		w.meeting(p, begin+w.Float64()*(length-hour))
	}
	w.rarely(begin, length, 3, func(t float64) { // print
		w.tcp(t, w.around(4, 0.6), p.pc, prints, 445, w.around(600e3, 1.2), 6e3)
		w.tcp(t+2, w.around(9, 0.5), prints, v4(10, 20, 30, 10+p.number%8), 9100, w.around(1e6, 1.2), 300)
	})
	if p.syncs {
		w.rarely(begin, length, 12, func(t float64) {
			w.tcp(t, w.around(30, 1), p.pc, cloud(p.cloud%6), 443, min(w.around(2e6, 1.6), 3e9), w.around(2e4, 0.5))
		})
	}
}

// logon is what a Windows computer does when it starts.
func (w *Week) logon(p *person, t float64, dc flow.Addr) {
	w.udp(t-20, 0.02, v4(0, 0, 0, 0), v4(255, 255, 255, 255), 67, 300, 0).SrcPort = 68
	for i := range 12 {
		w.ask(t+float64(i), p.pc, dc)
	}
	for i := range 5 {
		w.tcp(t+2+float64(i)/4, 0.02, p.pc, dc, 88, w.around(1500, 0.1), w.around(1600, 0.1))
	}
	for i := range 4 {
		w.tcp(t+4+float64(i), w.around(30, 1), p.pc, dc, 389, w.around(4e3, 0.4), w.around(12e3, 0.6))
	}
	w.tcp(t+4, 1, p.pc, dc, 135, 600, 500)
	w.tcp(t+4.2, 8, p.pc, dc, 49664+uint16(p.number%8), 4e3, 5e3)
	w.tcp(t+5, 20, p.pc, dc, 445, 9e3, 30e3)
	if p.number%9 == 4 { // a drive of a server that is gone
		for i := range 3 {
			w.silent(t+8+float64(i)*21, p.pc, retired, 445)
		}
	}
}

// machine is what the programs of a computer do by themselves.
func (w *Week) machine(p *person, begin, length float64, dc flow.Addr) {
	all := func(period, spread float64, f func(t float64)) { w.every(begin, length, period, spread, f) }
	all(512, 0.15, func(t float64) { w.udp(t, 0.01, p.pc, dc, 123, 48, 48).SrcPort = 123 })
	all(90*minute, 0.1, func(t float64) { // group policy
		w.tcp(t, 3, p.pc, dc, 389, 5e3, 15e3)
		w.tcp(t+0.3, 0.02, p.pc, dc, 88, 1500, 1600)
		w.tcp(t+0.5, 5, p.pc, dc, 445, 8e3, 12e3)
	})
	all(hour, 0.05, func(t float64) { w.tcp(t, w.around(20, 0.5), p.pc, updates, 8530, 3e3, w.around(30e3, 1.5)) })
	all(hour, 0.02, func(t float64) { // telemetry and the virus scanner
		w.tcp(t, w.around(8, 0.5), p.pc, cloud(8+p.number%4), 443, w.around(9e3, 0.5), 7e3)
	})
	all(5*minute, 0.01, func(t float64) { w.tcp(t, 1.2, p.pc, cloud(16), 443, w.around(1800, 0.1), w.around(4200, 0.1)) })
	if p.imap {
		all(5*minute, 0.003, func(t float64) { w.tcp(t, w.around(1.1, 0.3), p.pc, cloud(30), 993, 1100, w.around(6e3, 0.6)) })
	} else {
		w.tcp(begin+90, length-200, p.pc, mail, 993, w.around(2e5, 0.4), w.around(6e6, 0.9))
	}
	w.tcp(begin+80, length*w.between(0.5, 0.95), p.pc, cloud(20+p.number%3), 443, w.around(4e5, 0.3), w.around(2e6, 0.5)) // chat
	w.rarely(begin, length, 40, func(t float64) {                                                                         // looking for neighbours
		w.udp(t, 0.4, p.pc, llmnr, 5355, 50, 0)
		w.udp(t, 0.4, p.pc, mdns, 5353, 70, 0).SrcPort = 5353
		w.udp(t, 3, p.pc, subnet, 137, 150, 0).SrcPort = 137
	})
	all(2*minute, 0.02, func(t float64) { w.udp(t, 3, p.pc, ssdp, 1900, 500, 0) })
	// Updates are fetched from colleagues, who may have gone home.
	w.rarely(begin, length, 1, func(t float64) {
		for i := range 1 + w.IntN(7) {
			peer := w.people[w.IntN(len(w.people))].pc
			switch {
			case peer == p.pc:
			case w.chance(0.35):
				w.silent(t+float64(i)*3, p.pc, peer, 7680)
			default:
				w.tcp(t+float64(i)*3, w.around(40, 1), p.pc, peer, 7680, 2e3, w.around(4e6, 1))
			}
		}
	})
}

// page is somebody opening a page.
func (w *Week) page(p *person, t float64, dc flow.Addr) {
	for i := range 1 + w.IntN(6) {
		at := t + w.ExpFloat64()*0.4
		s := w.site()
		if i == 0 || w.chance(0.3) {
			s = p.sites[int(math.Exp(w.Float64()*math.Log(40)))-1]
		}
		if w.chance(0.6) {
			w.ask(at-0.05, p.pc, dc)
		}
		lasts, up, down := w.around(14, 1.4), w.around(2800, 1), w.around(22e3, 1.6)
		switch x := w.Float64(); {
		case x < 0.015:
			w.silent(at, p.pc, s, 443)
		case x < 0.02:
			w.refused(at, p.pc, s, 443)
		case x < 0.08:
			w.tcp(at, min(lasts, 90), p.pc, s, 80, up/3, down)
		case x < 0.3:
			w.udp(at, lasts, p.pc, s, 443, up+1200, down)
		default:
			w.tcp(at, lasts, p.pc, s, 443, up, down)
		}
	}
}

// filework is a person at the file server and the application.
func (w *Week) filework(p *person, begin, length float64) {
	w.rarely(begin, length, 10, func(t float64) {
		w.tcp(t, w.around(15*minute, 0.8), p.pc, files, 445, w.around(4e5, 1.8), w.around(3e6, 1.8))
		w.tcp(t-0.1, 0.02, p.pc, dcs[0], 88, 1500, 1600)
	})
	w.rarely(begin, length, 60, func(t float64) {
		w.ask(t-0.02, p.pc, dcs[p.number%2])
		w.tcp(t, w.around(5, 0.7), p.pc, app, 443, w.around(2500, 0.7), w.around(30e3, 1.1))
	})
	w.rarely(begin, length, 12, func(t float64) { // sends mail
		w.tcp(t, w.around(2, 0.5), p.pc, mail, 587, w.around(30e3, 1.8), 1200)
	})
}

// develop is shells, repositories and package registries.
func (w *Week) develop(p *person, begin, length float64) {
	w.rarely(begin, length, 8, func(t float64) {
		to := []flow.Addr{app, base, shop, builder}[w.IntN(4)]
		w.tcp(t, w.around(25*minute, 1.3), p.pc, to, 22, w.around(20e3, 1), w.around(90e3, 1.3))
	})
	w.rarely(begin, length, 25, func(t float64) {
		w.tcp(t, w.around(2.5, 0.5), p.pc, github, 22, w.around(5e3, 1.2), w.around(30e3, 1.6))
	})
	w.rarely(begin, length, 3, func(t float64) {
		for i := range 20 + w.IntN(60) { // a package manager
			w.tcp(t+float64(i)*0.2, w.around(1, 0.6), p.pc, cloud(100+w.IntN(4)), 443, 1500, w.around(80e3, 1.5))
		}
	})
}

// meeting is a video call: media through a relay, after direct ways were tried.
func (w *Week) meeting(p *person, t float64) {
	lasts := w.around(35*minute, 0.5)
	for i := range 4 {
		w.udp(t+float64(i)*0.1, 0.2, p.pc, cloud(40+i), 3478, 120, 180)
	}
	for range 2 + w.IntN(4) { // homes of others, behind their routers
		w.udp(t+1, 4, p.pc, w.world(), uint16(1024+w.IntN(60000)), 400, 0)
	}
	w.udp(t+2, lasts, p.pc, cloud(40+p.cloud%4), 3479+uint16(w.IntN(3)), lasts*90e3, lasts*160e3)
	w.tcp(t, lasts, p.pc, cloud(44), 443, w.around(3e5, 0.3), w.around(9e5, 0.4))
}

// pocket is a mobile phone, here while its owner is.
func (w *Week) pocket(p *person, from float64) {
	if int(from/day)%7 >= 5 {
		return
	}
	begin, length := from+p.begins-5*minute, 9*hour
	push, port := cloud(60+p.number%8), uint16(5228)
	if p.number%2 == 0 {
		port = 5223
	}
	for t := begin; t < begin+length; {
		lasts := min(w.around(2*hour, 1), begin+length-t)
		w.tcp(t, lasts, p.phone, push, port, 500+lasts*2, 900+lasts*3)
		t += lasts + w.around(30, 1)
	}
	w.rarely(begin, length, 120, func(t float64) {
		w.ask(t, p.phone, dcs[1])
		w.tcp(t+0.05, w.around(9, 1), p.phone, w.site(), 443, w.around(2500, 0.9), w.around(18e3, 1.5))
	})
	w.every(begin, length, hour, 0.2, func(t float64) { w.udp(t, 0.03, p.phone, cloud(70), 123, 48, 48) })
}
