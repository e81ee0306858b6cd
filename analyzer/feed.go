package analyzer

import (
	"fmt"
	"io"

	"seine/flow"
)

// A feed is an open source. Its place in time is the latest start so far,
// which never goes back: by that the rows of several feeds are merged, the
// same whatever the size of their batches.
type feed struct {
	src     *flow.Source
	closer  io.Closer
	lender  flow.Lender
	seam    *seam // where its records become flows, or nil
	batch   *flow.Batch
	settled bool
	at      int       // the next row of the batch
	latest  flow.Time // start before that row
}

// maxFeeds is how many sources are read side by side.
const maxFeeds = 32

// place is the feed's place in time once its next row is read.
func (f *feed) place() flow.Time { return max(f.latest, f.batch.Rows[f.at].Start) }

// ahead reports whether f comes before what is at time t in the source of
// that number.
func (f *feed) ahead(t flow.Time, file uint32) bool {
	p := f.place()
	return p < t || p == t && f.src.File < file
}

// run reads all sources, or until stop is closed or there are too many bad
// rows.
func (in *input) run(loans chan<- *loan, stop <-chan struct{}) {
	defer close(in.ended)
	defer close(loans)
	in.loans, in.stop = loans, stop
	for i, src := range in.Sources {
		src.File = uint32(i)
	}
	goOn := true
	for waiting := in.Sources; goOn; {
		for len(waiting) > 0 && in.wants(waiting[0]) {
			goOn = in.begin(waiting[0])
			waiting = waiting[1:]
			if !goOn {
				break
			}
		}
		if len(in.feeds) == 0 {
			if len(waiting) == 0 {
				break
			}
			continue
		}
		if goOn {
			var next *flow.Source
			if len(waiting) > 0 && waiting[0].Looked && len(in.feeds) < maxFeeds {
				next = waiting[0]
			}
			goOn = in.advance(next)
		}
	}
	for _, f := range in.feeds { // of a run that was stopped
		in.end(f, nil)
	}
	if goOn || in.tooMany {
		in.flush()
		for _, s := range in.seams {
			s.stitcher.Flush()
			if !in.ready(s) {
				break
			}
		}
	}
}

// wants reports whether a source is to be opened now: when its first row is
// the next, or nothing else is open.
func (in *input) wants(src *flow.Source) bool {
	if len(in.feeds) == 0 {
		return true
	}
	if !src.Looked {
		return false
	}
	f := in.next()
	if f.ahead(src.Begins, src.File) {
		return false
	}
	if len(in.feeds) == maxFeeds && in.crowded != src {
		in.crowded = src
		src.Note(fmt.Sprintf("more than %d files are of the same time: this one is read when another has ended", maxFeeds))
	}
	return len(in.feeds) < maxFeeds
}

// next is the feed whose next row comes first.
func (in *input) next() *feed {
	best := in.feeds[0]
	for _, f := range in.feeds[1:] {
		if f.ahead(best.place(), best.src.File) {
			best = f
		}
	}
	return best
}

// begin opens a source. It reports whether the run goes on.
func (in *input) begin(src *flow.Source) bool {
	planned := src.Stitch // as the first look at all inputs found it
	r, err := open(src, in.Format, in.Formats)
	if err != nil {
		in.record(src, err)
		return true
	}
	in.opened++
	if planned.Needed() {
		src.Stitch = planned
	}
	f := &feed{src: src, lender: asLender(r, src, in.BatchRows), latest: flow.MinTime}
	f.closer, _ = r.(io.Closer)
	f.seam = in.seamOf(src)
	in.feeds = append(in.feeds, f)
	return in.load(f)
}

// load gets the next batch of a feed, or ends it. It reports whether the run
// goes on.
func (in *input) load(f *feed) bool {
	b, err := f.lender.Lend()
	bad, rows := in.bad, in.rows
	for _, o := range in.feeds {
		bad, rows = bad+o.src.Bad, rows+o.src.Rows
	}
	switch {
	case in.MaxBad.Exceeded(bad, rows, false):
		if b != nil {
			b.Free()
		}
		in.drop(f, errTooManyBad)
		in.tooMany = true
		return false
	case err == io.EOF:
		in.drop(f, nil)
	case err != nil:
		in.drop(f, err)
	default:
		f.batch, f.settled, f.at = b, false, 0
	}
	return true
}

