package flow

import "hash/maphash"

// A Stitcher makes flows of records that say only part of what happened: a
// long connection logged in pieces, each direction logged by itself, the same
// packets logged by two observers, or reports on a connection that is still
// open. Which of these it has to reckon with is told by a [Stitching].
//
// What it puts together:
//
//   - Pieces: records of the same addresses, ports and protocol with no more
//     than G of silence between them are one flow with the sum of their
//     counters. G is Stitching.Gap; where that is zero it is learned from the
//     first 32768 records: the most frequent duration of records that were cut
//     (not by FIN or RST, and others of the same connection follow), and five
//     seconds. Where too few were cut, G is the first of 65, 305, 605 and
//     1805 s that is no shorter than 99 of 100 durations. A SYN behind other
//     packets of its direction begins a new flow, unless nothing but
//     unanswered SYNs came before; a piece without SYN behind FIN or RST still
//     belongs to the flow for two minutes. Without flags the state tells: behind
//     closed, reset or rejected a record is a new flow unless it tells of the
//     same end in other words. A denied record is never continued.
//   - Halves: A→B and B→A are one flow if they overlap or are no more than G
//     apart, or two seconds where connections are not cut into pieces: an
//     answer may take its time while its connection is open anyhow. Echo,
//     timestamp and address mask messages of ICMP pair by type, other types do
//     not pair, and ICMP without types pairs by the addresses.
//   - Copies: records of one direction whose times overlap by more than the
//     resolution of the clock, or are the same to two seconds with the same
//     counters, come from different observers. Records that do not overlap
//     tell of different packets. So of all sets of records in which none
//     overlaps another the one with the largest sum counts, for each counter by
//     itself: that is the count of the observer who saw most, filled up where
//     it missed what another has. Their clocks and windows may be shifted.
//   - ByUID: of the reports on one UID the one that ends last counts, with the
//     largest counters of all; an end state outlives an open one.
//
// Flows are handed out in the order of their ends, ties by start, file and
// row, as soon as the time that the input has reached lies G and the lateness
// behind. That time advances with the end times of the records, by medians,
// so that a few records of a wrong clock do not move it. No piece may last
// longer than G; then a record finds its flow if the silence before it and the
// time by which it comes late are together no more than the lateness. One that
// comes after all is counted as late and still handed out, stitched to
// whatever is still open. Output depends on nothing but the records and their
// order: not on how they were cut into calls of Add.
//
// For halves it is found out which side is the originator, see [Orient], and a
// flow is turned round if need be, so that Src is the originator:
//
//  1. Groups do not send; who asks by ICMP is the originator.
//  2. So is who sent SYN without ACK, and not who sent SYN and ACK in one packet.
//  3. So is the side that began earlier by more than the clock tells apart (a
//     millisecond, or a second), unless records are sampled (no Silence), or the
//     connection may have been under way when the input began.
//  4. The port of a known service (services.txt), or else one below 1024, is the
//     responder's.
//  5. So is the port that at least four others talked with so far, if it is more
//     than twice as many as with the other port.
//  6. Where rule 3 was not to be trusted, it comes here. Then the lower port is
//     the responder's. Where ports are equal, the flow stays as logged.
//
// Flows of records that tell both directions keep their source's word; of pieces
// that contradict each other, the earliest is believed.
//
// The states of TCP flows of halves follow from the flags of both sides. Other
// protocols are established if there are records of both directions. A denied
// record makes a denied flow. Where Stitching.Silence holds, a direction
// without records has counters of zero, and they are known; TCP with nothing
// but SYN, UDP and ICMP requests without an answer are attempts. Where it does
// not hold they are absent, and a missing answer is no attempt.
//
// What stitching cannot tell:
//
//   - whether a port was used again within G by a connection whose SYN is not
//     in the input, or whose flags are not told: one flow then;
//   - who opened a connection that was under way before the input began, but by
//     its ports;
//   - which of several observers is right. The largest count that contradicts
//     nothing is taken, which is too much where a record of one falls into a
//     pause of another, as with sampled packets that are logged one by one;
//   - that a flow seen before and behind an address translation is the same: it
//     stays two flows;
//   - that an ICMP error answers a flow: it is a flow of its own, and what it
//     answers an attempt;
//   - whether packets that were not logged existed.
//
// An open flow takes about 250 bytes, and 260 more for every four records where
// copies are told apart, of which at most 128 are held per flow. Not more than
// sixteen flows of the same addresses and ports are open at a time; the one that
// ended first is closed for good then.
type Stitcher struct {
	how Stitching
	opt StitchOptions

	gap, pairGap, tail Time
	hold               Time // silence after which a flow is complete
	began              Time // the first watermark
	learned            bool
	sample             []Record // what came before the gap was known

	clock  clock
	mark   watermark
	peers  popularity
	table  table
	ring   ring
	pool   windowPool
	counts StitchCounts

	ready []Record
	taken bool // ready has been handed out
	due   []int32
	order []place
	found []int32
	chain chain

	keys   [16]key // of the records being added
	warmed uint32
}

