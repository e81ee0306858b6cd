// Package portactivity reports the first use of a port by an address, and
// keeps the figures of each port for the run summary.
package portactivity

import (
	_ "embed"
	"fmt"
	"math/bits"
	"slices"

	"seine/detectors"
	"seine/detectors/internal/hashset"
	"seine/flow"
)

//go:embed README.md
var doc string

// Detector describes port-activity.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "port-activity",
		Title: "what each unpopular destination port does, and who uses it for the first time",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "first-use", Title: "an address uses a port, in a role, for the first time", Severity: detectors.Info},
		},
		Needs: flow.HasAddrs | flow.HasDstPort,
		Scope: detectors.Everything,
	}
	d.New = func(env *detectors.Env) detectors.Watcher {
		w := &watcher{env: env, rule: d.Rule("first-use"), users: hashset.New()}
		for _, p := range env.PopularPorts() {
			w.popular[p>>6] |= 1 << (p & 63)
		}
		w.limit = env.Int("max-users", 20_000_000, "(port, address, role) triples remembered; beyond that first uses go unnoticed")
		w.top = env.Int("top", 20, "ports listed in the run summary")
		if w.limit < 1 || w.top < 0 {
			env.Reject("max-users", "must be positive, as top may not be negative")
		}
		w.lost = env.Counter("users-not-remembered", "first uses past max-users, neither remembered nor reported")
		return w
	}
	return d
}

// port is what is known of one destination port.
type port struct {
	up, down, flows uint64
	users           [2]uint64 // distinct destinations and sources
}

type watcher struct {
	env     *detectors.Env
	rule    *detectors.Rule
	popular [1 << 16 / 64]uint64
	ports   [256]*[256]port
	users   *hashset.Set // see key
	limit   int
	top     int
	lost    *detectors.Counter
}

// The roles of an address, in the order in which they are looked at.
const (
	destination = iota
	source
)

// key packs port, host and role. It is never 0, since no host is.
func key(port uint16, h flow.Host, role int) uint64 {
	return uint64(port)<<33 | uint64(h)<<1 | uint64(role)
}

func (w *watcher) concerns(r *flow.Record) bool {
	return w.popular[r.DstPort>>6]>>(r.DstPort&63)&1 == 0 && r.Has&flow.HasDstPort != 0
}

// group is how many rows have their places in the set asked for at once.
const group = 64

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	var concerned [2][group]*flow.Record
	now, coming := concerned[0][:0], concerned[1][:0]
	now, rs = w.look(rs, now)
	for len(now) > 0 {
		coming, rs = w.look(rs, coming[:0])
		for _, r := range now {
			w.flow(r)
		}
		now, coming = coming, now
	}
}

// look collects the next rows that are of concern, up to a group, and asks
// for their places in the set.
func (w *watcher) look(rs []flow.Record, found []*flow.Record) ([]*flow.Record, []flow.Record) {
	var places [2 * group]*uint64
	i := 0
	for ; i < len(rs) && len(found) < group; i++ {
		if r := &rs[i]; w.concerns(r) {
			places[2*len(found)] = w.users.Place(key(r.DstPort, r.DstHost, destination))
			places[2*len(found)+1] = w.users.Place(key(r.DstPort, r.SrcHost, source))
			found = append(found, r)
		}
	}
	detectors.Prefetch(places[:2*len(found)])
	return found, rs[i:]
}

func (w *watcher) port(n uint16) *port {
	page := w.ports[n>>8]
	if page == nil {
		page = new([256]port)
		w.ports[n>>8] = page
	}
	return &page[n&255]
}

func (w *watcher) flow(r *flow.Record) {
	p := w.port(r.DstPort)
	p.up = addUp(p.up, r.SrcBytes)
	p.down = addUp(p.down, r.DstBytes)
	p.flows++
	w.use(p, r, destination, r.DstHost)
	w.use(p, r, source, r.SrcHost)
}

// addUp adds to a sum, which stays at the largest number.
func addUp(sum, v uint64) uint64 {
	s, carry := bits.Add64(sum, v, 0)
	return s | -carry
}

func (w *watcher) use(p *port, r *flow.Record, role int, h flow.Host) {
	k := key(r.DstPort, h, role)
	if w.users.Len() >= w.limit {
		if !w.users.Has(k) {
			w.lost.N++
		}
		return
	}
	if !w.users.Add(k) {
		return
	}
	before := p.users[role]
	p.users[role]++
	if !w.env.Shows(w.rule) {
		return
	}
	a := detectors.Alert{Rule: w.rule}
	if role == destination {
		a.Subject = detectors.Address(r.Dst, detectors.RoleDst).WithPort(r.DstPort)
		a.Summary = fmt.Sprintf("%s is addressed on port %d for the first time (%d addresses were before)", r.Dst, r.DstPort, before)
	} else {
		a.Subject = detectors.Address(r.Src, detectors.RoleSrc).WithPort(r.DstPort)
		a.Summary = fmt.Sprintf("%s uses destination port %d for the first time (%d addresses did before)", r.Src, r.DstPort, before)
	}
	a.Facts = []detectors.Fact{detectors.Uint("port", uint64(r.DstPort)), detectors.Uint("addresses_before", before)}
	w.env.Report(r, a)
}

// Forget implements detectors.Forgetter.
func (w *watcher) Forget(hs []flow.Host) {
	gone := make(map[flow.Host]struct{}, len(hs))
	for _, h := range hs {
		gone[h] = struct{}{}
	}
	w.users.Remove(func(k uint64) bool {
		_, ok := gone[flow.Host(k>>1)]
		return ok
	})
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close tells the summary of the busiest ports.
func (w *watcher) Close() {
	type row struct {
		number int
		*port
	}
	var rows []row
	for hi, page := range w.ports {
		if page == nil {
			continue
		}
		for lo := range page {
			if p := &page[lo]; p.flows > 0 {
				rows = append(rows, row{hi<<8 | lo, p})
			}
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int {
		if a.flows != b.flows {
			if a.flows > b.flows {
				return -1
			}
			return 1
		}
		return a.number - b.number
	})
	t := detectors.Table{
		Name: "ports", Title: "Busiest unpopular destination ports",
		Columns: []string{"dst_port", "flows", "sources", "destinations", "bytes_up", "bytes_down"},
	}
	for _, r := range rows[:min(w.top, len(rows))] {
		t.Rows = append(t.Rows, []detectors.Fact{
			detectors.Uint("dst_port", uint64(r.number)), detectors.Uint("flows", r.flows),
			detectors.Uint("sources", r.users[source]), detectors.Uint("destinations", r.users[destination]),
			detectors.Uint("bytes_up", r.up), detectors.Uint("bytes_down", r.down),
		})
	}
	if len(t.Rows) > 0 {
		w.env.Summarise(t)
	}
}
