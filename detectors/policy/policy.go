// Package policy reports services in use that a well-kept network does without:
// those that send passwords in the clear, those of an old time, and those that
// are for the inside and answer outside.
package policy

import (
	_ "embed"
	"slices"
	"strings"

	"seine/detectors"
	"seine/detectors/internal/contact"
	"seine/detectors/internal/exceptions"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hashset"
	"seine/detectors/internal/network"
	"seine/detectors/internal/pairmap"
	"seine/flow"
	"seine/flow/enrich/inventory"
)

//go:embed README.md
var doc string

// Detector describes policy.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "policy",
		Title: "cleartext, legacy and internal services used or offered where they should not be",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "used", Title: "a cleartext or legacy service is used inside the network", Severity: detectors.Info, ATTACK: []string{"T1040"}},
			{ID: "open-to-outside", Title: "a service that should not be reached from outside answers outside clients", Severity: detectors.Info, ATTACK: []string{"T1133"}},
			{ID: "used-outside", Title: "internal clients use cleartext or legacy services of outside servers", Severity: detectors.Info, ATTACK: []string{"T1040"}},
			{ID: "offered", Title: "the inventory has a cleartext or legacy service that no flow was seen to use", Severity: detectors.Info},
		},
		Needs: flow.HasAddrs | flow.HasStart | flow.HasProto | flow.HasDstPort,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

// A use is what is known of a service: at one server, or, outbound, at all.
type use struct {
	first, last flow.Time
	flows       uint64
	up, down    uint64 // bytes of the clients, of the server
	number      uint32
	clients     uint32
	servers     uint32 // of one outbound
	shown       exhibit.Case
	expired     int32 // an exception that would have allowed it, plus 1
	policy      uint8
	excepted    bool // exceptions speak of its server
	named       bool // the input named the protocol
}

type watcher struct {
	env   *detectors.Env
	rules struct{ used, open, outside, offered *detectors.Rule }
	net   *network.Network
	inv   *inventory.Table

	policies []policy
	table    table
	matters  [2][1 << 10]uint64 // ports that the table has, a bit each

	uses    *pairmap.Map[use]
	peers   *hashset.Set // of clients, and outbound of servers, with the number of the use
	maximum int          // of peers
	shelf   *exhibit.Shelf
	number  uint32
	now     flow.Time // the latest start
	seen    bool

	exceptions []exceptions.Exception
	speak      map[uint32][]int32 // of the use of a number, which exceptions speak of its server
	allowed    []uint64           // flows, by exception
	late       []uint64           // flows that came after its end
	encrypted  symbols

	dropped, uncounted, expired *detectors.Counter
	tls, excused                *detectors.Counter
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, inv: env.Known().Inventory, policies: slices.Clone(policies), speak: map[uint32][]int32{}}
	w.rules.used, w.rules.open, w.rules.outside, w.rules.offered = d.Rule("used"), d.Rule("open-to-outside"), d.Rule("used-outside"), d.Rule("offered")
	w.net = env.Network()
	off := env.Strings("off", nil, ids(), "policies that do not apply")
	w.policies = append(w.policies, policy{
		id: forbidden, name: "a service that is not allowed here", proto: "tu", levels: [directions]level{low, medium, low},
		ports:  env.Ports("forbidden-ports", nil, "further ports, TCP and UDP, that nobody is to use"),
		reason: "your own configuration forbids the port", see: "policy.forbidden-ports",
	})
	for i := range w.policies {
		if p := &w.policies[i]; !slices.Contains(off, p.id) {
			w.table.set(i, p)
		}
	}
	for at := range w.table {
		for p, n := range w.table[at] {
			if n != 0 {
				w.matters[at][p>>6] |= 1 << (p & 63)
			}
		}
	}
	w.exceptions = env.Exceptions("exceptions", ids(), "files of what is allowed all the same, YAML or CSV, with rule, server, client, reason and expires")
	w.allowed, w.late = make([]uint64, len(w.exceptions)), make([]uint64, len(w.exceptions))
	maxServices := env.Int("max-services", 50_000, "services of servers remembered, about 160 bytes each and 200 for each flow shown")
	w.maximum = env.Int("max-clients", 2_000_000, "clients of services told apart, 11 bytes each on average")
	if maxServices < 1 || w.maximum < 1 || maxServices > 1<<26 || w.maximum > 1<<30 {
		env.Reject("max-services", "and max-clients must be positive, and not out of all proportion")
		maxServices, w.maximum = 1, 1
	}
	w.dropped = env.Counter("services-dropped", "services told of before the end for lack of max-services; more of them comes as a further finding")
	w.uncounted = env.Counter("clients-not-counted", "flows whose clients were not counted for lack of max-clients")
	w.expired = env.Counter("exceptions-expired", "flows that an exception would allow that had expired by then: they are told of")
	w.excused = env.Tally("exceptions-used", "flows that exceptions allow")
	w.tls = env.Tally("encrypted", "flows at ports of cleartext services in which the input saw TLS")
	w.uses = pairmap.New(maxServices, func(k pairmap.Key, u *use) {
		w.dropped.N++
		w.tell(k, u)
		w.drop(u)
	})
	w.peers = hashset.New()
	w.shelf = exhibit.New(env.Evidence(), min(maxServices, 20_000))
	return w
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		if r.Start > w.now || !w.seen {
			w.now, w.seen = r.Start, true
		}
		at := 0
		switch r.Proto {
		case flow.TCP:
		case flow.UDP:
			at = 1
		default:
			continue
		}
		if w.matters[at][r.DstPort>>6]>>(r.DstPort&63)&1 != 0 && r.Has&flow.HasDstPort != 0 {
			w.flow(r, w.table[at][r.DstPort]-1)
		}
	}
}

