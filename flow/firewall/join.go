package firewall

import (
	"io"

	"seine/flow"
)

// maxConnections is how many connections are kept between Built and Teardown;
// of more, the oldest lose their begin.
const maxConnections = 1 << 18

// minConnections is for how many there is always room.
const minConnections = 1 << 10

// A name is what the two messages about a connection have in common.
type name struct {
	uid    flow.UID
	device flow.Host // hash of what stands before the message
	proto  flow.Proto
}

// A begin is what Built tells of a connection.
type begin struct {
	name             name
	at               flow.Time
	src, dst         flow.Addr
	srcPort, dstPort uint16
	inbound, used    bool
}

// A joiner goes through the records in the order of the input. It gives times
// their year, and makes one flow of what was told at both ends of a
// connection, in the place of its Teardown.
type joiner struct {
	flow.Lender
	src      *flow.Source
	seen     *tally
	use      use
	calendar calendar

	begins []begin // a ring; once it is full the oldest is at next
	next   int
	byName map[name]int32

	cur *flow.Batch
	at  int
}

// Lend implements flow.Lender.
func (j *joiner) Lend() (*flow.Batch, error) {
	for {
		b, err := j.Lender.Lend()
		if err != nil {
			if err == io.EOF {
				j.seen.open = uint64(len(j.byName))
				j.byName, j.begins = nil, nil
				j.seen.note(j.src)
			}
			return b, err
		}
		kept := 0
		for i := range b.Rows {
			if j.row(&b.Rows[i], b.Base) {
				b.Rows[kept] = b.Rows[i]
				kept++
			}
		}
		j.src.Rows -= uint64(len(b.Rows) - kept)
		if b.Rows = b.Rows[:kept]; kept > 0 {
			return b, nil
		}
		b.Free()
	}
}

// Read implements flow.Reader.
func (j *joiner) Read(dst []flow.Record) (int, error) { return flow.ReadLender(j, &j.cur, &j.at, dst) }

// Close implements io.Closer.
func (j *joiner) Close() error {
	if c, ok := j.Lender.(io.Closer); ok {
		return c.Close()
	}
	return nil
}

// row completes a record, and reports whether it is a flow.
func (j *joiner) row(r *flow.Record, base uint64) bool {
	marks, device := r.SrcHost, r.DstHost
	r.SrcHost, r.DstHost = 0, 0
	if marks&markYearless != 0 {
		at, ok := j.calendar.place(r.Start)
		if !ok {
			j.src.Report(base+r.Row, "29 February in a year that has none: name the year of the first line with --year")
			return false
		}
		r.Start = at
	}
	switch {
	case marks&markBuilt != 0:
		return j.built(r, marks, device)
	case marks&markTeardown != 0:
		return j.teardown(r, marks, device)
	}
	return true
}

func (j *joiner) built(r *flow.Record, marks, device flow.Host) bool {
	if j.use.built {
		if marks&markICMP != 0 {
			r.UID = flow.UID{}
		}
		if marks&markInbound == 0 {
			turn(r)
		}
		return true
	}
	if j.byName == nil {
		j.byName = map[name]int32{}
	}
	n := name{r.UID, device, r.Proto}
	if at, ok := j.byName[n]; ok { // the number is used again: its Teardown was not logged
		j.begins[at].used = false
		j.seen.longAgo++
	}
	at := j.place()
	j.begins[at] = begin{n, r.Start, r.Src, r.Dst, r.SrcPort, r.DstPort, marks&markInbound != 0, true}
	j.byName[n] = int32(at)
	j.src.Skipped++
	return false
}

// place finds room for one more begin: a free place, a new one, or that of
// the oldest.
func (j *joiner) place() (at int) {
	for ; ; j.next++ {
		if j.next == len(j.begins) {
			if n := len(j.begins); n < minConnections || n < maxConnections && 2*len(j.byName) >= n {
				j.begins = append(j.begins, begin{})
				break
			}
			j.next = 0
		}
		old := &j.begins[j.next]
		if !old.used {
			break
		}
		if len(j.begins) == maxConnections {
			delete(j.byName, old.name)
			j.seen.evicted++
			break
		}
	}
	j.next++
	return j.next - 1
}

func (j *joiner) teardown(r *flow.Record, marks, device flow.Host) bool {
	n := name{r.UID, device, r.Proto}
	if marks&markICMP != 0 {
		r.UID = flow.UID{}
	}
	if j.use.built { // told already
		j.src.Skipped++
		j.seen.built.Add(1)
		return false
	}
	at, ok := j.byName[n]
	if ok {
		b := &j.begins[at]
		delete(j.byName, n)
		b.used = false
		if b.src == r.Src && b.dst == r.Dst && b.srcPort == r.SrcPort && b.dstPort == r.DstPort {
			j.whole(r, b, marks)
			return true
		}
		j.seen.wrongEnds++
	}
	j.seen.single++
	r.Start = r.Start.Add(-r.Duration)
	switch {
	case r.Has&flow.HasSrcPort == 0 || r.SrcPort == r.DstPort:
		r.Orient = flow.OrientGuess
	default:
		if r.Orient = flow.OrientPort; r.SrcPort < r.DstPort {
			turn(r)
		}
	}
	return true
}

// whole completes a flow of which both messages are there.
func (j *joiner) whole(r *flow.Record, b *begin, marks flow.Host) {
	if marks&markICMP != 0 {
		if d := r.Start - b.at; d >= 0 {
			r.Duration = d
			r.Has |= flow.HasDuration & j.src.Fields
		}
	}
	r.Start = b.at
	if !b.inbound {
		turn(r)
	}
	// Inside is the first end of a connection that was opened outbound.
	byOriginator := marks&markResetIn != 0 && !b.inbound || marks&markResetOut != 0 && b.inbound
	if byOriginator && r.Has&flow.HasState != 0 {
		r.State = flow.StateResetOrig
	}
}

// turn exchanges the ends.
func turn(r *flow.Record) {
	r.Src, r.Dst = r.Dst, r.Src
	r.SrcPort, r.DstPort = r.DstPort, r.SrcPort
}
