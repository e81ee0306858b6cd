package flow

import "encoding/binary"

// placeUID finds the connection that r reports on by its UID. A UID alone is
// not enough: sensors restart and count anew, so the times have to fit, too.
func (s *Stitcher) placeUID(r *Record) {
	lo, hi := binary.LittleEndian.Uint64(r.UID[:8]), binary.LittleEndian.Uint64(r.UID[8:])
	h := mix(lo^s.table.seed, hi^0x9e3779b97f4a7c15)
	hash := uint32(h ^ h>>32)
	y := span{r.Start, r.End()}
	best := int32(-1)
	s.found = s.table.findUID(s.found[:0], hash, r)
	for _, at := range s.found {
		f := s.table.at(at)
		if apart(f.start, r.Start) > Second && f.span.distance(y) > 0 {
			continue
		}
		if best < 0 || comparePlace(f, s.table.at(best)) > 0 {
			best = at
		}
	}
	if best >= 0 {
		s.table.at(best).report(r)
		return
	}
	if len(s.found) >= kinMax {
		s.orphan(s.found)
	}
	at := s.open(r)
	s.table.link(at, hash)
}

// findUID appends to dst the flows that have the UID and the protocol of r.
func (t *table) findUID(dst []int32, hash uint32, r *Record) []int32 {
	if len(t.index) == 0 {
		return dst
	}
	mask := uint32(len(t.index) - 1)
	for i := hash & mask; t.index[i].at != 0; i = (i + 1) & mask {
		if t.index[i].hash != hash {
			continue
		}
		f := t.at(t.index[i].at - 1)
		if !f.key.set && f.rec.UID == r.UID && f.rec.Proto == r.Proto {
			dst = append(dst, t.index[i].at-1)
		}
	}
	return dst
}

// report takes up another report on the connection f.
func (f *openFlow) report(r *Record) {
	y := partOf(r, false)
	last, before := f.rec, r
	if f.supersededBy(r) {
		last, before = *r, &f.rec
	}
	last.SrcBytes, last.DstBytes = max(last.SrcBytes, before.SrcBytes), max(last.DstBytes, before.DstBytes)
	last.SrcPkts, last.DstPkts = max(last.SrcPkts, before.SrcPkts), max(last.DstPkts, before.DstPkts)
	last.SrcFlags |= before.SrcFlags
	last.DstFlags |= before.DstFlags
	if last.State == StateUnknown {
		last.State, last.RawState = before.State, before.RawState
	}
	if last.Service == 0 {
		last.Service = before.Service
	}
	if last.Label == 0 {
		last.Label = before.Label
	}
	last.Has |= before.Has
	f.part.take(&y)
	f.rec, f.rec.Pieces = last, 0
	f.records = add32(f.records, 1)
}

// supersededBy reports whether r is a later report than all before it.
func (f *openFlow) supersededBy(r *Record) bool {
	if a, b := r.State.ended(), f.rec.State.ended(); a != b {
		return a
	}
	if end := r.End(); end != f.end {
		return end > f.end
	}
	return r.Bytes() > f.rec.Bytes()
}
