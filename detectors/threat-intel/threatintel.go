// Package threatintel reports what goes on between hosts and the addresses
// that threat lists name: who calls them, whom they reach.
package threatintel

import (
	_ "embed"
	"strings"
	"time"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/network"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/geo"
	"seine/flow/enrich/intel"
)

//go:embed README.md
var doc string

// Detector describes threat-intel.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "threat-intel",
		Title: "flows to and from addresses that threat lists name, weighed by list, port, outcome and age",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "listed-destination", Title: "a host calls a listed address", Severity: detectors.Low, ATTACK: []string{"T1071", "T1571"}},
			{ID: "listed-source", Title: "a listed address reaches a host", Severity: detectors.Low, ATTACK: []string{"T1595", "T1190"}},
			{ID: "anonymizer", Title: "a Tor exit or open proxy at the other end", Severity: detectors.Low, ATTACK: []string{"T1090.003"}},
			{ID: "listed-benign", Title: "a listed address that another list knows as harmless", Severity: detectors.Info},
		},
		Needs: flow.HasAddrs | flow.HasStart,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

const day = flow.Time(24 * time.Hour)

type watcher struct {
	env     *detectors.Env
	rules   struct{ destination, source, anonymizer, benign *detectors.Rule }
	table   *intel.Table
	places  *geo.DB
	network *network.Network
	exempt  *prefixes.Set

	public    [1 << 16]bool // ports of services for everybody
	countries map[string]bool
	talk      uint64 // bytes each way from which an answer is more than a handshake
	crowd     uint32
	maxAge    flow.Time
	halfLife  flow.Time
	quiet     flow.Time

	clean  hostmap.Bits // hosts of which no list says anything, and our own
	listed map[flow.Host][]intel.Indicator
	held   int // indicators in listed
	room   int

	campaigns *pairmap.Map[campaign]
	met       *pairmap.Map[flow.Time] // who has met whom, in the campaign of which window
	shelf     *exhibit.Shelf

	own, expired, scatter *detectors.Counter
}

// publicPorts are those of services that everybody is meant to use, so that
// listed addresses use them too: mail, names, web, time and such.
var publicPorts = []uint16{25, 53, 80, 110, 123, 143, 443, 465, 587, 853, 993, 995, 8080, 8443}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, network: env.Network(), listed: map[flow.Host][]intel.Indicator{}, countries: map[string]bool{}}
	w.rules.destination, w.rules.source = d.Rule("listed-destination"), d.Rule("listed-source")
	w.rules.anonymizer, w.rules.benign = d.Rule("anonymizer"), d.Rule("listed-benign")
	w.exempt = env.Networks("exempt", "addresses and networks, at either end, of whose flows nothing is said: sandboxes, feed collectors, research machines")
	for _, p := range env.Ports("public-ports", publicPorts, "ports of services that are for everybody: that one of them answered a listed address says little") {
		w.public[p] = true
	}
	for _, c := range env.Strings("countries", nil, nil, "countries, as KP,IR, whose listed addresses are told one step more severe") {
		w.countries[strings.ToUpper(c)] = true
	}
	w.talk = uint64(positive(env, "talk-bytes", env.Int("talk-bytes", 300, "bytes that both ends sent in a flow, from which it is more than a handshake"), 1<<40))
	w.crowd = uint32(positive(env, "crowd", env.Int("crowd", 20, "listed addresses answered by one service, from which on they are told as one finding"), 1<<30))
	w.maxAge = span(env, "max-age", 365*24*time.Hour, "an entry older than this at the time of the flow is told one step less severe")
	w.halfLife = span(env, "half-life", 180*24*time.Hour, "age after which an entry is trusted half as much")
	w.quiet = span(env, "quiet", 24*time.Hour, "a finding ends when nothing belonged to it for so long")
	w.room = positive(env, "max-entries", env.Int("max-entries", 100_000, "entries of listed hosts kept at hand, about 300 bytes each; others are looked up anew"), 1<<30)
	maxCampaigns := positive(env, "max-findings", env.Int("max-findings", 100_000, "findings open at once, about 150 bytes each"), 1<<30)
	maxMet := positive(env, "max-pairs", env.Int("max-pairs", 500_000, "pairs of hosts and listed addresses counted at once, 48 bytes each"), 1<<30)
	w.own = env.Tally("own-addresses-listed", "addresses of your own networks that a list names; a look at \"seine intel\" tells why")
	w.expired = env.Tally("expired", "flows with listed addresses whose entries no longer held")
	w.scatter = env.Tally("backscatter", "answers of listed addresses to packets that nobody here sent")
	dropped := env.Counter("findings-dropped", "findings forgotten for lack of max-findings")
	forgotten := env.Counter("pairs-dropped", "pairs forgotten for lack of max-pairs")
	known := env.Known()
	if w.table, w.places = known.Intel, known.Geo; w.table.Len() == 0 {
		why := "no list is given (--intel FILE)"
		if w.table != nil {
			why = "the lists given with --intel name no address"
		}
		env.Skip(why)
		return nil
	}
	w.shelf = exhibit.New(min(env.Evidence(), 8), 20_000)
	w.campaigns = pairmap.New(maxCampaigns, func(_ pairmap.Key, c *campaign) {
		dropped.N++
		w.shelf.Drop(c.shown)
	})
	w.met = pairmap.New(maxMet, func(pairmap.Key, *flow.Time) { forgotten.N++ })
	env.TickEvery(10 * 60 * flow.Second)
	return w
}

