package triage

import (
	"bytes"
	"encoding/binary"
	"net/netip"
	"slices"
	"sort"

	"seine/analyzer"
	"seine/flow"
)

// Ignorer keeps flows from the detectors by the ignore rules; nil if there are
// none.
func (r *Rules) Ignorer() analyzer.Ignorer {
	if len(r.ignore) == 0 {
		return nil
	}
	g := &ignorer{rules: r, last: flow.MinTime}
	for from := 0; from < len(r.ignore); from += groupSize {
		g.groups = append(g.groups, newGroup(r.ignore[from:min(from+groupSize, len(r.ignore))]))
	}
	return g
}

// An ignorer looks the addresses of a flow up first: most rules name some, so
// that few are left to try.
type ignorer struct {
	rules  *Rules
	groups []*group
	last   flow.Time // start of the latest flow that was ignored
}

// Ignore implements analyzer.Ignorer.
func (g *ignorer) Ignore(f *flow.Record) bool {
	for _, group := range g.groups {
		if left := group.candidates(f); left != 0 && g.rules.ignores(group.rules, left, f) {
			g.last = max(g.last, f.Start)
			return true
		}
	}
	return false
}

// ignores tries the rules of a group whose bits are set; the first that holds
// is the one that counts the flow.
func (r *Rules) ignores(rules []*rule, left uint64, f *flow.Record) bool {
	hidden := false
	for i, u := range rules {
		if left>>i&1 == 0 || !u.keeps(f) {
			continue
		}
		switch at := r.moment(f.Start); {
		case u.expired(at):
			u.use.Expired++
		case hidden:
			u.also++
		default:
			hidden = true
			u.use.Hidden++
		}
	}
	return hidden
}

// keeps reports whether all conditions of an ignore rule hold.
func (u *rule) keeps(f *flow.Record) bool {
	for _, c := range u.flows {
		if !c.Keep(f) {
			return false
		}
	}
	return u.clock.any() || f.Has&flow.HasStart != 0 && u.clock.has(f.Start)
}

// moment is what an expiry is compared with.
func (r *Rules) moment(event flow.Time) flow.Time {
	if r.hasAsOf {
		return r.asOf
	}
	return event
}

func (u *rule) expired(at flow.Time) bool { return u.use.HasExpires && at > u.use.Expires }

// Uses implements analyzer.Ignorer.
func (g *ignorer) Uses(last flow.Time) []analyzer.RuleUse {
	return g.rules.uses(g.rules.ignore, max(last, g.last))
}

// uses tells what came of rules; last is the latest event that was seen.
func (r *Rules) uses(rules []*rule, last flow.Time) []analyzer.RuleUse {
	var all []analyzer.RuleUse
	for _, u := range rules {
		use := u.use
		use.Also = u.also
		use.Over = u.use.Expired > 0 || u.expired(r.moment(last))
		all = append(all, use)
	}
	return all
}

// groupSize is how many rules share an index: the bits of a word.
const groupSize = 64

// A group is an index of rules by their addresses.
type group struct {
	rules     []*rule
	four, six []stretch
	none      masks // of an address that no rule names
	cache     [cached]entry
}

// masks are the rules that an address may meet as a source, as a destination
// and as either.
type masks struct{ src, dst, either uint64 }

// A stretch is where a run of addresses with the same masks begins.
type stretch struct {
	from [16]byte
	masks
}

// cached is how many addresses are remembered.
const cached = 1 << 10

type entry struct {
	addr flow.Addr
	set  bool
	masks
}

func newGroup(rules []*rule) *group {
	g := &group{rules: rules}
	for i, u := range rules {
		bit := uint64(1) << i
		if u.src == nil {
			g.none.src |= bit
		}
		if u.dst == nil {
			g.none.dst |= bit
		}
		if u.either == nil {
			g.none.either |= bit
		}
	}
	g.four, g.six = g.stretches(true), g.stretches(false)
	return g
}

// An edge is where rules begin or cease to name addresses.
type edge struct {
	at    [16]byte
	masks masks
	begin bool
}

// stretches cuts one family of addresses at all edges.
func (g *group) stretches(four bool) []stretch {
	var edges []edge
	for i, u := range g.rules {
		bit := uint64(1) << i
		for _, side := range []struct {
			spans []span
			masks masks
		}{{u.src, masks{src: bit}}, {u.dst, masks{dst: bit}}, {u.either, masks{either: bit}}} {
			for _, s := range side.spans {
				if s.lo.Is4() != four {
					continue
				}
				edges = append(edges, edge{s.lo.As16(), side.masks, true})
				if behind := s.hi.Next(); behind.IsValid() {
					edges = append(edges, edge{behind.As16(), side.masks, false})
				}
			}
		}
	}
	slices.SortFunc(edges, func(a, b edge) int { return bytes.Compare(a.at[:], b.at[:]) })
	all := []stretch{{masks: g.none}}
	open := map[masks]int{} // of overlapping spans of a side of a rule
	now := g.none
	for i, e := range edges {
		if e.begin {
			open[e.masks]++
		} else {
			open[e.masks]--
		}
		if has := open[e.masks] > 0; has {
			now = masks{now.src | e.masks.src, now.dst | e.masks.dst, now.either | e.masks.either}
		} else {
			now = masks{now.src &^ e.masks.src, now.dst &^ e.masks.dst, now.either &^ e.masks.either}
		}
		if i+1 == len(edges) || edges[i+1].at != e.at {
			all = append(all, stretch{e.at, now})
		}
	}
	return all
}

// candidates are the rules that the addresses of a flow leave.
func (g *group) candidates(f *flow.Record) uint64 {
	if f.Has&flow.HasAddrs == 0 {
		return g.none.src & g.none.dst & g.none.either
	}
	s, d := g.lookup(&f.Src), g.lookup(&f.Dst)
	return s.src & d.dst & (s.either | d.either)
}

func (g *group) lookup(a *flow.Addr) *masks {
	h := binary.LittleEndian.Uint64(a[8:])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(a[:8])*0xbf58476d1ce4e5b9
	e := &g.cache[h>>54]
	if !e.set || e.addr != *a {
		*e = entry{*a, true, g.find(a)}
	}
	return &e.masks
}

func (g *group) find(a *flow.Addr) masks {
	if a.IsName() {
		return g.none
	}
	key, all := [16]byte(*a), g.six
	switch {
	case a.Is4():
		all = g.four
	case a.Is4In6():
		key = netip.Addr.As16(a.Netip())
	}
	// The last stretch that begins at or before the address.
	i := sort.Search(len(all), func(i int) bool { return bytes.Compare(all[i].from[:], key[:]) > 0 })
	return all[i-1].masks
}
