// Package iqroutlier reports pairs of addresses that stand out from all other
// pairs of the same time window.
package iqroutlier

import (
	_ "embed"
	"math"
	"slices"

	"seine/detectors"
	"seine/detectors/internal/flowlog"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes iqr-outlier.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "iqr-outlier",
		Title: "pairs of addresses that stand out from the others in a time window",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "outlier", Title: "a pair lies outside the interquartile fences of its window", Severity: detectors.Low,
				Expects:   []assets.Role{assets.Scanner, assets.Monitoring, assets.Backup, assets.Proxy, assets.Gateway, assets.LoadBalancer, assets.Resolver, assets.MailServer},
				ExpectsAt: []assets.Role{assets.Backup, assets.Monitoring, assets.DomainController, assets.LoadBalancer, assets.Resolver, assets.MailServer}},
		},
		Needs: flow.HasAddrs,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

type watcher struct {
	env      *detectors.Env
	rule     *detectors.Rule
	length   flow.Time
	features []feature
	sums     bool // bytes are compared
	fence    fence
	limits   []limits

	pool   flowlog.Pool
	open   map[flow.Time]*window // by start
	starts starts                // of the open windows
	recent *window               // where the last flow went
	other  *window               // where one went before recent was
	spare  []*window
	closed flow.Time // windows that start before it are closed

	aliases     map[flow.Host]flow.Addr // hosts forgotten while in an open window
	lastAlias   flow.Host
	manyAliases int // how many there may be until those not in use are dropped
	pairs       int // in open windows
	flows       int // in the logs of open windows
	maxPairs    int
	maxFlows    int
	maxWindows  int
	early       *detectors.Counter
	late        *detectors.Counter
	lost        *detectors.Counter
	chain       []flowlog.Place
	kept        []flow.Record // of one outlier at a time
	text        []byte
	names       [1 << featureCount]detectors.Fact // see named
}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{env: env, rule: d.Rule("outlier"), open: map[flow.Time]*window{}, aliases: map[flow.Host]flow.Addr{}, closed: flow.MinTime}
	w.length = env.Duration("window", 10e9, "length of the tumbling windows of event time")
	if w.length <= 0 {
		env.Reject("window", "must be positive")
		w.length = 10 * flow.Second
	}
	var names []string
	for f := range features {
		names = append(names, features[f].name)
	}
	for _, name := range env.Strings("features", names[:1], names, "what is compared between the pairs of a window") {
		f := feature(slices.Index(names, name))
		w.features = append(w.features, f)
		w.sums = w.sums || f == srcBytes || f == dstBytes
	}
	if len(w.features) == 0 {
		env.Reject("features", "name at least one")
	}
	k := env.Float("fence", 3, "a pair stands out beyond so many interquartile ranges from the quartiles; up to three decimals count")
	if !(k >= 0 && k <= 1e6) {
		env.Reject("fence", "must lie between 0 and 1000000")
		k = 3
	}
	w.fence = newFence(uint64(math.Round(k*1000)), 1000)
	w.maxPairs = env.Int("max-pairs", 4_000_000, "pairs held in open windows; beyond it new pairs are left out")
	w.maxFlows = env.Int("max-flows", 4_000_000, "flows kept one by one in open windows, 64 bytes each; beyond it a window keeps only a sample of them as evidence")
	w.maxWindows = env.Int("max-windows", 50_000, "windows open at once; beyond it the oldest is judged early")
	if w.maxPairs < 1 || w.maxFlows < 1 || w.maxWindows < 1 {
		env.Reject("max-pairs", "must be positive, as max-flows and max-windows")
	}
	w.early = env.Counter("windows-closed-early", "windows judged before their time (max-windows)")
	w.late = env.Counter("late", "flows left out because their window was closed (--lateness)")
	w.lost = env.Counter("flows-left-out", "flows of pairs left out for lack of max-pairs")
	env.TickEvery(w.length)
	return w
}
