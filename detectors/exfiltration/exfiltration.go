// Package exfiltration reports internal hosts that push data out of the
// network: volume and the ratio of sent to received bytes, judged for each
// destination and against the host's own past and its peers.
package exfiltration

import (
	_ "embed"
	"time"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/learning"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes exfiltration.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "exfiltration",
		Title: "internal hosts that push data to the outside",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "upload", Title: "a host pushes much to one destination", Severity: detectors.Low, ATTACK: []string{"T1048", "T1041"},
				Expects:   []assets.Role{assets.Backup, assets.Proxy, assets.MailServer},
				ExpectsAt: []assets.Role{assets.Backup, assets.Monitoring}},
			{ID: "slow-drip", Title: "a host pushes a little to one destination, day after day", Severity: detectors.Low, ATTACK: []string{"T1030", "T1041"},
				Expects:   []assets.Role{assets.Backup, assets.Proxy, assets.MailServer, assets.Monitoring},
				ExpectsAt: []assets.Role{assets.Backup, assets.Monitoring}},
			{ID: "host-volume", Title: "a host sends far more in an hour than it and its peers usually do", Severity: detectors.Low, ATTACK: []string{"T1048", "T1567"},
				Expects: []assets.Role{assets.Backup, assets.Proxy, assets.MailServer, assets.LoadBalancer}},
			{ID: "pulled", Title: "an outside client fetches much from a host that is no server", Severity: detectors.Low, ATTACK: []string{"T1048"},
				ExpectsAt: []assets.Role{assets.Server, assets.MailServer, assets.LoadBalancer}},
		},
		Needs: flow.HasAddrs | flow.HasStart | flow.HasBytes,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

const (
	hourLong = flow.Time(time.Hour)
	dayLong  = 24 * hourLong

	// tiny flows are passed over: scans, lookups and keep-alives carry
	// nothing, and there are many of them.
	tiny = 512
	// shown is how much a pair must have pushed before flows are kept for it.
	shown = 1e6
	// maxCases bounds the pairs and hosts for which flows are kept.
	maxCases = 4096
)

type watcher struct {
	env    *detectors.Env
	rules  struct{ upload, drip, volume, pulled *detectors.Rule }
	exempt *prefixes.Set
	usual  [1 << 16]bool // ports whose service is known to take uploads

	push, volume float64 // bytes
	pcr, shift   float64
	factor       float64
	dripRate     float64 // bytes a day
	quiet        flow.Time
	swarm        uint16
	minHours     int

	learnt *learning.Span
	pairs  *pairmap.Map[pair]
	hosts  *pairmap.Map[host]
	users  hostmap.Map[users] // of outside addresses
	shelf  *exhibit.Shelf
	peers  peers
	closed flow.Time // hours that begin before it are judged
	oldest flow.Time // of the hours that are not
	start  flow.Time // of the hour of the last flow
	slot   int       // of that hour
	// loud are the hours, by the slot they are in, in which a host pushed
	// enough to be judged.
	loud [2]flow.Time

	between, late, droppedPairs, droppedHosts *detectors.Counter
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, closed: flow.MinTime, oldest: flow.MaxTime, loud: [2]flow.Time{flow.MinTime, flow.MinTime}}
	w.rules.upload, w.rules.drip = d.Rule("upload"), d.Rule("slow-drip")
	w.rules.volume, w.rules.pulled = d.Rule("host-volume"), d.Rule("pulled")
	env.Surveyed()
	w.exempt = env.Networks("exempt", "addresses and networks, at either end, whose uploads are expected: backup servers, storage and log services")
	for _, p := range env.Ports("usual-ports", usualPorts, "destination ports of services that take uploads as a matter of course; only volume makes an upload to them a finding") {
		w.usual[p] = true
	}
	w.push = megabytes(env, "push-mb", 5, "MB pushed to a destination that one host alone uses, on a TCP port that is not usual, from which upload is raised")
	w.volume = megabytes(env, "volume-mb", 100, "MB pushed to one destination, or sent in an hour, from which the other uploads are judged")
	w.dripRate = megabytes(env, "drip-mb", 1, "MB a day; slow-drip adds up what a destination gets beyond half of it")
	w.pcr = ratio(env, "pcr", 0.9, "least producer-consumer ratio of an upload, (sent - received) / (sent + received)")
	w.shift = ratio(env, "pcr-shift", 0.4, "how far the ratio of an hour must lie above the host's own median")
	w.factor = env.Float("factor", 3, "an hour stands out when it is so many times the 95th percentile of the host's past hours")
	if !(w.factor >= 1) {
		env.Reject("factor", "must be at least 1")
	}
	w.quiet = env.Duration("quiet", 6*time.Hour, "an upload is over when nothing went to its destination for so long")
	w.swarm = uint16(positive(env, "swarm", env.Int("swarm", 20, "a host that used unusual TCP or UDP ports of so many destinations is taken for a peer-to-peer client: only volume counts"), 1<<15))
	w.minHours = positive(env, "min-hours", env.Int("min-hours", 6, "hours with traffic that a host must have behind it before an hour is compared with them"), remembered)
	learn := env.Duration("learn", 24*time.Hour, "event time before a destination counts as seen for the first time")
	maxPairs := positive(env, "max-pairs", env.Int("max-pairs", 150_000, "pairs of host and destination watched at once, about 190 bytes each"), 1<<30)
	maxHosts := positive(env, "max-hosts", env.Int("max-hosts", 30_000, "internal hosts watched at once, about 560 bytes each"), 1<<30)
	w.between = env.Tally("flows-between-outsiders", "flows of which neither end is internal, and which were not watched: name your networks with --internal")
	w.late = env.Tally("late", "flows left out of the hours of host-volume because their hour was judged (--lateness)")
	w.droppedPairs = env.Counter("pairs-dropped", "pairs forgotten for lack of max-pairs")
	w.droppedHosts = env.Counter("hosts-dropped", "hosts forgotten for lack of max-hosts")
	w.learnt = learning.New(learn)
	w.shelf = exhibit.New(min(env.Evidence(), 8), maxCases).Timed()
	w.pairs = pairmap.New(maxPairs, func(_ pairmap.Key, p *pair) {
		w.droppedPairs.N++
		p.drop(w.shelf)
	})
	w.hosts = pairmap.New(maxHosts, func(_ pairmap.Key, h *host) {
		w.droppedHosts.N++
		h.drop(w.shelf)
	})
	env.TickEvery(10 * 60 * flow.Second)
	return w
}

