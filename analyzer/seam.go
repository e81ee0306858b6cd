package analyzer

import (
	"seine/flow"
)

// A seam is where records become flows. One stitcher serves all inputs of one
// kind, since a connection may go on in another file.
type seam struct {
	stitcher *flow.Stitcher
	how      flow.Stitching
	format   *flow.Format
	name     string // of the input that came last
	fields   flow.Fields
}

// oneWay is the note of inputs whose records are read as they are, though each
// is one direction of a connection.
const oneWay = "each row is one direction of a connection: what came back, and whether it failed, is not known from it, " +
	"and replies show the client's port as a destination port"

// seamOf is the seam that the records of src go to, or nil if they are read as
// they are.
func (in *input) seamOf(src *flow.Source) *seam {
	how, stitched := stitchingOf(src, in.Intake.Stitch)
	if !stitched {
		if how.Halves {
			src.Note(oneWay)
		}
		return nil
	}
	var s *seam
	for _, o := range in.seams {
		if o.how == how && o.format == src.Format {
			s = o
		}
	}
	if s == nil {
		s = &seam{stitcher: flow.NewStitcher(how, flow.StitchOptions{Lateness: in.Lateness}), how: how, format: src.Format}
		in.seams = append(in.seams, s)
	}
	s.name = src.Name
	s.fields |= how.Fields(src.Fields)
	return s
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

// ready hands on the flows of a seam that are complete. It reports whether the
// run goes on.
func (in *input) ready(s *seam) bool {
	for rows := s.stitcher.Ready(); len(rows) > 0; {
		b := in.blank()
		b.Rows = b.Rows[:min(cap(b.Rows), len(rows))]
		rows = rows[copy(b.Rows, rows):]
		if !in.send(&loan{batch: b, name: s.name, fields: s.fields, settled: true}) {
			return false
		}
	}
	return true
}

// leavings are what became of records that are no flows of the run.
type leavings struct {
	filtered, ignored uint64
	stitched          flow.StitchCounts
	over              bool // the counts, also those of Select.Ignore, are at rest
}

// tally is what was left out and what was stitched.
func (in *input) tally() leavings {
	select {
	case <-in.ended:
		l := leavings{filtered: in.filtered, ignored: in.ignored, over: true}
		for _, s := range in.seams {
			l.stitched = sum(l.stitched, s.stitcher.Counts())
		}
		return l
	default: // interrupted: the goroutine is still at it
		return leavings{}
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
