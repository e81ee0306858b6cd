package analyzer

import (
	"seine/flow"
)

// A seam is where records become flows: the stitcher at work, and what it
// stands for. One stitcher serves all consecutive inputs of one kind, since
// a connection may go on in the next file.
type seam struct {
	stitcher *flow.Stitcher // nil where records are flows
	how      flow.Stitching
	format   *flow.Format
	name     string
	fields   flow.Fields
	counts   flow.StitchCounts // of the stitchers before
	free     chan *flow.Batch
}

// oneWay is the note of inputs whose records are read as they are, though each
// is one direction of a connection.
const oneWay = "each row is one direction of a connection: what came back, and whether it failed, is not known from it, " +
	"and replies show the client's port as a destination port"

// mend makes the seam ready for src, or ends it where src is nil, and hands
// on what a stitcher before still held. It reports whether the records of src
// are to be stitched.
func (in *input) mend(src *flow.Source) bool {
	s := &in.seam
	how, stitched := flow.Stitching{}, false
	if src != nil {
		how, stitched = stitchingOf(src, in.Intake.Stitch)
	}
	if s.stitcher != nil && (!stitched || s.how != how || s.format != src.Format) {
		s.stitcher.Flush()
		in.ready()
		s.counts = sum(s.counts, s.stitcher.Counts())
		s.stitcher = nil
	}
	if !stitched {
		if src != nil && how.Halves {
			src.Note(oneWay)
		}
		return false
	}
	if s.stitcher == nil {
		*s = seam{
			stitcher: flow.NewStitcher(how, flow.StitchOptions{Lateness: in.Lateness}),
			how:      how, format: src.Format, counts: s.counts, free: s.free,
		}
	}
	s.name = src.Name
	s.fields |= how.Fields(src.Fields)
	return true
}

// stitchingOf tells how the records of src are put together, and whether.
func stitchingOf(src *flow.Source, mode StitchMode) (flow.Stitching, bool) {
	how := src.Stitch
	switch {
	case mode == StitchOff, mode == StitchAuto && !how.Auto:
		return how, false
	case mode == StitchOn && !how.Needed():
		how = flow.Stitching{Pieces: true}
		if src.Fields&(flow.HasDstBytes|flow.HasDstPkts) == 0 && src.Fields&(flow.HasSrcBytes|flow.HasSrcPkts) != 0 {
			how.Halves = true
		}
	}
	return how, how.Needed()
}

// stitch takes the records of a batch in and hands on the flows that are
// complete. It reports whether the run goes on.
func (in *input) stitch(b *flow.Batch) bool {
	b.Settle()
	in.seam.stitcher.Add(b.Rows)
	b.Free()
	return in.ready()
}

// ready hands on the flows that are complete.
func (in *input) ready() bool {
	s := &in.seam
	if s.free == nil {
		s.free = make(chan *flow.Batch, 64)
	}
	for rows := s.stitcher.Ready(); len(rows) > 0; {
		var b *flow.Batch
		select {
		case b = <-s.free:
		default:
			free := s.free
			b = &flow.Batch{Rows: make([]flow.Record, in.BatchRows)}
			b.Release = func(b *flow.Batch) {
				select {
				case free <- b:
				default:
				}
			}
		}
		b.Rows = b.Rows[:min(cap(b.Rows), len(rows))]
		n := copy(b.Rows, rows)
		rows = rows[n:]
		b.File, b.Bytes = in.current.File, in.current.Consumed()
		if !in.send(&loan{batch: b, name: s.name, fields: s.fields, settled: true}) {
			return false
		}
	}
	return true
}

// tally is what was left out and what was stitched.
func (in *input) tally() (filtered uint64, stitched flow.StitchCounts) {
	select {
	case <-in.ended:
		return in.filtered, in.seam.counts
	default: // interrupted: the goroutine is still at it
		return 0, flow.StitchCounts{}
	}
}

// sum adds up what several stitchers did.
func sum(a, b flow.StitchCounts) flow.StitchCounts {
	return flow.StitchCounts{
		Records: a.Records + b.Records, Flows: a.Flows + b.Flows, Merged: a.Merged + b.Merged, Paired: a.Paired + b.Paired,
		Dropped: a.Dropped + b.Dropped, Turned: a.Turned + b.Turned, Evicted: a.Evicted + b.Evicted, Late: a.Late + b.Late,
		Gap: max(a.Gap, b.Gap),
	}
}
