package exposedservice

import (
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A homeKey is a network that a server may call after it answered a visitor
// from there: a /24 of IPv4, a /48 of IPv6, or an autonomous system.
type homeKey struct {
	victim flow.Host
	net    [6]byte
	kind   uint8 // 4, 6, or 'a' for an autonomous system
}

// A home is where a call would go back to.
type home struct {
	at    flow.Time // of the latest answer
	visit pairmap.Key
}

// networkOf is the network of an address.
func networkOf(victim flow.Host, a *flow.Addr) homeKey {
	k := homeKey{victim: victim}
	if a.Is4() {
		k.kind = 4
		copy(k.net[:3], a[12:15])
	} else {
		k.kind = 6
		copy(k.net[:], a[:6])
	}
	return k
}

// systemOf is the autonomous system of an address, if it is known.
func (w *watcher) systemOf(victim flow.Host, a flow.Addr) (homeKey, bool) {
	as := w.place(a).ASN
	return homeKey{victim: victim, kind: 'a', net: [6]byte{byte(as >> 24), byte(as >> 16), byte(as >> 8), byte(as)}}, as != 0
}

// expect watches the server of a visit for calls to where the visitor is.
func (w *watcher) expect(r *flow.Record, visit pairmap.Key) {
	if w.span <= 0 {
		return
	}
	w.remember(networkOf(r.DstHost, &r.Src), home{r.Start, visit})
	if k, ok := w.systemOf(r.DstHost, r.Src); ok {
		w.remember(k, home{r.Start, visit})
	}
}

func (w *watcher) remember(k homeKey, h home) {
	if old, have := w.homes[k]; have {
		if h.at >= old.at {
			w.homes[k] = h
		}
		return
	}
	if len(w.homes) >= w.most {
		w.uncounted.N++
		return
	}
	w.homes[k] = h
}

// usual are the ports at which servers call strangers all day: mail, names,
// who is asking, time, the web.
func usual(port uint16) bool {
	switch port {
	case 25, 53, 80, 113, 123, 443, 853, 993:
		return true
	}
	return false
}

// call looks at a flow from a server that answered a visitor.
func (w *watcher) call(r *flow.Record) {
	if r.Orient >= flow.OrientPopularity || r.Reply || r.Backscatter || !r.DstKind.External() {
		return
	}
	h, ok := w.homes[networkOf(r.SrcHost, &r.Dst)]
	ok = ok && w.follows(r, &h)
	sameAS := false
	if !ok {
		k, known := w.systemOf(r.SrcHost, r.Dst)
		if !known {
			return
		}
		h, ok = w.homes[k]
		// Large systems are everywhere: what is called must be suspect by itself.
		ok = ok && w.follows(r, &h) && (!usual(r.DstPort) || *w.hosts.At(r.DstHost)&listed != 0)
		sameAS = true
	}
	if !ok {
		return
	}
	v := w.visits.Find(h.visit)
	if v == nil || v.called != 0 {
		return
	}
	v.called, v.calledPort, v.sameAS, v.after = r.DstHost, r.DstPort, sameAS, max(0, r.Start.Sub(h.at))
	v.last = max(v.last, r.Start)
	v.shown = w.shelf.Add(v.shown, r)
	w.tellVisit(r, h.visit, v, false)
}

// follows reports whether a call came soon after the answer, and is no part of
// the same service: mail servers and name servers call each other.
func (w *watcher) follows(r *flow.Record, h *home) bool {
	return r.Start >= h.at && r.Start <= h.at.Add(w.span) && r.DstPort != h.visit.Port && r.DstPort != 53 && r.DstPort != 113
}
