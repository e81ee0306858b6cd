package office

import "seine/flow"

// things are printers, telephones, cameras and other gadgets.
func (w *Week) things(from float64) {
	for i := range 8 {
		printer := v4(10, 20, 30, 10+i)
		w.every(from, day, 2*minute, 0.01, func(t float64) {
			w.udp(t, 0.4, printer, mdns, 5353, 300, 0).SrcPort = 5353
		})
		w.every(from, day, 6*hour, 0.1, func(t float64) { w.udp(t, 1, printer, ssdp, 1900, 900, 0) })
		w.every(from, day, 12*hour, 0.02, func(t float64) { // ink
			w.ask(t-1, printer, dcs[0])
			w.tcp(t, 2, printer, cloud(120), 443, 3e3, 5e3)
		})
	}
	for i := range 30 {
		phone := v4(10, 20, 55, 10+i)
		w.every(from, day, 5*minute, 0.01, func(t float64) {
			r := w.udp(t, 0.05, phone, pbx, 5060, 600, 500)
			r.SrcPort = 5060
		})
		if !w.weekend(from) {
			w.rarely(from+8*hour, 9*hour, 9, func(t float64) {
				lasts := w.around(3*minute, 1)
				w.udp(t, lasts, phone, pbx, 10000+uint16(2*w.IntN(4000)), lasts*8600, lasts*8600)
			})
		}
	}
	w.udp(from+30, day-90, pbx, v4(203, 0, 113, 30), 5060, 400e3, 300e3).SrcPort = 5060
	for i := range 6 { // lamps and sensors of one maker
		lamp := v4(10, 20, 40, 10+i)
		for t := from + w.Float64()*60; t < from+day; {
			lasts := min(w.around(5*hour, 0.8), from+day-t)
			w.tcp(t, lasts, lamp, cloud(130+i%2), 8883, 600+lasts*2, 800+lasts)
			t += lasts + w.around(5, 1)
		}
		w.every(from, day, hour, 0.05, func(t float64) { w.udp(t, 0.03, lamp, cloud(70), 123, 48, 48) })
	}
	for i := range 3 { // screens in meeting rooms
		screen := v4(10, 20, 40, 30+i)
		w.every(from, day, 10*minute, 0.02, func(t float64) {
			w.ask(t-0.1, screen, dcs[0])
			w.tcp(t, 1.5, screen, cloud(140), 443, w.around(2e3, 0.1), w.around(9e3, 0.4))
		})
	}
	for i := range 4 { // cameras and their recorder
		w.tcp(from+5, day-30, v4(10, 20, 40, 50), v4(10, 20, 40, 51+i), 554, 2e6, 20e9)
	}
	w.every(from, day, 15*minute, 0.05, func(t float64) { // the heating
		w.tcp(t, 1.1, v4(10, 20, 40, 60), v4(203, 0, 113, 31), 443, w.around(900, 0.1), w.around(700, 0.1))
	})
}

// visitors are guests, and colleagues at home.
func (w *Week) visitors(from float64) {
	if w.weekend(from) {
		return
	}
	w.rarely(from+9*hour, 8*hour, 4000, func(t float64) {
		s := w.sites[w.IntN(1+w.IntN(len(w.sites)))]
		switch {
		case w.chance(0.03):
			w.silent(t, guests, s, 443)
		case w.chance(0.2):
			w.udp(t, w.around(9, 1), guests, s, 443, w.around(4e3, 1), w.around(40e3, 1.5))
		default:
			w.tcp(t, w.around(9, 1), guests, s, 443, w.around(3e3, 1), w.around(30e3, 1.5))
		}
		w.ask(t-0.05, guests, v4(8, 8, 8, 8))
	})
	for i := range 12 {
		home, inner := v4(203, 0, 113, 10+i), v4(10, 20, 70, 10+i)
		begin, lasts := from+w.between(7, 10)*hour, w.between(5, 9)*hour
		w.udp(begin, lasts, home, gate, 1194, w.around(60e6, 0.8), w.around(400e6, 0.8))
		pc := w.people[(i*5)%len(w.people)].pc
		w.tcp(begin+minute, lasts*0.4, inner, pc, 3389, w.around(6e6, 0.4), w.around(90e6, 0.5))
		w.tcp(begin+lasts*0.5, lasts*0.4, inner, pc, 3389, w.around(6e6, 0.4), w.around(90e6, 0.5))
		w.rarely(begin, lasts, 150, func(t float64) {
			w.ask(t-0.03, inner, dcs[0])
			w.tcp(t, w.around(6, 0.8), inner, app, 443, w.around(2500, 0.7), w.around(30e3, 1.1))
		})
		w.rarely(begin, lasts, 6, func(t float64) {
			w.tcp(t, w.around(10*minute, 0.8), inner, files, 445, w.around(4e5, 1.5), w.around(3e6, 1.5))
		})
	}
}

// knocked are the ports that strangers try, the most popular first.
var knocked = []uint16{23, 22, 445, 3389, 80, 8080, 443, 5900, 1433, 2323, 6379, 8443, 25, 5060, 3306, 81, 8888, 21, 2375, 9200}

// noise is what the internet sends to everybody. The firewall drops what is
// not served; a sensor in front of it sees all.
func (w *Week) noise(from float64) {
	w.rarely(from, day, 9000, func(t float64) {
		who, port := w.world(), knocked[w.IntN(1+w.IntN(len(knocked)))]
		if w.chance(0.3) {
			port = uint16(1 + w.IntN(65535))
		}
		w.silent(t, who, v4(198, 51, 100, w.IntN(16)), port)
	})
	w.rarely(from, day, 25, func(t float64) { // one that tries all our addresses
		who, port := w.world(), knocked[w.IntN(len(knocked))]
		for i := range 16 {
			w.silent(t+float64(i)*w.between(0, 2), who, v4(198, 51, 100, i), port)
		}
	})
	w.rarely(from, day, 400, func(t float64) { // those that meet a service
		who := w.world()
		switch w.IntN(4) {
		case 0:
			w.tcp(t, 0.4, who, shop, 443, 300, 1200)
		case 1:
			w.tcp(t, 0.2, who, shop, 80, 200, 500)
		case 2:
			w.tcp(t, 5, who, mail, 25, 60, 300)
		default:
			w.refused(t, who, gate, 443)
		}
	})
	w.rarely(from, day, 6, func(t float64) { // passwords for mail, given up soon
		who := w.world()
		for i := range 3 + w.IntN(60) {
			w.tcp(t+float64(i)*w.around(9, 0.5), w.around(2.5, 0.1), who, mail, 587, w.around(280, 0.03), w.around(420, 0.03))
		}
	})
	w.rarely(from, day, 60, func(t float64) { // answers to what others sent in our name
		w.write(t, 0, flow.Record{
			Src: w.world(), Dst: v4(198, 51, 100, w.IntN(16)), SrcPort: 80, DstPort: w.ephemeral(), Proto: flow.TCP, State: flow.StatePartial,
			SrcFlags: flow.SYN | flow.ACK, SrcPkts: 1, SrcBytes: w.bytes(0, 1, 44),
		})
	})
}
