package parquet

import (
	"slices"

	"seine/flow"
	"seine/flow/internal/columns"
)

const (
	// batchRows is how many rows are decoded at a time: all columns in turn.
	batchRows = 2048
	// blockRows is how many records are written at a time, field by field:
	// as many as stay in the first cache.
	blockRows = 128
)

// A batch is a run of rows of one row group on its way through the stages.
type batch struct {
	lent   flow.Batch
	rows   []flow.Record // capacity batchRows
	n      int           // rows decoded so far by every column
	base   uint64        // rows of the file before this batch
	group  int
	opens  bool  // the first batch of its row group
	err    error // behind the n rows
	exact  bool  // states and ports are as Seine wrote them
	aws    *awsLog
	intern *flow.Interner

	has      flow.Fields // fields that every row has
	ends     []flow.Time // MinTime for none; nil if there is no column of ends
	bad      []bool      // by row, if any is bad
	anyBad   bool
	badRows  uint64
	status   []uint8 // of AWS, by row
	noData   uint64  // rows without a flow
	skipData uint64
	negative uint64        // durations, which became 0
	reasons  []flow.BadRow // of the first bad rows, in their order
}

func newBatch(symbols *flow.Symbols, t *tableColumns) *batch {
	b := &batch{
		rows:   make([]flow.Record, batchRows),
		bad:    make([]bool, batchRows),
		intern: flow.NewInterner(symbols),
		exact:  t.exact,
		aws:    t.aws,
	}
	if slices.ContainsFunc(t.bound, func(c *boundColumn) bool { return c.field == columns.End }) {
		b.ends = make([]flow.Time, batchRows)
	}
	if t.aws != nil {
		b.status = make([]uint8, batchRows)
	}
	return b
}

// start makes the batch ready for n rows.
func (b *batch) start(n int) {
	b.rows, b.n, b.err = b.rows[:n], n, nil
	b.has = 0
	if b.anyBad {
		clear(b.bad)
	}
	b.anyBad, b.badRows, b.reasons = false, 0, b.reasons[:0]
	b.noData, b.skipData, b.negative = 0, 0, 0
}

// reject marks row i as bad; the first fault of a row counts. The columns
// come one after the other, so the first rows are picked out here.
func (b *batch) reject(i int, why func() string) {
	if b.bad[i] {
		return
	}
	b.bad[i], b.anyBad = true, true
	row := uint64(i) + 1
	at, _ := slices.BinarySearchFunc(b.reasons, row, func(r flow.BadRow, row uint64) int {
		return int(r.Row) - int(row)
	})
	if at == flow.KeepBad {
		return
	}
	b.reasons = slices.Insert(b.reasons, at, flow.BadRow{Row: row, Reason: why()})
	b.reasons = b.reasons[:min(len(b.reasons), flow.KeepBad)]
}

// blank makes rows lo to hi say nothing.
func (b *batch) blank(lo, hi int) {
	rows := b.rows[lo:hi]
	clear(rows)
	for i := range rows {
		rows[i].Proto = flow.ProtoUnknown
	}
	if b.ends != nil {
		for i := range b.ends[lo:hi] {
			b.ends[lo+i] = flow.MinTime
		}
	}
	if b.status != nil {
		clear(b.status[lo:hi])
	}
}

// complete settles rows lo to hi, whose columns are all stored: what follows
// from several fields together.
func (b *batch) complete(lo, hi int) {
	for i := lo; i < hi; i++ {
		r := &b.rows[i]
		r.Row = uint64(i) + 1
		r.Has |= b.has
		if b.ends != nil && r.Has&flow.HasDuration == 0 && b.ends[i] != flow.MinTime {
			r.Duration = b.ends[i].Sub(r.Start)
			r.Has |= flow.HasDuration
		}
		if r.Duration < 0 {
			r.Duration = 0
			if !b.bad[i] {
				b.negative++
			}
		}
		if b.exact {
			continue
		}
		if b.aws != nil {
			b.aws.settle(r)
			continue
		}
		columns.Settle(r)
	}
}

// sift drops the rows that an error cut off, and the bad ones.
func (b *batch) sift() {
	b.rows = b.rows[:b.n]
	b.reasons = slices.DeleteFunc(b.reasons, func(r flow.BadRow) bool { return r.Row > uint64(b.n) })
	b.empty()
	if !b.anyBad {
		return
	}
	kept := 0
	for i := range b.rows {
		if b.bad[i] {
			b.badRows++
			continue
		}
		if kept != i {
			b.rows[kept] = b.rows[i]
		}
		kept++
	}
	b.rows = b.rows[:kept]
	b.badRows -= b.noData + b.skipData
}