func megabytes(env *detectors.Env, name string, def float64, doc string) float64 {
	v := env.Float(name, def, doc)
	if !(v > 0 && v <= 1e12) {
		env.Reject(name, "must be positive")
		v = def
	}
	return v * 1e6
}

func ratio(env *detectors.Env, name string, def float64, doc string) float64 {
	v := env.Float(name, def, doc)
	if !(v >= -1 && v <= 1) {
		env.Reject(name, "must lie between -1 and 1")
		v = def
	}
	return v
}

func positive(env *detectors.Env, name string, v, most int) int {
	if v < 1 || v > most {
		env.Reject(name, "must be positive, and not out of all proportion")
	}
	return max(1, min(v, most))
}

// usualPorts belong to services to which people and machines upload: web,
// mail, ssh, file and log services, calls, streams, speed tests, tunnels.
var usualPorts = []uint16{
	20, 21, 22, 25, 53, 80, 110, 119, 123, 143, 161, 162, 179, 389, 443, 445, 465, 500, 514, 563, 587, 636, 853, 873, 989, 990,
	993, 995, 1194, 1433, 1521, 1883, 1935, 2049, 2052, 2053, 2077, 2078, 2082, 2083, 2086, 2087, 2095, 2096, 2195, 2525, 3000,
	3128, 3306, 3478, 3479, 3480, 3481, 4443, 4500, 5000, 5001, 5044, 5060, 5061, 5201, 5222, 5223, 5228, 5229, 5230, 5349,
	5432, 5671, 5672, 6514, 6690, 7443, 8000, 8008, 8080, 8081, 8083, 8088, 8090, 8443, 8801, 8880, 8883, 9000, 9092, 9093,
	9100, 9418, 9443, 9997, 10000, 10051, 10443, 10516, 19302, 24224, 27017, 32400, 51820,
}

// A passage is a flow across the border of the network.
type passage struct {
	row      *flow.Record
	pair     pairmap.Key // inside, outside, and who opened it
	up, down uint64      // bytes that the inside sent and received
	port     uint16      // of the service
	learnt   bool        // learning was over at this flow
	hash     uint64      // of pair, where it pushes
	hostHash uint64
	users    *users // of the outside
}

