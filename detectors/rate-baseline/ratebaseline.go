// Package ratebaseline compares the number of flows in each bucket of time
// with a number that it learned at the beginning, and tells when the rate went
// over it and when it came back.
package ratebaseline

import (
	_ "embed"
	"math"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

//go:embed README.md
var doc string

// Detector describes rate-baseline.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "rate-baseline",
		Title: "buckets of time with more flows than were learned at the beginning",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "over-baseline", Title: "more flows in a bucket of time than the learned baseline allows", Severity: detectors.Info, ATTACK: []string{"T1498", "T1499"}},
			{ID: "recovered", Title: "the rate of flows is back at its baseline", Severity: detectors.Info},
		},
		Needs: flow.HasAddrs | flow.HasStart,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

type watcher struct {
	env             *detectors.Env
	over, recovered *detectors.Rule
	severity        detectors.Severity

	grain         flow.Time // length of a cell: bucket and learning time are multiples of it
	rule          rule
	all           bool
	service       bool
	network       bool
	bits4, bits6  int
	maxSeries     int
	maxKept       int
	maxHistory    int
	historyLength int // buckets of 24 hours

	started  bool
	origin   flow.Time // start of the first flow
	newest   flow.Time // largest start
	closed   int64     // cells before this one are closed
	open     []*cell   // in order of their numbers
	recent   *cell
	spare    []*cell
	kept     int // flows kept as evidence in open cells
	whole    series
	services *pairmap.Map[series]
	networks *pairmap.Map[series]
	due      []pairmap.Key // series that a coming bucket can change
	duty     []pairmap.Key
	episodes []episode
	free     []uint32
	history  int // numbers in the histories of all episodes
	tallies  [scopes]tally

	late, early, lostSeries, lostEvidence, lostHistory *detectors.Counter
}

// A scope is what a series counts.
type scope uint8

const (
	scopeAll scope = iota
	scopeService
	scopeNetwork
	scopes
)

var scopeNames = [scopes]string{"all", "service", "source-network"}

// day is how long the history of a rate that is over its baseline is kept.
const day = 24 * 3600 * flow.Second

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, over: d.Rule("over-baseline"), recovered: d.Rule("recovered"), newest: flow.MinTime}
	bucket := env.Duration("bucket", 120e9, "length of the buckets of event time, in whole seconds")
	learn := env.Duration("learn", 0, "how long to learn before the first bucket, in whole seconds; 0 means one bucket")
	for _, p := range []struct {
		name string
		v    *flow.Time
	}{{"bucket", &bucket}, {"learn", &learn}} {
		if *p.v < 0 || *p.v%flow.Second != 0 || *p.v > 7*day || p.name == "bucket" && *p.v == 0 {
			env.Reject(p.name, "must be a positive number of whole seconds, at most a week")
			*p.v = 120 * flow.Second
		}
	}
	if learn == 0 {
		learn = bucket
	}
	if w.grain = gcd(bucket, learn); max(bucket, learn)/w.grain > 1000 {
		env.Reject("learn", "must have more in common with bucket: both are counted in their greatest common divisor, of which neither may have over 1000")
		learn, w.grain = bucket, bucket
	}
	w.rule = rule{bucket: int64(bucket / w.grain), learn: int64(learn / w.grain)}
	w.historyLength = max(1, int(day/bucket))
	threshold := env.Float("threshold", 10, "a bucket is over by strictly more than so many percent of the baseline; up to three decimals count")
	if !(threshold >= 0 && threshold <= 1e6) {
		env.Reject("threshold", "must lie between 0 and 1000000")
		threshold = 10
	}
	w.rule.threshold = uint64(math.Round(threshold * 1000))
	least := env.Int("min-count", 0, "a bucket with fewer flows is never over")
	if least < 0 {
		env.Reject("min-count", "must not be negative")
	}
	w.rule.least = uint64(max(least, 0))
	for _, s := range env.Strings("scopes", scopeNames[:1], scopeNames[:], "what is counted: all flows, the flows to each service (address, port and protocol), the flows from each source network") {
		w.all = w.all || s == scopeNames[scopeAll]
		w.service = w.service || s == scopeNames[scopeService]
		w.network = w.network || s == scopeNames[scopeNetwork]
	}
	if !w.all && !w.service && !w.network {
		env.Reject("scopes", "name at least one")
	}
	w.bits4 = bits(env, "ipv4-prefix", 24, 32, "length of the source networks of IPv4")
	w.bits6 = bits(env, "ipv6-prefix", 64, 64, "length of the source networks of IPv6")
	level := env.Choice("severity", []string{"info", "low", "medium", "high"}, "severity of the alerts")
	w.severity, _ = detectors.ParseSeverity(level)
	w.maxSeries = env.Int("max-series", 100_000, "services, and source networks, that are followed at once; beyond it those idle longest are forgotten")
	w.maxKept = env.Int("max-kept", 100_000, "flows kept as possible evidence; beyond it alerts go without")
	w.maxHistory = env.Int("max-history", 1_000_000, "buckets kept in the histories of all alerts together")
	if w.maxSeries < 1 || w.maxKept < 0 || w.maxHistory < 0 {
		env.Reject("max-series", "must be positive, and max-kept and max-history not negative")
		w.maxSeries = max(w.maxSeries, 1)
	}
	w.late = env.Tally("late", "flows left out because their bucket was closed (--lateness)")
	w.early = env.Tally("before-first", "flows left out because they began before the first flow of the input, which sets the clock")
	w.lostSeries = env.Counter("series-forgotten", "services and source networks forgotten for lack of max-series or of hosts; they learn anew")
	w.lostEvidence = env.Counter("evidence-not-kept", "flows not kept as possible evidence (max-kept)")
	w.lostHistory = env.Counter("history-not-kept", "buckets left out of the history of an alert (max-history)")
	forgotten := func(_ pairmap.Key, s *series) { w.drop(s) }
	w.services = pairmap.New(w.maxSeries, forgotten)
	w.networks = pairmap.New(w.maxSeries, forgotten)
	env.TickEvery(w.grain)
	return w
}

func bits(env *detectors.Env, name string, def, most int, about string) int {
	v := env.Int(name, def, about)
	if v < 0 || v > most {
		env.Reject(name, "is no length of such a prefix")
		return def
	}
	return v
}

func gcd(a, b flow.Time) flow.Time {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// drop gives back what a series that is forgotten holds.
func (w *watcher) drop(s *series) {
	w.lostSeries.N++
	w.endEpisode(s)
}
