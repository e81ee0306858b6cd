// Package icmptunnel reports echo traffic (ping) that carries data: replies
// that do not mirror their requests, and volumes that no test of a line has.
package icmptunnel

import (
	_ "embed"
	"fmt"
	"math"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/pairmap"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes icmp-tunnel.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "icmp-tunnel",
		Title: "echo traffic that carries data",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "unequal-echo", Title: "echo replies that do not mirror their requests", Severity: detectors.High, ATTACK: []string{"T1095", "T1572"}},
			{ID: "echo-volume", Title: "more data in echo packets than a test of a line has", Severity: detectors.Medium, ATTACK: []string{"T1095", "T1048.003"},
				Expects: []assets.Role{assets.Monitoring}},
		},
		Needs: flow.HasAddrs | flow.HasProto | flow.HasSrcBytes,
		Scope: detectors.ByPair,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

const hour = flow.Time(3600e9)

type watcher struct {
	env             *detectors.Env
	unequal, volume *detectors.Rule
	exempt          *prefixes.Set
	most            uint64 // bytes within an hour
	newest          flow.Time
	late            *detectors.Counter
	pairs           *pairmap.Map[pair]
	shelf           *exhibit.Shelf
}

// A pair is the echo traffic of two hosts within an hour.
type pair struct {
	begin, from, last flow.Time
	flows, total      uint32
	up, down          uint64 // bytes of requests and replies
	gain              uint64 // bytes that replies have more than requests, of flows without packets
	gained            uint32 // the number of those flows
	requests, sized   uint64 // requests that are counted, and their bytes
	sizes             uint64 // their sizes, by hash
	mixed             bool   // a flow had requests of several sizes
	compared          uint64 // replies compared with their requests
	over, under       uint64 // bytes that they have more, and fewer
	saidUnequal       uint64
	saidVolume        uint64
	shown             exhibit.Case
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	env.Surveyed()
	w := &watcher{
		env: env, unequal: d.Rule("unequal-echo"), volume: d.Rule("echo-volume"),
		newest: flow.MinTime,
	}
	kb := env.Int("max-kb", 1000, "KB of echo requests from one host to another within an hour that a test explains; ten times as much if all have one size")
	if kb < 1 || kb > 1<<30 {
		env.Reject("max-kb", "must be positive")
		kb = 1000
	}
	w.most = uint64(kb) << 10
	w.exempt = env.Networks("exempt", "hosts that are left out, at either end: machines that measure lines")
	limit := env.Int("max-pairs", 100_000, "pairs of hosts remembered, 180 bytes each")
	if limit < 1 || limit > 1<<30 {
		env.Reject("max-pairs", "must be positive")
		limit = 100_000
	}
	dropped := env.Counter("pairs-forgotten", "pairs of hosts forgotten for lack of max-pairs")
	w.late = env.Tally("late", "flows that came more than lateness behind the others, left out of the counts")
	w.pairs = pairmap.New(limit, func(_ pairmap.Key, p *pair) { dropped.N++; w.shelf.Drop(p.shown) })
	w.shelf = exhibit.New(min(env.Evidence(), 16), 4000).Timed()
	return w
}

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		w.newest = max(w.newest, r.Start)
		if (r.Proto == flow.ICMP || r.Proto == flow.ICMPv6) && r.Has&flow.HasSrcBytes != 0 {
			w.echo(r)
		}
	}
}

// echo takes a flow of ICMP.
func (w *watcher) echo(r *flow.Record) {
	switch {
	case r.Has&flow.HasICMP == 0: // as tables without types have it
	case r.Proto == flow.ICMP && r.ICMPType != 8, r.Proto == flow.ICMPv6 && r.ICMPType != 128:
		return
	}
	if r.SrcHost == r.DstHost || !r.DstKind.Machine() || !r.SrcKind.Machine() {
		return // many answer a group
	}
	if r.Start < w.newest.Add(-w.env.Lateness()) {
		w.late.N++
		return
	}
	p, fresh := w.pairs.At(pairmap.Key{Src: r.SrcHost, Dst: r.DstHost, Proto: r.Proto}, r.Start)
	if fresh || r.Start >= p.begin.Add(hour) {
		old := *p
		*p = pair{begin: r.Start, from: r.Start, last: r.Start}
		if !fresh && r.Start < old.last.Add(hour) {
			p.from, p.saidUnequal, p.saidVolume, p.shown, p.total = old.from, old.saidUnequal, old.saidVolume, old.shown, old.total
		} else {
			w.shelf.Drop(old.shown)
		}
	}
	p.last = max(p.last, r.Start.Add(min(r.Duration, hour)))
	p.flows++
	p.total++
	p.add(r)
	if p.up < 8<<10 && p.down < 8<<10 || p.shown == 0 && (w.exempt.Contains(r.Src) || w.exempt.Contains(r.Dst)) {
		return
	}
	p.shown = w.shelf.Add(p.shown, r)
	w.judge(p, r)
}

const (
	fewest    = 20       // replies that are compared at least
	unlike    = 16       // bytes by which they differ on average
	unlikeSum = 10 << 10 // bytes in all
)

