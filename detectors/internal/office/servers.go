package office

import "seine/flow"

// servers are what the servers do among themselves and with the world.
func (w *Week) servers(from float64) {
	w.domain(from)
	w.mailing(from)
	w.watching(from)
	w.business(from)
	w.backups(from)
}

// domain is the directory and the resolver.
func (w *Week) domain(from float64) {
	w.every(from, day, 15*minute, 0.01, func(t float64) { // replication
		w.tcp(t, 2, dcs[0], dcs[1], 135, 500, 400)
		w.tcp(t+0.2, 12, dcs[0], dcs[1], 49667, w.around(20e3, 0.8), w.around(20e3, 0.8))
	})
	w.every(from, day, 1024, 0.02, func(t float64) { w.udp(t, 0.03, dcs[0], cloud(70), 123, 48, 48).SrcPort = 123 })
	w.every(from, day, 64, 0.02, func(t float64) { w.udp(t, 0.01, dcs[1], dcs[0], 123, 48, 48).SrcPort = 123 })
	open := func(n float64, begin, span float64) {
		w.rarely(begin, span, n, func(t float64) {
			w.ask(t, dcs[w.IntN(2)], resolve)
			for range 1 + w.IntN(3) { // from the root down
				ns := w.resolvers[w.IntN(1+w.IntN(len(w.resolvers)))]
				if w.chance(0.04) {
					w.udp(t+0.01, 3, resolve, ns, 53, 80, 0)
					continue
				}
				w.ask(t+0.01, resolve, ns)
			}
		})
	}
	open(1200, from, day)
	if !w.weekend(from) {
		open(9000, from+8*hour, 10*hour)
	}
}

func (w *Week) weekend(from float64) bool { return int(from/day)%7 >= 5 }

// mailing is the mail server.
func (w *Week) mailing(from float64) {
	in, out := 900.0, 350.0
	if w.weekend(from) {
		in, out = 300, 12
	}
	w.rarely(from, day, in, func(t float64) {
		w.tcp(t, w.around(3, 0.7), w.world(), mail, 25, w.around(22e3, 1.5), w.around(900, 0.2))
		w.ask(t+0.1, mail, resolve)
		w.ask(t+0.2, mail, resolve)
		w.ask(t+0.4, mail, resolve)
	})
	w.rarely(from+7*hour, 12*hour, out, func(t float64) {
		mx := w.sites[w.IntN(len(w.sites))]
		w.ask(t, mail, resolve)
		if w.chance(0.05) { // try again later
			w.silent(t+0.1, mail, mx, 25)
			w.silent(t+15*minute, mail, mx, 25)
			return
		}
		w.tcp(t+0.1, w.around(3, 0.7), mail, mx, 25, w.around(25e3, 1.6), 1000)
	})
	if w.weekend(from) {
		return
	}
	w.rarely(from+8*hour, 2*hour, 0.15, func(t float64) { // a letter to all customers
		for i := range 300 {
			w.tcp(t+float64(i)*1.5, w.around(3, 0.5), mail, w.sites[w.IntN(len(w.sites))], 25, 40e3, 1000)
		}
	})
}

// watching is monitoring, by the clock.
func (w *Week) watching(from float64) {
	checks := []struct {
		host flow.Addr
		port uint16
	}{
		{dcs[0], 389}, {dcs[1], 389}, {files, 445}, {mail, 25}, {mail, 993}, {app, 443}, {base, 5432}, {shop, 443}, {builder, 22},
		{backup, 22}, {pbx, 5061}, {updates, 8530}, {resolve, 53},
	}
	w.every(from, day, minute, 0.002, func(t float64) {
		for i, c := range checks {
			w.tcp(t+float64(i)*0.05, w.around(0.02, 0.4), monitor, c.host, c.port, 120, 300)
		}
		w.ping(t+2, monitor, v4(10, 20, 1, 1), 1, 1, 56)
		w.ping(t+2.1, monitor, v4(8, 8, 8, 8), 1, 1, 56)
		w.ping(t+2.2, monitor, retired, 1, 0, 56) // nobody took it off the list
		w.tcp(t+3, 0.3, monitor, v4(203, 0, 113, 32), 443, 600, 5200)
	})
	w.every(from, day, 5*minute, 0.003, func(t float64) {
		for i := range 40 { // printers, switches
			r := w.udp(t+float64(i)*0.1, 0.2, monitor, v4(10, 20, 30, 10+i), 161, 300, 700)
			if i >= 38 { // in the cupboard
				r.DstPkts, r.DstBytes = 0, 0
				if w.Zeek {
					r.State = flow.StateAttempt
				}
			}
		}
	})
}

// business is the shop, the application, its database, and the builder.
func (w *Week) business(from float64) {
	visits := 2500.0
	w.rarely(from, day, visits, func(t float64) {
		who := w.world()
		for i := range 1 + w.IntN(5) {
			w.tcp(t+float64(i)*w.around(8, 1), w.around(6, 0.8), who, shop, 443, w.around(2500, 0.7), w.around(40e3, 1.2))
		}
		if w.chance(0.5) {
			w.tcp(t+0.2, w.around(0.3, 0.5), shop, app, 8443, w.around(1200, 0.4), w.around(9e3, 0.8))
		}
	})
	w.rarely(from, day, 20, func(t float64) { // crawlers
		who := w.world()
		for i := range 100 + w.IntN(200) {
			w.tcp(t+float64(i)*w.between(1, 3), w.around(0.5, 0.5), who, shop, 443, 900, w.around(25e3, 1))
		}
	})
	for range 20 { // pooled connections
		w.tcp(from+w.Float64()*minute, day-2*minute, app, base, 5432, w.around(40e6, 0.3), w.around(300e6, 0.3))
	}
	w.every(from, day, 2*minute, 0.01, func(t float64) { // asks for commits
		w.tcp(t, 0.8, builder, github, 443, 1200, 6200)
	})
	for _, s := range []flow.Addr{app, base, shop, builder, backup, monitor, mail} { // of Linux
		w.every(from, day, 1024, 0.05, func(t float64) { w.udp(t, 0.02, s, dcs[0], 123, 48, 48).SrcPort = 123 })
		w.every(from, day, 12*hour, 0.2, func(t float64) {
			w.tcp(t, w.around(6, 0.5), s, cloud(110), 80, 3e3, w.around(8e6, 1.2))
		})
		w.every(from, day, 10*minute, 0.1, func(t float64) { w.ask(t, s, resolve) })
		w.rarely(from, day, 300, func(t float64) { w.udp(t, w.around(1, 1), s, monitor, 514, w.around(400, 0.7), 0) })
	}
	if !w.weekend(from) {
		w.rarely(from+9*hour, 9*hour, 14, func(t float64) { // tests that fetch what they need
			for i := range 100 {
				w.tcp(t+float64(i)*0.3, w.around(2, 0.5), builder, cloud(100+w.IntN(4)), 443, 1500, w.around(2e5, 1.3))
			}
		})
	}
}

// backups run at night: first to the backup server, then to a provider.
func (w *Week) backups(from float64) {
	t := from + 1*hour + w.between(0, 60)
	for _, s := range []flow.Addr{files, mail, app, base, shop, builder} {
		lasts := w.around(14*minute, 0.3)
		w.tcp(t, lasts, backup, s, 22, w.around(4e6, 0.3), w.around(7e9, 0.3))
		t += lasts + 20
	}
	for range 6 {
		lasts := w.around(25*minute, 0.2)
		w.tcp(t, lasts, backup, vault, 22, w.around(6e9, 0.2), w.around(30e6, 0.2))
		t += lasts
	}
}
