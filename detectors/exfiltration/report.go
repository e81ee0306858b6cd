package exfiltration

import (
	"fmt"
	"math"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// An upload is a pair that has been judged.
type upload struct {
	*pair
	key        pairmap.Key
	ratio      float64
	limit      float64
	alone, odd bool
	newcomer   bool
	severity   detectors.Severity
	confidence float64
	past       habit
	known      bool
	z          float64
	peers      int
}

func (w *watcher) reportUpload(r *flow.Record, h *host, a *upload) {
	a.past, a.known = h.habit(w.minHours)
	if a.known && float64(a.up) >= w.factor*a.past.high && a.ratio-a.past.ratio > w.shift {
		a.confidence += 0.1
	}
	a.z, a.peers = w.peers.score(w, h.up)
	if a.newcomer {
		a.confidence += 0.1
	}
	if a.peers >= minPeers && a.z >= outlying {
		a.confidence += 0.1
	}
	src, dst := w.env.Addr(a.key.Src), w.env.Addr(a.key.Dst)
	why := "no other internal host uses that address"
	if !a.alone {
		why = "other internal hosts use that address too"
	}
	service := "a port of no usual service"
	if !a.odd {
		service = "any port"
	}
	al := detectors.Alert{
		Rule: w.rules.upload, Severity: a.severity, Confidence: a.confidence, Subject: detectors.Pair(src, dst),
		Summary: fmt.Sprintf("%s pushed %s to %s and got %s back (port %d/%s; ratio %.2f, limits %s on %s, ratio %s); %s",
			src, size(a.up), dst, size(a.down), a.port, a.proto, a.ratio, size(uint64(a.limit)), service, number(w.pcr), why),
		Facts: []detectors.Fact{
			detectors.Uint("src_bytes", a.up), detectors.Uint("limit", uint64(a.limit)), detectors.Uint("dst_bytes", a.down),
			detectors.Float("pcr", round(a.ratio)), detectors.Float("pcr_limit", w.pcr),
			detectors.Uint("dst_port", uint64(a.port)), detectors.Text("protocol", a.proto.String()),
			detectors.Bool("unusual_port", a.odd), detectors.Bool("only_user", a.alone), detectors.Bool("new_destination", a.newcomer),
		},
		Window: a.window, HasWindow: true, Grows: true, Time: a.last, HasTime: true, FirstSeen: a.start, LastSeen: a.last, Flows: uint64(a.flows),
	}
	if a.known {
		al.Facts = append(al.Facts, detectors.Uint("own_high", uint64(a.past.high)), detectors.Float("own_pcr", round(a.past.ratio)),
			detectors.Int("own_hours", int64(a.past.hours)))
	}
	if a.peers >= minPeers {
		al.Facts = append(al.Facts, detectors.Float("peers_z", round(a.z)), detectors.Int("peers", int64(a.peers)))
	}
	w.show(&al, a.shown)
	w.draw(&al, a.shown, a.past, a.known)
	w.env.Report(r, al)
}

func (w *watcher) reportPulled(r *flow.Record, k pairmap.Key, p *pair, ratio float64, clients uint16) {
	src, dst := w.env.Addr(k.Dst), w.env.Addr(k.Src)
	al := detectors.Alert{
		Rule: w.rules.pulled, Confidence: 0.3, Subject: detectors.Pair(src, dst),
		Summary: fmt.Sprintf("%s fetched %s from %s (port %d/%s; limit %s), which has %d outside clients (a server has %d or more)",
			src, size(p.up), dst, p.port, p.proto, size(uint64(w.volume)), clients, server),
		Facts: []detectors.Fact{
			detectors.Uint("dst_bytes", p.up), detectors.Uint("limit", uint64(w.volume)), detectors.Uint("src_bytes", p.down),
			detectors.Float("pcr", round(ratio)), detectors.Float("pcr_limit", w.pcr),
			detectors.Uint("dst_port", uint64(p.port)), detectors.Text("protocol", p.proto.String()),
			detectors.Uint("clients", uint64(clients)), detectors.Uint("server_clients", server),
		},
		Window: p.window, HasWindow: true, Grows: true, FirstSeen: p.start, LastSeen: p.last, Flows: uint64(p.flows),
	}
	w.show(&al, p.shown)
	w.draw(&al, p.shown, habit{}, false)
	w.env.Report(r, al)
}

func (w *watcher) reportDrip(r *flow.Record, k pairmap.Key, p *pair) {
	src, dst := w.env.Addr(k.Src), w.env.Addr(k.Dst)
	confidence := 0.5
	if w.usual[p.port] {
		confidence = 0.3
	}
	al := detectors.Alert{
		Rule: w.rules.drip, Confidence: confidence, Subject: detectors.Pair(src, dst),
		Summary: fmt.Sprintf("%s pushed to %s on %d days, %s in all since %s (more than %s a day adds up; sum %.1f, limit %d); no other internal host uses that address",
			src, dst, p.days, size(p.total), p.first, size(uint64(w.dripRate*dripSlack)), p.sum, dripLimit),
		Facts: []detectors.Fact{
			detectors.Uint("days", uint64(p.days)), detectors.Uint("src_bytes", p.total), detectors.Float("cusum", round(float64(p.sum))),
			detectors.Float("cusum_limit", dripLimit), detectors.Uint("rate", uint64(w.dripRate)), detectors.Float("pcr_limit", dripRatio),
			detectors.Uint("dst_port", uint64(p.port)), detectors.Text("protocol", p.proto.String()),
		},
		Window: p.dripWindow, HasWindow: true, Grows: true, Time: p.last, HasTime: true, FirstSeen: p.first, LastSeen: p.last, Flows: uint64(p.all),
	}
	w.show(&al, p.daily)
	w.env.Report(r, al)
}

func (w *watcher) reportVolume(id flow.Host, h *host, o *hour, past habit, ratio, limit, z float64, n int) {
	ip := w.env.Addr(id)
	al := detectors.Alert{
		Rule: w.rules.volume, Confidence: 0.4, Subject: detectors.Address(ip, detectors.RoleSrc),
		Summary: fmt.Sprintf("%s pushed %s out within an hour, above %s (its past hours: %s at most in 95 of 100); ratio of the hour %.2f, its median is %.2f",
			ip, size(o.pushed), size(uint64(limit)), size(uint64(past.high)), ratio, past.ratio),
		Facts: []detectors.Fact{
			detectors.Uint("pushed_bytes", o.pushed), detectors.Uint("limit", uint64(limit)), detectors.Uint("src_bytes", o.up), detectors.Uint("dst_bytes", o.down),
			detectors.Float("pcr", round(ratio)), detectors.Float("own_pcr", round(past.ratio)), detectors.Float("shift_limit", w.shift),
			detectors.Uint("own_high", uint64(past.high)), detectors.Int("own_hours", int64(past.hours)),
		},
		Window: o.start, HasWindow: true, Time: o.start, HasTime: true, FirstSeen: o.start, LastSeen: o.start.Add(hourLong), Flows: uint64(o.flows),
	}
	if n >= minPeers {
		al.Confidence = 0.5
		al.Facts = append(al.Facts, detectors.Float("peers_z", round(z)), detectors.Float("z_limit", outlying), detectors.Int("peers", int64(n)))
	}
	w.show(&al, o.shown)
	al.Charts = h.chart(o, limit)
	w.env.Report(nil, al)
}

// show adds the flows kept for a case.
func (w *watcher) show(a *detectors.Alert, c exhibit.Case) {
	a.Evidence = detectors.Sample(w.shelf.Flows(c), w.env.Evidence())
}

func round(v float64) float64 { return math.Round(v*1000) / 1000 }

func number(v float64) string { return fmt.Sprintf("%g", v) }

// size writes bytes in the units of people.
func size(v uint64) string {
	switch f := float64(v); {
	case f >= 1e9:
		return fmt.Sprintf("%.1f GB", f/1e9)
	case f >= 1e6:
		return fmt.Sprintf("%.1f MB", f/1e6)
	case f >= 1e3:
		return fmt.Sprintf("%.1f kB", f/1e3)
	}
	return fmt.Sprintf("%d bytes", v)
}