func (w *watcher) judge(p *pair, r *flow.Record) {
	volume := p.up + p.down
	if p.saidUnequal == 0 || volume >= 2*p.saidUnequal {
		compared := p.differs()
		// Without packets: replies may be lost, but there are never more.
		gained := p.requests == 0 && 5*p.gain >= p.up &&
			(p.gain >= 2*unlikeSum && p.gained >= 10 && 2*p.gained >= p.flows || p.gain >= 100*unlikeSum)
		if compared || gained {
			p.saidUnequal = volume
			w.reportUnequal(p, r, compared)
			return
		}
	}
	if p.saidUnequal > 0 || p.saidVolume > 0 && volume < 2*p.saidVolume {
		return
	}
	answered := 5*p.down >= p.up
	switch {
	case p.up >= w.most && p.varied() && p.mean() >= 128:
	case p.up >= 10*w.most && (p.requests == 0 || p.mean() >= 500) && answered && r.DstKind.External():
	default:
		return
	}
	p.saidVolume = volume
	w.reportVolume(p, r)
}

func (w *watcher) facts(p *pair) []detectors.Fact {
	seconds := math.Round(float64(p.last-p.begin) / 1e9)
	fs := []detectors.Fact{
		detectors.Uint("flows", uint64(p.flows)),
		detectors.Float("seconds", seconds),
		detectors.Uint("bytes_up", p.up),
		detectors.Uint("bytes_down", p.down),
	}
	if p.requests > 0 {
		fs = append(fs, detectors.Uint("requests", p.requests),
			detectors.Float("mean_request", math.Round(p.mean())),
			detectors.Float("requests_per_second", math.Round(100*float64(p.requests)/max(seconds, 1))/100))
	}
	return fs
}

func (w *watcher) reportUnequal(p *pair, r *flow.Record, compared bool) {
	if !w.env.Shows(w.unequal) {
		return
	}
	a := detectors.Alert{Rule: w.unequal, Facts: w.facts(p)}
	if compared {
		a.Confidence = 0.9
		a.Summary = fmt.Sprintf("%s and %s exchanged %d echo replies that differ from their requests by %.0f bytes on average (a reply mirrors its request; threshold %d): %d bytes up, %d down",
			r.Src, r.Dst, p.compared, p.difference(), unlike, p.up, p.down)
		a.Facts = append(a.Facts,
			detectors.Uint("replies_compared", p.compared), detectors.Float("mean_difference", math.Round(p.difference())), detectors.Int("max_difference", unlike))
	} else {
		a.Confidence = 0.75
		a.Summary = fmt.Sprintf("%s pinged %s with %d bytes and got %d back, %d more than its requests had (a reply mirrors its request; threshold %d)",
			r.Src, r.Dst, p.up, p.down, p.gain, 2*unlikeSum)
		a.Facts = append(a.Facts, detectors.Uint("bytes_more", p.gain), detectors.Int("max_bytes_more", 2*unlikeSum), detectors.Uint("flows_with_more", uint64(p.gained)))
	}
	w.report(p, r, a)
}

func (w *watcher) reportVolume(p *pair, r *flow.Record) {
	if !w.env.Shows(w.volume) {
		return
	}
	most, confidence, kind := 10*w.most, 0.4, "of much the same size"
	if p.requests == 0 {
		kind = "of sizes unknown"
	}
	if p.varied() {
		most, confidence, kind = w.most, 0.7, "of many sizes"
	}
	w.report(p, r, detectors.Alert{
		Rule: w.volume, Confidence: confidence,
		Summary: fmt.Sprintf("%s sent %d bytes in echo requests %s to %s within an hour (threshold %d) and got %d back",
			r.Src, p.up, kind, r.Dst, most, p.down),
		Facts: append(w.facts(p), detectors.Uint("max_bytes_up", most), detectors.Bool("sizes_vary", p.varied())),
	})
}

// report fills in what the alerts of a pair have in common.
func (w *watcher) report(p *pair, r *flow.Record, a detectors.Alert) {
	a.Subject = detectors.Pair(r.Src, r.Dst).WithProtocol(r.Proto)
	a.Window, a.HasWindow = p.from, true
	a.Evidence = detectors.Sample(w.shelf.Flows(p.shown), w.env.Evidence())
	at, bytes := w.shelf.Course(p.shown)
	a.Charts = detectors.OverTime("Bytes over time", "bytes, both ways", "bytes", at, bytes)
	a.Flows, a.Grows = uint64(p.total), true
	a.FirstSeen, a.LastSeen = p.begin, p.last
	a.Time, a.HasTime = r.Start, true
	w.env.Report(r, a)
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (w *watcher) Close() {}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	var gone hostmap.Bits
	for _, h := range hs {
		gone.Set(h)
	}
	w.pairs.All(func(k pairmap.Key, _ flow.Time, p *pair) bool {
		if p.shown > 0 && (gone.Has(k.Src) || gone.Has(k.Dst)) {
			w.shelf.Drop(p.shown)
		}
		return true
	})
	w.pairs.Forget(hs)
}