func (p *passage) host() pairmap.Key { return pairmap.Key{Src: p.pair.Src} }

// pushes reports whether a passage may make a pair one that is watched.
func (p *passage) pushes() bool { return p.up > p.down || p.port == 21 }

// group is how many passages are worked on while what the tables know of them
// is on its way to the cache: first the slots, then what they lead to.
const group = 32

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var ways [group]passage
	var places [group]*uint64
	var met [group]*users
	for len(rs) > 0 {
		n := 0
		for n < group && len(rs) > 0 {
			r := &rs[0]
			rs = rs[1:]
			learnt := w.learnt.See(r.Start)
			p := &ways[n]
			if !w.crosses(r, p) {
				continue
			}
			p.learnt = learnt
			k := p.host()
			p.hostHash, p.users = k.Hash(), w.users.At(p.pair.Dst)
			places[n], met[n] = w.hosts.PlaceOf(p.hostHash), p.users
			n++
		}
		detectors.Prefetch(places[:n])
		detectors.Prefetch(met[:n])
		w.fetch(ways[:n])
		for i := range n {
			w.env.At(ways[i].row)
			w.pass(ways[i].row, &ways[i])
		}
	}
}

// fetch asks for the lines of the hosts and pairs of a group that nearly every
// flow changes. Most flows belong to no pair.
func (w *watcher) fetch(ways []passage) {
	var lines [2 * group]*uint64
	var places [group]*uint64
	var hashes [group]uint64
	n, pairs := 0, 0
	for i := range ways {
		p := &ways[i]
		if h := w.hosts.GuessOf(p.hostHash); h != nil {
			lines[n], lines[n+1] = &h.up, &h.hours[1].down
			n += 2
		}
		if p.pushes() || p.users.mayKnow(p.pair.Src) {
			p.hash = p.pair.Hash()
			hashes[pairs], places[pairs] = p.hash, w.pairs.PlaceOf(p.hash)
			pairs++
		}
	}
	detectors.Prefetch(places[:pairs])
	detectors.Prefetch(lines[:n])
	n = 0
	for _, hash := range hashes[:pairs] {
		if p := w.pairs.GuessOf(hash); p != nil {
			lines[n], lines[n+1] = &p.up, &p.dayUp
			n += 2
		}
	}
	detectors.Prefetch(lines[:n])
}

// crosses tells how a flow crosses the border, if it does and carries enough
// to matter.
func (w *watcher) crosses(r *flow.Record, p *passage) bool {
	if r.Has&flow.HasBytes != flow.HasBytes || r.Bytes() < tiny {
		return false
	}
	src, dst := r.SrcKind, r.DstKind
	port, opened := r.DstPort, r.SrcHost
	if r.Reply {
		port, opened = r.SrcPort, r.DstHost
	}
	// Field by field: a copy of what has just been written would wait for it.
	switch {
	case src.Internal() && src.Machine() && dst.External():
		p.pair.Src, p.pair.Dst, p.up, p.down = r.SrcHost, r.DstHost, r.SrcBytes, r.DstBytes
	case dst.Internal() && dst.Machine() && src.External():
		p.pair.Src, p.pair.Dst, p.up, p.down = r.DstHost, r.SrcHost, r.DstBytes, r.SrcBytes
	default:
		if src.External() && dst.External() {
			w.between.N++
		}
		return false
	}
	p.row, p.port, p.pair.Extra = r, port, fetched
	if opened == p.pair.Src {
		p.pair.Extra = pushed
	}
	return w.exempt.Empty() || !w.exempt.Contains(r.Src) && !w.exempt.Contains(r.Dst)
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	gone := map[flow.Host]bool{}
	for _, h := range hs {
		gone[h] = true
		*w.users.At(h) = users{}
	}
	w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
		if gone[k.Src] || gone[k.Dst] {
			p.drop(w.shelf)
			w.pairs.Delete(k)
		}
		return true
	})
	w.hosts.All(func(k pairmap.Key, _ flow.Time, h *host) bool {
		if gone[k.Src] {
			h.drop(w.shelf)
			w.hosts.Delete(k)
		}
		return true
	})
}

// Close implements detectors.Watcher.
func (w *watcher) Close() {
	w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
		if k.Extra == pushed {
			w.endUpload(k, p)
			p.endDay(p.day+1, w.dripRate)
			w.judgeDrip(nil, k, p)
		}
		return true
	})
	w.closeHours(flow.MaxTime)
}
