package analyzer

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"seine/flow"
)

// An item is a run of rows, or another event, on its way past the detectors.
type item struct {
	kind     itemKind
	rows     []flow.Record
	file     string
	fields   flow.Fields // what the input of rows carries
	maxAfter flow.Time   // largest start up to their end
	rises    []rise      // the rows that start later than all before
	hosts    []flow.Host // to forget
	loan     *loan

	alerts  [][]raised // by place in the chain
	pending atomic.Int32
	ready   chan struct{} // has a value when every runner is done
}

// A rise is the place of a row that moves the watermark, and its start.
type rise struct {
	at    int
	start flow.Time
}

type itemKind uint8

const (
	rowsItem itemKind = iota
	forgetItem
	endItem
)

// inFlight is how many items may be under way: enough to keep the cores
// busy, few enough to stay in their caches.
const inFlight = 16

// A pipeline is the moving part of a run.
type pipeline struct {
	plan    *Plan
	workers []worker // the census, then the runners
	pool    chan *item
	order   chan *item
	idle    chan struct{} // answers the collector's barrier
	sink    Sink
	sinkErr atomic.Pointer[error]

	row       uint64 // rows numbered so far
	maxStart  flow.Time
	nextSweep flow.Time
}

// An onlooker sees all rows beside the detectors.
type onlooker struct {
	in  chan *item
	see func([]flow.Record)
}

func (o *onlooker) queue() chan *item { return o.in }

func (o *onlooker) work(it *item) {
	if len(it.rows) > 0 {
		o.see(it.rows)
	}
}

// Watch has see called, during Run, with all rows that the detectors see, in
// their order, in runs that are only lent.
func (p *Plan) Watch(see func([]flow.Record)) { p.see = see }

// A worker takes every item, on a goroutine of its own.
type worker interface {
	queue() chan *item
	work(it *item)
}

// Run reads the sources to their end, or until ctx is done, and hands the
// alerts to sink, which it closes. The error joins what went wrong with the
// input (Is ErrInput), with a detector, and with the sink.
func (p *Plan) Run(ctx context.Context, sink Sink) (*Summary, error) {
	began := time.Now()
	pl := &pipeline{
		plan: p, sink: sink,
		pool: make(chan *item, inFlight), order: make(chan *item, inFlight), idle: make(chan struct{}),
		maxStart: flow.MinTime, nextSweep: flow.MinTime,
	}
	census := newCensus()
	pl.workers = append(pl.workers, census)
	for _, r := range p.runners {
		r.in = make(chan *item, inFlight)
		pl.workers = append(pl.workers, r)
	}
	if p.see != nil {
		pl.workers = append(pl.workers, &onlooker{make(chan *item, inFlight), p.see})
	}
	for range inFlight {
		pl.pool <- &item{alerts: make([][]raised, len(p.runners)), ready: make(chan struct{}, 1)}
	}
	for _, w := range pl.workers {
		go func() {
			for it := range w.queue() {
				w.work(it)
				if it.pending.Add(-1) == 0 {
					it.ready <- struct{}{}
				}
			}
		}()
	}
	collected := make(chan struct{})
	go pl.collect(collected)

	in := newInput(p.cfg.intake())
	inputErr := pl.feed(ctx, in)
	pl.send(pl.take(endItem))
	close(pl.order)
	<-collected
	for _, w := range pl.workers {
		close(w.queue())
	}

	s := p.finish(census, pl, in)
	s.Interrupted = ctx.Err() != nil && pl.sinkErr.Load() == nil
	s.Elapsed = time.Since(began)
	s.PeakMemory = peakMemory()
	errs := []error{inputErr}
	for _, r := range p.runners {
		errs = append(errs, r.failed)
	}
	if e := pl.sinkErr.Load(); e != nil {
		errs = append(errs, *e)
	}
	errs = append(errs, sink.Close(s))
	return s, errors.Join(errs...)
}

// feed moves batches from the input into the pipeline.
func (pl *pipeline) feed(ctx context.Context, in *input) error {
	loans := make(chan *loan, 2)
	stop := make(chan struct{})
	defer close(stop)
	go in.run(loans, stop)
	for {
		select {
		case <-ctx.Done():
			return nil
		case l, ok := <-loans:
			if !ok {
				return in.verdict()
			}
			if pl.sinkErr.Load() != nil {
				return nil
			}
			pl.plan.progress.rows.Add(uint64(len(l.batch.Rows))) // split gives it back
			pl.split(l)
		}
	}
}