// StitchOptions bound the work of a Stitcher. The zero value means the
// defaults.
type StitchOptions struct {
	// Limit is how many flows are kept open; 0 means 1<<20. When there are
	// more, those that ended first are handed out early.
	Limit int
	// Lateness is how far behind the newest record, by the time of its end, a
	// record may come and still find the others of its flow; 0 means ten
	// minutes, less than 0 none.
	Lateness Time
}

const (
	defaultLimit    = 1 << 20
	defaultLateness = 600 * Second
	// flowPair is the longest silence between the two halves of a connection
	// where each is one record.
	flowPair = 2 * Second
	// tailTime is how long packets without SYN behind FIN or RST belong to
	// the same connection: TIME_WAIT of RFC 9293 as commonly set.
	tailTime = 120 * Second
	// resend is the longest pause between two SYNs of one attempt: the
	// seventh by the timers of RFC 6298.
	resend = 65 * Second
	// sameMoment is how far apart two observers may date the same packets
	// when there is nothing but points in time to compare.
	sameMoment = 2 * Second
	// evictPart is which part of a full table is made free at once.
	evictPart = 64
	// kinMax is how many open flows may share addresses and ports.
	kinMax = 16
)

// StitchCounts tell what a Stitcher did.
type StitchCounts struct {
	Records uint64 // records added
	Flows   uint64 // flows handed out
	Merged  uint64 // records that continue another
	Paired  uint64 // flows of which both halves were found
	Dropped uint64 // records that were copies
	Turned  uint64 // flows whose originator was the destination of the first record
	Evicted uint64 // flows handed out early because the table was full
	Late    uint64 // records so late that others of their flow may be gone
	Gap     Time   // longest silence within a flow, as given or learned; 0 as long as unknown
}

// NewStitcher is a Stitcher for records of the kind how.
func NewStitcher(how Stitching, opt StitchOptions) *Stitcher {
	if opt.Limit <= 0 {
		opt.Limit = defaultLimit
	}
	switch {
	case opt.Lateness == 0:
		opt.Lateness = defaultLateness
	case opt.Lateness < 0:
		opt.Lateness = 0
	}
	s := &Stitcher{how: how, opt: opt, began: MaxTime}
	s.table.seed = maphash.Bytes(maphash.MakeSeed(), nil)
	switch {
	case how.Gap > 0:
		s.settle(how.Gap)
	case !how.Pieces:
		s.settle(flowPair)
	}
	return s
}

// settle begins the work proper with a gap of g.
func (s *Stitcher) settle(g Time) {
	s.learned, s.gap, s.counts.Gap = true, g, g
	s.pairGap, s.tail = flowPair, min(g, tailTime)
	if s.how.Pieces || s.how.Gap > 0 {
		s.pairGap = max(g, flowPair)
	}
	s.hold = s.opt.Lateness.Add(max(s.gap, s.pairGap))
	s.ring.init(s.hold)
}

// Fields are the fields that flows have at best when records have f.
func (h Stitching) Fields(f Fields) Fields {
	if h.Halves {
		f |= mirrored(f) & (HasBytes | HasPkts)
		if f&HasProto != 0 && f&(HasSrcPort|HasDstPort|HasFlags) != 0 {
			f |= HasState
		}
	}
	if h.Pieces && f&HasStart != 0 {
		f |= HasDuration
	}
	return f
}

// Add takes records in the order of the input, with Row and File final. It
// keeps copies, so that rs may be used again.
func (s *Stitcher) Add(rs []Record) {
	s.recycle()
	s.counts.Records += uint64(len(rs))
	if !s.learned {
		if s.sample == nil {
			s.sample = make([]Record, 0, sampleSize)
		}
		n := min(len(rs), sampleSize-len(s.sample))
		s.sample = append(s.sample, rs[:n]...)
		if rs = rs[n:]; len(s.sample) == sampleSize {
			s.learn()
		}
	}
	s.addAll(rs)
}

// Ready are the flows that have become complete since it was last asked. They
// are valid, and may be changed, until the next call of a method of s.
func (s *Stitcher) Ready() []Record {
	s.recycle()
	s.taken = true
	return s.ready
}

// Flush makes everything ready: the input has ended.
func (s *Stitcher) Flush() {
	s.recycle()
	if !s.learned {
		s.learn()
	}
	s.due = s.ring.takeAll(s.due[:0], &s.table)
	s.emit()
}

// Counts tells what was done so far.
func (s *Stitcher) Counts() StitchCounts { return s.counts }

func (s *Stitcher) recycle() {
	if s.taken {
		s.ready, s.taken = s.ready[:0], false
	}
}

// Stitch reads flows from r, put together by s.
func Stitch(r Reader, s *Stitcher) Reader { return &stitched{from: r, by: s} }

type stitched struct {
	from  Reader
	by    *Stitcher
	buf   []Record
	ready []Record
	err   error
}

// Read implements Reader.
func (t *stitched) Read(dst []Record) (n int, err error) {
	if t.buf == nil {
		t.buf = make([]Record, 1024)
	}
	for len(t.ready) == 0 {
		if t.err != nil {
			return 0, t.err
		}
		n, err := t.from.Read(t.buf)
		t.by.Add(t.buf[:n])
		if t.err = err; err != nil {
			t.by.Flush()
		}
		t.ready = t.by.Ready()
	}
	n = copy(dst, t.ready)
	t.ready = t.ready[n:]
	return n, nil
}