func positive(env *detectors.Env, name string, v, most int) int {
	if v < 1 || v > most {
		env.Reject(name, "must be positive, and not out of all proportion")
	}
	return max(1, min(v, most))
}

func span(env *detectors.Env, name string, def time.Duration, doc string) flow.Time {
	v := env.Duration(name, def, doc)
	if v <= 0 {
		env.Reject(name, "must be positive")
		return flow.Time(def)
	}
	return v
}

// Flows implements detectors.Watcher. Of nearly all flows both ends are known
// to be on no list.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		if w.clean.Has(r.SrcHost) && w.clean.Has(r.DstHost) {
			continue
		}
		if src := w.entries(r.SrcHost, r.Src); src != nil {
			w.meet(r, src, true)
		}
		if dst := w.entries(r.DstHost, r.Dst); dst != nil {
			w.meet(r, dst, false)
		}
	}
}

// entries are what the lists say of a host, nil if nothing. Of the own network
// no list is believed, however it came to be listed.
func (w *watcher) entries(h flow.Host, a flow.Addr) []intel.Indicator {
	if w.clean.Has(h) {
		return nil
	}
	if all, ok := w.listed[h]; ok {
		return all
	}
	if w.network.Kind(a).Internal() {
		if w.table.Listed(a) {
			w.own.N++
		}
		w.clean.Set(h)
		return nil
	}
	all := w.table.Lookup(a)
	bad := false
	for i := range all {
		bad = bad || !all[i].Benign
	}
	if !bad {
		w.clean.Set(h)
		return nil
	}
	if w.held+len(all) <= w.room {
		w.listed[h] = all
		w.held += len(all)
	}
	return all
}

// A meeting is a flow between a listed address and another, the host.
type meeting struct {
	r            *flow.Record
	entries      []intel.Indicator
	host, other  flow.Host // other is the listed one
	ours, theirs flow.Addr
	inbound      bool   // the listed end began it
	port         uint16 // of the service, 0 if not known
	theirPort    uint16
	up, down     uint64 // bytes that the host sent and received
	outcome      flow.Outcome
	talked       bool // both sides sent more than a handshake, as far as is known
}

// meet takes a flow of which one end is listed.
func (w *watcher) meet(r *flow.Record, entries []intel.Indicator, src bool) {
	if src && r.Backscatter {
		w.scatter.N++
		return
	}
	if !w.exempt.Empty() && (w.exempt.Contains(r.Src) || w.exempt.Contains(r.Dst)) {
		return
	}
	reply := r.Reply
	m := meeting{r: r, entries: entries, inbound: src != reply, outcome: r.Outcome}
	if src {
		m.host, m.other, m.ours, m.theirs = r.DstHost, r.SrcHost, r.Dst, r.Src
		m.up, m.down, m.theirPort = r.DstBytes, r.SrcBytes, r.SrcPort
	} else {
		m.host, m.other, m.ours, m.theirs = r.SrcHost, r.DstHost, r.Src, r.Dst
		m.up, m.down, m.theirPort = r.SrcBytes, r.DstBytes, r.DstPort
	}
	if r.Proto.Ported() {
		if m.port = r.DstPort; reply {
			m.port = r.SrcPort
		}
	} else {
		m.theirPort = 0
	}
	if reply && m.outcome == flow.OutcomeUnknown {
		m.outcome = flow.Answered // this is the answer
	}
	if came := m.down; m.outcome == flow.OutcomeUnknown {
		if m.inbound {
			came = m.up
		}
		if came >= w.talk { // of a flow seen in part: so much is no mere refusal
			m.outcome = flow.Answered
		}
	}
	if m.talked = m.outcome == flow.Answered && r.Proto != flow.ICMP && r.Proto != flow.ICMPv6; m.talked && r.Has&flow.HasBytes == flow.HasBytes && !reply {
		m.talked = r.SrcBytes >= w.talk && r.DstBytes >= w.talk
	}
	v, ok := w.judge(&m)
	if !ok {
		w.expired.N++
		return
	}
	w.count(&m, v)
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	gone := map[flow.Host]bool{}
	for _, h := range hs {
		gone[h] = true
	}
	w.campaigns.All(func(k pairmap.Key, _ flow.Time, c *campaign) bool {
		if gone[k.Src] || gone[k.Dst] || gone[c.listed] {
			w.end(k, c)
			w.campaigns.Delete(k)
		}
		return true
	})
	for _, h := range hs {
		w.clean.Unset(h)
		if all, ok := w.listed[h]; ok {
			w.held -= len(all)
			delete(w.listed, h)
		}
	}
	w.met.Forget(hs)
}

// Tick implements detectors.Watcher: findings that have been quiet end.
func (w *watcher) Tick(now flow.Time) {
	w.campaigns.All(func(k pairmap.Key, _ flow.Time, c *campaign) bool {
		if c.last.Add(w.quiet) < now.Add(-w.env.Lateness()) {
			w.end(k, c)
			w.campaigns.Delete(k)
		}
		return true
	})
}

// Close implements detectors.Watcher.
func (w *watcher) Close() {
	w.campaigns.All(func(k pairmap.Key, _ flow.Time, c *campaign) bool {
		w.end(k, c)
		return true
	})
}
