// Package bruteforce finds passwords being guessed: many short sessions to a
// service that are all of the size of a refused login, from one source, from
// one source to many destinations, from many sources to one destination; and
// the session that then differs.
package bruteforce

import (
	_ "embed"
	"fmt"
	"time"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes brute-force.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "brute-force",
		Title: "passwords guessed at services that people and programs log in to",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "guessing", Title: "one source tries many passwords at one service", Severity: detectors.Low, ATTACK: []string{"T1110.001", "T1133"},
				Expects: []assets.Role{assets.Monitoring},
				Unlike:  []assets.Role{assets.IoT, assets.Printer}},
			{ID: "spray", Title: "one source tries passwords at a service of many destinations", Severity: detectors.Low, ATTACK: []string{"T1110.003"},
				Expects: []assets.Role{assets.Monitoring},
				Unlike:  []assets.Role{assets.IoT, assets.Printer}},
			{ID: "distributed", Title: "many sources try passwords at one service", Severity: detectors.Low, ATTACK: []string{"T1110"}},
			{ID: "likely-success", Title: "after guessing, a session that is no refused login", Severity: detectors.High, ATTACK: []string{"T1110", "T1078", "T1021"}},
		},
		Needs: flow.HasAddrs | flow.HasDstPort,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

type watcher struct {
	env                              *detectors.Env
	guessing, spray, spread, success *detectors.Rule
	directory                        *directory
	except                           *prefixes.Set
	bare                             bool // see headless

	attempts, slow   float32   // scores that call it guessing
	fastLife         flow.Time // half-lives of the scores
	slowLife         flow.Time
	share            float64
	miss             float32 // what a session of another size takes from a score
	idle             flow.Time
	targets, sources float32
	ratio, longer    float64

	pairs              *pairmap.Map[pair]
	bySource, byTarget *pairmap.Map[crowd]
	cases              *pairmap.Map[dossier]
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{
		env: env, guessing: d.Rule("guessing"), spray: d.Rule("spray"),
		spread: d.Rule("distributed"), success: d.Rule("likely-success"),
	}
	w.attempts = float32(atLeast(env, "attempts", 15, 5, "sessions of one size within about a window that call it guessing; programs log in more often and need a multiple"))
	w.slow = float32(atLeast(env, "slow-attempts", 60, 5, "the same within about a slow window"))
	w.fastLife = life(env, "window", 10*time.Minute, "half of the weight of a session is gone after so long")
	w.slowLife = life(env, "slow-window", 2*time.Hour, "the same for guessing at leisure")
	w.share = env.Float("share", 0.8, "share of the sessions that must be of one size")
	if !(w.share >= 0.5 && w.share <= 0.99) {
		env.Reject("share", "must lie between 0.5 and 0.99")
		w.share = 0.8
	}
	w.miss = float32(w.share / (1 - w.share))
	w.idle = life(env, "idle", time.Hour, "a campaign ends when nothing came for so long")
	w.targets = float32(atLeast(env, "targets", 15, 3, "destinations that call it spraying; from outside, and at services of programs, a multiple"))
	w.sources = float32(atLeast(env, "sources", 20, 3, "sources that call it distributed; at services of programs a multiple"))
	w.ratio = atLeast(env, "ratio", 3, 1.5, "a session of so many times the bytes of the attempts is no refused login")
	w.longer = atLeast(env, "longer", 5, 2, "nor is one that lasts so many times as long, beyond any login timeout, and carries more")
	also := env.Ports("also-ports", nil, "further ports where people log in, judged as ssh is")
	w.except = env.Networks("except", "sources that may log in as often as they like: monitoring, jump hosts, scanners of yours")
	limit := env.Int("max-pairs", 200_000, "pairs of addresses with a service that are watched at once; beyond it those idle longest are dropped")
	if limit < 16 {
		env.Reject("max-pairs", "must be 16 or more")
		limit = 16
	}
	env.Surveyed()
	w.directory = newDirectory(also, env.Text)
	lost := env.Counter("pairs-dropped", "pairs of addresses with a service that were dropped for lack of max-pairs")
	w.pairs = pairmap.New(limit, func(pairmap.Key, *pair) { lost.N++ })
	w.bySource = pairmap.New[crowd](limit/2, nil)
	w.byTarget = pairmap.New[crowd](limit/4, nil)
	w.cases = pairmap.New[dossier](limit/20, nil)
	return w
}

func atLeast(env *detectors.Env, name string, def, least float64, doc string) float64 {
	v := env.Float(name, def, doc)
	if v < least || v > 1e6 {
		env.Reject(name, fmt.Sprintf("must lie between %g and 1000000", least))
		return def
	}
	return v
}

func life(env *detectors.Env, name string, def time.Duration, doc string) flow.Time {
	v := env.Duration(name, def, doc)
	if v < flow.Time(time.Second) {
		env.Reject(name, "must be a second or more")
		return flow.Time(def)
	}
	return v
}

// group is how many rows are looked at while the slots of those with a service
// are on their way to the cache.
const group = 32

