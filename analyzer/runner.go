package analyzer

import (
	"cmp"
	"fmt"
	"runtime/debug"
	"slices"
	"unsafe"

	"seine/detectors"
	"seine/flow"
)

// A raised alert and the place in its item of the row that raised it. Rows of
// stitched flows do not rise, so they cannot order the alerts.
type raised struct {
	place int
	alert *detectors.Alert
}

// A runner drives one Watcher: it cuts runs at ticks, catches panics and
// keeps the alerts of the item it is at.
type runner struct {
	plan     *Plan
	detector *detectors.Detector
	env      *detectors.Env
	watcher  detectors.Watcher
	position int
	in       chan *item

	now      flow.Time // the last tick
	started  bool
	rows     []flow.Record // of the item
	at       int           // place of the row to which alerts without a flow belong
	inFlows  bool
	alerts   []raised
	unsorted bool
	passed   uint64 // rows not seen because their input lacks a needed field
	lacking  flow.Fields
	total    uint64
	counts   [detectors.Severities]uint64
	failed   error
}

func (r *runner) queue() chan *item { return r.in }

func (r *runner) work(it *item) {
	if r.failed != nil || r.watcher == nil {
		return
	}
	r.alerts, r.unsorted, r.rows, r.at = it.alerts[r.position], false, it.rows, 0
	r.guarded(it)
	if r.unsorted {
		slices.SortStableFunc(r.alerts, byPlace)
	}
	it.alerts[r.position], r.rows = r.alerts, nil
}

func byPlace(a, b raised) int { return cmp.Compare(a.place, b.place) }

// guarded turns a panic of the detector into an error that names it and the
// flow; the detector then sees nothing more.
func (r *runner) guarded(it *item) {
	run := it.rows // what the watcher is at
	defer func() {
		v := recover()
		if v == nil {
			return
		}
		where := "at the end of the input"
		if len(run) > 0 {
			where = fmt.Sprintf("in %s rows %d to %d", it.file, run[0].Row, run[len(run)-1].Row)
			if c, ok := r.watcher.(interface{ Cursor() int }); ok && c.Cursor() < len(run) {
				where = fmt.Sprintf("at %s:%d", it.file, run[c.Cursor()].Row)
			}
		}
		r.failed = fmt.Errorf("detector %s failed %s: %v\n%s", r.detector.ID, where, v, debug.Stack())
	}()
	switch it.kind {
	case forgetItem:
		if f, ok := r.watcher.(detectors.Forgetter); ok {
			f.Forget(it.hosts)
		}
		return
	case endItem:
		r.watcher.Close()
		return
	}
	r.total += uint64(len(it.rows))
	if missing := r.detector.Needs &^ it.fields; missing != 0 {
		r.passed += uint64(len(it.rows))
		r.lacking |= missing
		return
	}
	period := r.env.TickPeriod()
	if period == 0 {
		r.flows(it.rows)
		return
	}
	late := r.env.Lateness()
	if !r.started {
		r.started = true
		r.now = it.rows[0].Start.Add(-late).Floor(period)
		r.watcher.Tick(r.now)
	}
	rest := it.rows
	if it.maxAfter.Add(-late).Floor(period) > r.now {
		from, next := 0, r.now.Add(late).Add(period)
		for _, up := range it.rises {
			if up.start < next {
				continue
			}
			if now := up.start.Add(-late).Floor(period); now > r.now {
				if run = it.rows[from:up.at]; len(run) > 0 {
					r.flows(run)
				}
				from, r.now, r.at = up.at, now, up.at
				run = it.rows[up.at : up.at+1]
				r.watcher.Tick(now)
				next = now.Add(late).Add(period)
			}
		}
		rest = it.rows[from:]
	}
	run = rest
	r.flows(rest)
}

// flows hands a run of rows on.
func (r *runner) flows(rs []flow.Record) {
	r.inFlows = true
	r.watcher.Flows(rs)
	r.inFlows = false
	r.env.At(nil)
}

// Alert implements detectors.Runtime.
func (r *runner) Alert(at *flow.Record, a *detectors.Alert) {
	place := r.at
	if i, ok := indexOf(r.rows, at); ok {
		place = i
	} else if at == nil && r.inFlows && r.plan.cfg.Strict {
		panic("an alert of " + a.Rule.ID + " within Flows without its row")
	}
	if n := len(r.alerts); n > 0 && r.alerts[n-1].place > place {
		r.unsorted = true
	}
	r.counts[a.Severity]++
	r.alerts = append(r.alerts, raised{place, a})
}

// indexOf is the index of the row that at points to, if it is one of rows.
func indexOf(rows []flow.Record, at *flow.Record) (int, bool) {
	if at == nil || len(rows) == 0 {
		return 0, false
	}
	away := uintptr(unsafe.Pointer(at)) - uintptr(unsafe.Pointer(&rows[0]))
	i := away / unsafe.Sizeof(*at)
	return int(i), i < uintptr(len(rows))
}

// Addr implements detectors.Runtime.
func (r *runner) Addr(h flow.Host) flow.Addr { return r.plan.hosts.addr(h) }

// Text implements detectors.Runtime.
func (r *runner) Text(s flow.Symbol) string { return r.plan.cfg.Symbols.Text(s) }

// File implements detectors.Runtime.
func (r *runner) File(i uint32) string { return r.plan.names.File(i) }

// A merger puts the alerts of one item into their final order: by row, then
// by place in the chain, then in the order of raising.
type merger struct{ out []raised }

func (m *merger) merge(byDetector [][]raised) []raised {
	clear(m.out)
	m.out = m.out[:0]
	from := 0
	for _, as := range byDetector {
		if len(as) > 0 {
			from++
			m.out = append(m.out, as...)
		}
	}
	if from > 1 {
		slices.SortStableFunc(m.out, byPlace)
	}
	return m.out
}