// flow looks at a flow to a port that a policy is about.
func (w *watcher) flow(r *flow.Record, n uint8) {
	p := &w.policies[n]
	src, dst := r.SrcKind, r.DstKind
	d := inside
	switch {
	case !src.Machine() || !dst.Machine():
		return
	case src.Internal() && dst.Internal():
	case dst.Internal():
		d = inbound
	case src.Internal():
		d = outbound
	default:
		return // between others
	}
	if p.levels[d] == none || !contact.Served(r) || d == inbound && !src.External() || d == outbound && !dst.External() {
		return
	}
	named := false
	if r.Has&flow.HasService != 0 && r.Service != 0 {
		switch tls := w.encrypted.of(w.env, r.Service); {
		case tls && p.clear:
			w.tls.N++
			return
		case !tls:
			named = true
		}
	}
	w.env.At(r)
	k := pairmap.Key{Dst: r.DstHost, Port: r.DstPort, Proto: r.Proto, Extra: uint8(d) + 1}
	if d == outbound {
		k.Dst = 0
	}
	u, fresh := w.uses.At(k, r.Start)
	if fresh {
		w.number++
		*u = use{first: flow.MaxTime, last: flow.MinTime, number: w.number, policy: n}
		if d != outbound {
			u.excepted = w.exempting(u, p.id, r.Dst)
		}
	}
	if w.allow(r, u, p, d) {
		return
	}
	u.first, u.last = min(u.first, r.Start), max(u.last, r.Start)
	u.flows++
	u.up, u.down = sum(u.up, r.SrcBytes), sum(u.down, r.DstBytes)
	u.named = u.named || named
	if w.peer(u, r.SrcHost, 0) {
		u.clients++
	}
	if d == outbound && w.peer(u, r.DstHost, 1) {
		u.servers++
	}
	u.shown = w.shelf.Add(u.shown, r)
}

func sum(a, b uint64) uint64 {
	if s := a + b; s >= a {
		return s
	}
	return 1<<64 - 1
}

// peer counts a host for a use, and reports whether it is new.
func (w *watcher) peer(u *use, h flow.Host, side uint64) bool {
	key := (uint64(u.number)<<1|side)<<32 | uint64(h)
	if w.peers.Len() < w.maximum {
		return w.peers.Add(key)
	}
	if !w.peers.Has(key) {
		w.uncounted.N++
	}
	return false
}

// exempting finds the exceptions that speak of a policy at a server.
func (w *watcher) exempting(u *use, id string, server flow.Addr) bool {
	for i := range w.exceptions {
		if w.exceptions[i].Serves(id, server) {
			w.speak[u.number] = append(w.speak[u.number], int32(i))
		}
	}
	return len(w.speak[u.number]) > 0
}

// allow reports whether an exception allows a flow.
func (w *watcher) allow(r *flow.Record, u *use, p *policy, d direction) bool {
	if len(w.exceptions) == 0 || !u.excepted && d != outbound {
		return false
	}
	late := -1
	try := func(i int) bool {
		e := &w.exceptions[i]
		switch {
		case !e.Allows(r.Src):
		case e.Holds(r.Start):
			w.allowed[i]++
			w.excused.N++
			return true
		default:
			late = i
		}
		return false
	}
	if d == outbound {
		for i := range w.exceptions {
			if w.exceptions[i].Serves(p.id, r.Dst) && try(i) {
				return true
			}
		}
	} else {
		for _, i := range w.speak[u.number] {
			if try(int(i)) {
				return true
			}
		}
	}
	if late >= 0 {
		w.late[late]++
		w.expired.N++
		u.expired = int32(late) + 1
	}
	return false
}

// drop gives back what a use holds beside its entry. Its clients go with
// Forget, or stay: they are bounded.
func (w *watcher) drop(u *use) {
	w.shelf.Drop(u.shown)
	delete(w.speak, u.number)
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	if w.uses.Len() > 0 {
		gone := make(map[flow.Host]bool, len(hs))
		for _, h := range hs {
			gone[h] = true
		}
		w.uses.All(func(k pairmap.Key, _ flow.Time, u *use) bool {
			if k.Dst != 0 && gone[k.Dst] {
				w.tell(k, u)
				w.drop(u)
				w.uses.Delete(k)
			}
			return true
		})
		w.peers.Remove(func(k uint64) bool { return gone[flow.Host(uint32(k))] })
	}
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// symbols remembers which names of services tell of TLS: 0 not yet looked up,
// 1 no, 2 yes.
type symbols struct{ is []uint8 }

func (s *symbols) of(env *detectors.Env, sym flow.Symbol) bool {
	if int(sym) >= len(s.is) {
		s.is = append(s.is, make([]uint8, int(sym)+1-len(s.is)+16)...)
	}
	if s.is[sym] == 0 {
		s.is[sym] = 1
		for w := range strings.FieldsFuncSeq(strings.ToLower(env.Text(sym)), func(r rune) bool { return r == ',' || r == ' ' || r == '-' || r == '_' }) {
			switch w {
			case "ssl", "tls", "quic", "https", "starttls":
				s.is[sym] = 2
			}
		}
	}
	return s.is[sym] == 2
}