// split cuts a batch into items at the places where hosts must be forgotten,
// which depend on the rows alone, and at the size that suits the caches.
func (pl *pipeline) split(l *loan) {
	rows := l.batch.Rows
	l.left.Store(1)
	base, file := l.batch.Base, l.batch.File
	if !l.settled {
		for i := range rows {
			rows[i].Row += base
			rows[i].File = file
		}
	}
	for len(rows) > 0 {
		h := pl.plan.hosts
		if pl.row&(1<<epochBits-1) == 0 && !h.tracking && h.live >= h.max/2 {
			h.tracking = true
		}
		n := min(len(rows), pl.plan.cfg.BatchRows, int(1<<epochBits-pl.row&(1<<epochBits-1)))
		n = pl.untilSweep(rows[:n])
		if n > 0 {
			n = h.number(rows[:n])
		}
		if n == 0 {
			pl.makeRoom(rows[0].Start)
			continue
		}
		if s := pl.plan.surveyor; s != nil {
			s.Survey(rows[:n])
		}
		h.touch(rows[:n], pl.row, pl.plan.cfg.Retention)
		it := pl.take(rowsItem)
		it.rows, it.loan, it.file, it.fields = rows[:n], l, l.name, l.fields
		late, before := uint64(0), pl.maxStart
		for i := range it.rows {
			start := it.rows[i].Start
			if start > before {
				before = start
				it.rises = append(it.rises, rise{i, start})
			} else if start < before.Add(-pl.plan.cfg.Lateness) {
				late++
			}
		}
		pl.maxStart, it.maxAfter = before, before
		pl.plan.summary.Late += late
		pl.row += uint64(n)
		l.left.Add(1)
		pl.send(it)
		rows = rows[n:]
	}
	l.done()
}

// untilSweep is the number of rows before the next one at which idle hosts
// are looked for. It is 0 where the first row is one.
func (pl *pipeline) untilSweep(rows []flow.Record) int {
	retention := pl.plan.cfg.Retention
	if retention == 0 || pl.nextSweep == flow.MaxTime { // none, or the end of time is reached
		return len(rows)
	}
	for i := range rows {
		if rows[i].Start >= pl.nextSweep {
			if pl.nextSweep == flow.MinTime { // the first row sets the pace
				pl.nextSweep = rows[i].Start.Add(retention)
				continue
			}
			return i
		}
	}
	return len(rows)
}

// makeRoom forgets hosts: those idle for the retention at now, the start of
// the next row, or the least recently seen if the table is full. It waits
// until no detector is at work on rows that came before.
func (pl *pipeline) makeRoom(now flow.Time) {
	h := pl.plan.hosts
	var hs []flow.Host
	if h.full() {
		hs = h.oldest()
	} else {
		hs = h.idle(now.Add(-pl.plan.cfg.Retention))
		pl.nextSweep = now.Add(max(pl.plan.cfg.Retention/8, 1))
	}
	if len(hs) == 0 {
		return
	}
	it := pl.take(forgetItem)
	it.hosts = hs
	pl.send(it)
	<-pl.idle
	h.forget(hs)
}

// take gets an item from the pool.
func (pl *pipeline) take(kind itemKind) *item {
	it := <-pl.pool
	*it = item{kind: kind, alerts: it.alerts, ready: it.ready, rises: it.rises[:0]}
	return it
}

// send hands an item to every worker and to the collector.
func (pl *pipeline) send(it *item) {
	it.pending.Store(int32(len(pl.workers)))
	for _, w := range pl.workers {
		w.queue() <- it
	}
	pl.order <- it
}

// collect passes the alerts of each item on, in the order of the items, when
// all workers are done with it.
func (pl *pipeline) collect(done chan<- struct{}) {
	defer close(done)
	var m merger
	for it := range pl.order {
		<-it.ready
		for _, a := range m.merge(it.alerts) {
			if pl.sinkErr.Load() != nil {
				break
			}
			if err := pl.sink.Alert(a.alert); err != nil {
				failed := fmt.Errorf("writing alerts: %w", err)
				pl.sinkErr.Store(&failed)
			}
		}
		for i := range it.alerts {
			clear(it.alerts[i])
			it.alerts[i] = it.alerts[i][:0]
		}
		if it.loan != nil {
			it.loan.done()
		}
		barrier := it.kind == forgetItem
		pl.pool <- it
		if barrier {
			pl.idle <- struct{}{}
		}
	}
}