// A call is a flow to a service, with the hashes of its keys.
type call struct {
	r                    *flow.Record
	pair, source, target uint64
	service              service
	vain                 bool // it never came to a password
	bare                 bool // see headless
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var calls [group]call
	bare := w.bare
	for len(rs) > 0 {
		g := rs[:min(group, len(rs))]
		rs = rs[len(g):]
		n := 0
		for i := range g {
			r := &g[i]
			bare = bare || headless(r)
			v := w.serviceOf(r)
			if v == 0 {
				continue
			}
			if vain := !tried(r); !vain || r.State.Failed() {
				calls[n] = call{r: r, service: v, vain: vain, bare: bare}
				n++
			}
		}
		w.fetch(calls[:n])
		for i := range calls[:n] {
			c := &calls[i]
			w.bare = c.bare
			w.flow(c)
		}
		w.bare = bare
	}
}

// fetch asks for the entries of pairs, sources and targets.
func (w *watcher) fetch(calls []call) {
	var slots [3 * group]*uint64
	n := 0
	for i := range calls {
		c := &calls[i]
		k := key(c.r, c.service)
		source, target := sourceKey(k), targetKey(k)
		c.source = source.Hash()
		slots[n] = w.bySource.PlaceOf(c.source)
		n++
		if !c.vain {
			c.pair, c.target = k.Hash(), target.Hash()
			slots[n], slots[n+1] = w.pairs.PlaceOf(c.pair), w.byTarget.PlaceOf(c.target)
			n += 2
		}
	}
	detectors.Prefetch(slots[:n])
	// An entry spans three lines.
	var times [3 * group]*flow.Time
	var middles [3 * group]*float32
	var tails [3 * group]*uint64
	n = 0
	for i := range calls {
		c := &calls[i]
		if s := w.bySource.GuessOf(c.source); s != nil {
			times[n], middles[n], tails[n] = &s.last, &s.like, &s.vain
			n++
		}
		if c.vain {
			continue
		}
		if p := w.pairs.GuessOf(c.pair); p != nil {
			times[n], middles[n], tails[n] = &p.last, &p.src, &p.wonBytes
			n++
		}
		if t := w.byTarget.GuessOf(c.target); t != nil {
			times[n], middles[n], tails[n] = &t.last, &t.like, &t.vain
			n++
		}
	}
	detectors.Prefetch(times[:n])
	detectors.Prefetch(middles[:n])
	detectors.Prefetch(tails[:n])
}

// serviceOf is the service that r went to, or 0.
func (w *watcher) serviceOf(r *flow.Record) service {
	if r.Proto != flow.TCP || r.Has&flow.HasDstPort == 0 {
		return 0
	}
	v := w.directory.of(r)
	if v == 0 || r.SrcHost == r.DstHost {
		return 0
	}
	// From the port of a service to one above: an answer, or the client of
	// something else that chose this port.
	if r.Has&flow.HasSrcPort != 0 && r.SrcPort != 0 && r.SrcPort < 512 && r.DstPort >= 1024 {
		return 0
	}
	return v
}

func key(r *flow.Record, v service) pairmap.Key {
	k := pairmap.Service(r)
	k.Extra = uint8(v)
	return k
}

// flow looks at a flow to a service.
func (w *watcher) flow(c *call) {
	r, v := c.r, c.service
	k := key(r, v)
	if c.vain {
		w.inVain(r, k)
		return
	}
	s, ok := w.measure(r, v)
	if !ok {
		w.inVain(r, k)
		return
	}
	p, fresh := w.pairs.AtOf(k, c.pair, r.Start)
	if fresh || r.Start > p.last.Add(w.idle) {
		p.begin(r.Start)
		w.close(k)
	}
	if r.Has&flow.HasSrcPort != 0 && r.SrcPort != 0 {
		if r.SrcPort == p.port {
			// Another piece of the same session, cut by an exporter: no two
			// sessions in a row have the same port.
			p.last = max(p.last, r.Start)
			return
		}
		p.port = r.SrcPort
	}
	a := attempt{
		r: r, s: &s, v: v, key: k, pair: p,
		source: w.crowd(w.bySource, sourceKey(k), c.source, r.Start, &s), target: w.crowd(w.byTarget, targetKey(k), c.target, r.Start, &s),
	}
	if w.differs(&a) {
		return
	}
	w.seePair(&a)
	if a.source != nil {
		w.seeSource(&a)
	}
	if a.target != nil {
		w.seeTarget(&a)
	}
}

// close drops the dossier of a key, if there is one.
func (w *watcher) close(k pairmap.Key) {
	if w.cases.Len() > 0 {
		w.cases.Delete(k)
	}
}

// An attempt is a session with all that it is judged with.
type attempt struct {
	r              *flow.Record
	s              *session
	v              service
	key            pairmap.Key
	pair           *pair
	source, target *crowd // nil for a real session where nobody tries any
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	w.pairs.Forget(hs)
	w.bySource.Forget(hs)
	w.byTarget.Forget(hs)
	w.cases.Forget(hs)
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (w *watcher) Close() {}
