package portscan

import (
	"seine/detectors"
	"seine/detectors/internal/contact"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// group is how many rows go through the stages of Flows together.
const group = 32

// stages is how many groups are on their way at once: while one is worked on,
// the state that those behind it need is on its way to the cache.
const stages = 4

// A wave is a group of rows, and of them those that may matter.
type wave struct {
	rows     []flow.Record
	outcomes [group]contact.Outcome
	begun    int // the filter's when the rows were sifted

	n    int
	left [group]uint8 // rows that may matter, in order
	// By place in left, hashes in the filter, in pairs, services and contacts.
	known, pairs, services, contacts [group]uint64
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	w.reached.ready()
	for i, busy := 0, stages-1; len(rs) > 0 || busy > 0; i++ {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		if len(g) == 0 {
			busy--
		}
		w.look(&w.waves[i%stages], g)
		w.sift(&w.waves[(i+3)%stages])
		w.fetch(&w.waves[(i+2)%stages])
		w.work(&w.waves[(i+1)%stages])
	}
	for i := range w.waves {
		w.waves[i].rows = nil
	}
}

// look judges rows, leaves out those that tell nothing whatever is known, and
// asks for what tells whether an answer is nothing new: most of them.
func (w *watcher) look(v *wave, g []flow.Record) {
	var places [group]*uint64
	n, m := 0, 0
	v.rows = g
	for i := range g {
		r := &g[i]
		o := contact.Of(r)
		v.outcomes[i&(group-1)] = o
		if r.SrcHost == r.DstHost {
			continue
		}
		h := uint64(0)
		switch r.Proto {
		case flow.TCP, flow.UDP:
			if o == contact.Unknown || r.Has&flow.HasDstPort == 0 || r.DstPort == 0 || o != contact.Answered && pointless(r) {
				continue
			}
			h = pairHash(r.SrcHost, r.DstHost)
			places[m&(group-1)] = w.reached.place(h)
			m++
		case flow.ICMP, flow.ICMPv6:
			if !contact.Request(r) {
				continue
			}
		default:
			continue
		}
		v.left[n&(group-1)], v.known[n&(group-1)] = uint8(i), h
		n++
	}
	v.n = n
	detectors.Prefetch(places[:m])
}

// sift leaves out answers that are nothing new, and asks for the hosts of the
// rest and for where the search for what they tried before begins.
func (w *watcher) sift(v *wave) {
	var hosts [group]*host
	var tails [2 * group]*uint8
	var places [4 * group]*uint64
	n, m, p := 0, 0, 0
	v.begun = w.reached.begun
	for j := range v.n {
		i, h := v.left[j&(group-1)], v.known[j&(group-1)]
		r, o := &v.rows[i], v.outcomes[i&(group-1)]
		echo := icmp(r.Proto)
		if o == contact.Answered && !echo && w.reached.knows(h, r) {
			continue
		}
		at := n & (group - 1)
		v.left[at], v.known[at] = i, h
		s := w.hosts.At(r.SrcHost)
		hosts[n&(group-1)] = s
		tails[m&(2*group-1)] = &s.flags // perhaps on the next line
		m++
		n++
		if echo {
			k := pairmap.Key{Src: r.SrcHost, Dst: r.DstHost, Proto: r.Proto}
			v.contacts[at] = k.Hash()
			places[p&(4*group-1)] = w.contacts.PlaceOf(v.contacts[at])
			p++
			continue
		}
		k := pairmap.Key{Src: r.SrcHost, Port: r.DstPort, Proto: r.Proto}
		v.services[at] = k.Hash()
		k = pairmap.Pair(r.SrcHost, r.DstHost)
		v.pairs[at] = k.Hash()
		places[p&(4*group-1)] = w.services.PlaceOf(v.services[at])
		places[(p+1)&(4*group-1)] = w.pairs.PlaceOf(v.pairs[at])
		p += 2
		switch {
		case o != contact.Answered:
			k = pairmap.Service(r)
			v.contacts[at] = k.Hash()
			places[p&(4*group-1)] = w.contacts.PlaceOf(v.contacts[at])
			places[(p+1)&(4*group-1)] = w.attempts.PlaceOf(v.contacts[at])
			p += 2
			if !w.alive.Has(r.DstHost) {
				tails[m&(2*group-1)] = &w.hosts.At(r.DstHost).dead
				m++
			}
		case r.Proto == flow.TCP:
			places[p&(4*group-1)] = w.reached.place(pairHash(0, r.DstHost))
			p++
		}
	}
	v.n = n
	detectors.Prefetch(hosts[:n])
	detectors.Prefetch(tails[:m])
	detectors.Prefetch(places[:p])
}

// fetch asks for what is known of the attempts of the sources that have a
// campaign.
func (w *watcher) fetch(v *wave) {
	var pairs [group]*pair
	var services [group]*service
	var contacts [group]*uint32
	var heads [group]*flow.Time
	var ends [2 * group]*uint64
	np, ns, nc, nh, ne := 0, 0, 0, 0, 0
	for j := range v.n {
		at := j & (group - 1)
		i := v.left[at]
		r, o := &v.rows[i], v.outcomes[i&(group-1)]
		if w.hosts.At(r.SrcHost).flags&suspect == 0 {
			continue
		}
		echo := icmp(r.Proto)
		if !echo {
			if p := w.pairs.GuessOf(v.pairs[at]); p != nil {
				pairs[np&(group-1)] = p
				np++
			}
			if s := w.services.GuessOf(v.services[at]); s != nil {
				services[ns&(group-1)] = s
				ns++
			}
			if o == contact.Answered {
				continue
			}
		}
		if c := w.contacts.GuessOf(v.contacts[at]); c != nil {
			contacts[nc&(group-1)] = c
			nc++
		}
		if c := w.campaigns.Guess(pairmap.Key{Src: r.SrcHost}); c != nil {
			heads[nh&(group-1)] = &c.last
			nh++
			ends[ne&(2*group-1)], ends[(ne+1)&(2*group-1)] = &c.lastFlow.SrcBytes, &c.lastFlow.Row
			ne += 2
		}
	}
	detectors.Prefetch(pairs[:np])
	detectors.Prefetch(services[:ns])
	detectors.Prefetch(contacts[:nc])
	detectors.Prefetch(heads[:nh])
	detectors.Prefetch(ends[:ne])
}

// work takes the rows that matter. Should the filter begin anew, those that it
// knew matter again.
func (w *watcher) work(v *wave) {
	done := 0
	for j, i := range v.left[:v.n] {
		if v.begun != w.reached.begun {
			break
		}
		w.flow(&v.rows[i], v.outcomes[i&(group-1)], v.known[j])
		done = int(i) + 1
	}
	if v.begun == w.reached.begun {
		v.n = 0
		return
	}
	for i := done; i < len(v.rows); i++ {
		if r, o := &v.rows[i], v.outcomes[i&(group-1)]; o != contact.Unknown || icmp(r.Proto) {
			w.flow(r, o, pairHash(r.SrcHost, r.DstHost))
		}
	}
	v.n = 0
}