// drop ends a feed that has no more rows.
func (in *input) drop(f *feed, err error) {
	f.batch = nil
	for i, o := range in.feeds {
		if o == f {
			in.feeds = append(in.feeds[:i], in.feeds[i+1:]...)
			break
		}
	}
	in.end(f, err)
}

// end closes a feed and keeps what became of its source.
func (in *input) end(f *feed, err error) {
	if f.batch != nil {
		f.batch.Free()
		f.batch = nil
	}
	if f.closer != nil {
		_ = f.closer.Close()
	}
	in.record(f.src, err)
}

// advance hands on the rows that come before those of the other feeds and
// before the first of waiting, if that is not nil.
func (in *input) advance(waiting *flow.Source) bool {
	f := in.next()
	rows := f.batch.Rows[f.at:]
	n := len(rows)
	if len(in.feeds) > 1 || waiting != nil {
		limit, file := flow.MaxTime, uint32(1<<32-1)
		if waiting != nil {
			limit, file = waiting.Begins, waiting.File
		}
		for _, o := range in.feeds {
			if o != f && o.ahead(limit, file) {
				limit, file = o.place(), o.src.File
			}
		}
		latest := f.latest
		for i := range rows {
			t := max(latest, rows[i].Start)
			if i > 0 && (t > limit || t == limit && f.src.File > file) {
				n = i
				break
			}
			latest = t
		}
		f.latest = latest
	}
	if !in.take(f, n) {
		return false
	}
	if f.batch != nil && f.at < len(f.batch.Rows) {
		return true
	}
	if f.batch != nil {
		f.batch.Free()
		f.batch = nil
	}
	return in.load(f)
}

// take hands on the next n rows of a feed: the batch itself if they are all of
// it, which is so as long as one source is read alone.
func (in *input) take(f *feed, n int) bool {
	b := f.batch
	whole := f.at == 0 && n == len(b.Rows)
	if !f.settled && (!whole || f.seam != nil) {
		b.Settle()
		f.settled = true
	}
	if whole {
		f.batch = nil
		if !in.flush() {
			b.Free()
			return false
		}
		if f.seam == nil {
			return in.send(&loan{batch: b, name: f.src.Name, fields: f.src.Fields, settled: f.settled})
		}
		f.seam.stitcher.Add(b.Rows)
		b.Free()
		return in.ready(f.seam)
	}
	rows := b.Rows[f.at : f.at+n]
	f.at += n
	return in.gather(f, rows)
}

// A gathering is rows of several feeds on their way.
type gathering struct {
	batch  *flow.Batch
	seam   *seam
	fields flow.Fields
	name   string
}

// gather copies rows to those on their way.
func (in *input) gather(f *feed, rows []flow.Record) bool {
	o := &in.out
	if o.batch != nil && (o.seam != f.seam || o.fields != f.src.Fields) && !in.flush() {
		return false
	}
	for len(rows) > 0 {
		if o.batch == nil {
			*o = gathering{batch: in.blank(), seam: f.seam, fields: f.src.Fields, name: f.src.Name}
			o.batch.Rows = o.batch.Rows[:0]
		}
		n := min(len(rows), cap(o.batch.Rows)-len(o.batch.Rows))
		o.batch.Rows = append(o.batch.Rows, rows[:n]...)
		rows = rows[n:]
		if len(o.batch.Rows) == cap(o.batch.Rows) && !in.flush() {
			return false
		}
	}
	return true
}

// flush hands on the rows that were gathered.
func (in *input) flush() bool {
	o := in.out
	in.out = gathering{}
	switch {
	case o.batch == nil:
		return true
	case o.seam == nil:
		return in.send(&loan{batch: o.batch, name: o.name, fields: o.fields, settled: true})
	}
	o.seam.stitcher.Add(o.batch.Rows)
	o.batch.Free()
	return in.ready(o.seam)
}

// blank is an empty batch of the input's own.
func (in *input) blank() *flow.Batch {
	select {
	case b := <-in.spare:
		return b
	default:
	}
	spare := in.spare
	b := &flow.Batch{Rows: make([]flow.Record, in.BatchRows)}
	b.Release = func(b *flow.Batch) {
		select {
		case spare <- b:
		default:
		}
	}
	return b
}
