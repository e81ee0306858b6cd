package flow_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"seine/flow"
)

const hour0 = 1_700_000_000 * flow.Second

// stream is n records a second apart, each of another connection, which move
// the time on.
func stream(from, n int) []flow.Record {
	rs := make([]flow.Record, n)
	for i := range rs {
		rs[i] = flow.Record{
			Proto: flow.UDP, Src: flow.AddrFrom4(0x0a010000 + uint32(from+i)), Dst: flow.AddrFrom4(0xc6336401), SrcPort: 30000, DstPort: 53,
			Start: hour0 + flow.Time(from+i)*flow.Second, Row: uint64(1000 + from + i),
			Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasSrcPort | flow.HasDstPort,
		}
	}
	return rs
}

func TestThreeHoursOfSSHAreOneFlow(t *testing.T) {
	for _, observers := range []int{1, 2} {
		t.Run(fmt.Sprint(observers), func(t *testing.T) {
			var rs []flow.Record
			for m := range 180 {
				for o := range observers {
					at := float64(m*60 + o*20) // the windows of the other interface are shifted
					flags := [2]string{"-", "-"}
					if m == 0 {
						flags = [2]string{"S", "SA"}
					}
					rs = append(rs, recs(t,
						fmt.Sprintf("tcp 10.0.0.1:40000 > 10.0.0.2:22 @%v-%v 60p 6000b %s partial", at+1, at+59, flags[0]),
						fmt.Sprintf("tcp 10.0.0.2:22 > 10.0.0.1:40000 @%v-%v 50p 9000b %s partial", at+1, at+59, flags[1]))...)
				}
				rs = append(rs, stream(m*60, 60)...)
			}
			got, counts := stitch(awsKind, rs, flow.StitchOptions{})
			got = slices.DeleteFunc(got, func(r flow.Record) bool { return r.Proto != flow.TCP })
			if len(got) != 1 {
				t.Fatalf("%d flows, %+v", len(got), counts)
			}
			want := fmt.Sprintf("tcp 10.0.0.1:40000 > 10.0.0.2:22 @1-%d 10800/9000p 1080000/1620000b S/SA established syn x255 #1", 10799+(observers-1)*20)
			if say(got[0]) != want {
				t.Errorf("got  %s\nwant %s", say(got[0]), want)
			}
			if counts.Merged != 2*179 || counts.Dropped != uint64(observers-1)*360 {
				t.Errorf("%+v", counts)
			}
		})
	}
}

// A direction without records is a failure only where the source would have
// logged an answer.
func TestSilenceThatNothingTellsIsNoFailure(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	for _, how := range kinds() {
		if !how.Halves || how.Silence {
			continue
		}
		rs := mess(rng, 500)
		for i := range rs {
			rs[i].State = flow.StateUnknown
			rs[i].DstBytes, rs[i].DstPkts, rs[i].DstFlags = 0, 0, 0
		}
		got, _ := stitch(how, rs, flow.StitchOptions{})
		for _, r := range got {
			if r.State == flow.StateAttempt || r.State.Failed() && r.State != flow.StateRejected {
				t.Fatalf("%+v: %s", how, say(r))
			}
		}
	}
}

func TestFlowsLeaveAfterTheirHold(t *testing.T) {
	s := flow.NewStitcher(sampledKind, flow.StitchOptions{Lateness: 100 * flow.Second})
	first := flow.MinTime
	for at := range 2000 {
		s.Add(stream(at, 1))
		for _, r := range s.Ready() {
			if first == flow.MinTime {
				first = r.Start
			}
			// By 65 s of gap and 100 of lateness, and what the watermark and the
			// step of the ring take: the time lags by up to five times 81 records.
			if age := hour0 + flow.Time(at)*flow.Second - r.Start; age < 165*flow.Second || age > (165+5*81+2)*flow.Second {
				t.Fatalf("a flow left after %v s", age/flow.Second)
			}
		}
	}
	if first != hour0 {
		t.Errorf("the first flow to leave started %v s in", (first-hour0)/flow.Second)
	}
}

// One record from the future does not move the time, nor do several now and
// then.
func TestWrongClocksDoNotEndFlows(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var rs []flow.Record
	for m := range 200 {
		for _, r := range stream(m*20, 20) {
			if rng.IntN(10) == 0 {
				r.Start += 1e9 * flow.Second
			}
			rs = append(rs, r)
		}
		rs = append(rs, recs(t, fmt.Sprintf("udp 10.0.0.1:40000 > 10.0.0.2:999 @%d-%d 1p 10b", m*20, m*20+15))...)
	}
	got, counts := stitch(netflowKind, rs, flow.StitchOptions{Lateness: -1})
	got = slices.DeleteFunc(got, func(r flow.Record) bool { return r.DstPort != 999 })
	if len(got) != 1 || got[0].SrcPkts != 200 || counts.Late != 0 {
		t.Errorf("%d flows, %+v", len(got), counts)
	}
}

func TestLateRecordsAreCountedAndFindEachOther(t *testing.T) {
	rs := stream(0, 2000)
	rs = append(rs, recs(t, "udp 10.0.0.1:40000 > 10.0.0.2:53 @0-1 1p 10b")...)
	rs = append(rs, stream(2000, 200)...)
	rs = append(rs, recs(t, "udp 10.0.0.2:53 > 10.0.0.1:40000 @0-1 1p 10b")...)
	rs = append(rs, stream(2200, 1000)...)
	got, counts := stitch(netflowKind, rs, flow.StitchOptions{Lateness: 300 * flow.Second})
	if counts.Late != 2 || counts.Paired != 1 || len(got) != 3201 {
		t.Errorf("%d flows, %+v", len(got), counts)
	}
}

func TestAFullTableLetsGoWhatEndedFirst(t *testing.T) {
	s := flow.NewStitcher(netflowKind, flow.StitchOptions{Limit: 100})
	s.Add(stream(0, 250))
	got := slices.Clone(s.Ready())
	if c := s.Counts(); c.Evicted != 150 || len(got) != 150 || c.Flows != 150 {
		t.Errorf("%d flows, %+v", len(got), c)
	}
	for i, r := range got {
		if r.Row != uint64(1000+i) {
			t.Fatalf("flow %d is of row %d", i, r.Row)
		}
	}
	s.Flush()
	if n := len(s.Ready()); n != 100 {
		t.Errorf("%d flows at the end", n)
	}
}

// Also where all of them ended at once.
func TestAFullTableLetsGoNoMoreThanItMust(t *testing.T) {
	rs := stream(0, 250)
	for i := range rs {
		rs[i].Start = hour0
	}
	s := flow.NewStitcher(netflowKind, flow.StitchOptions{Limit: 100})
	s.Add(rs)
	if c := s.Counts(); c.Evicted != 150 || len(s.Ready()) != 150 {
		t.Errorf("%+v", c)
	}
}

// Records of one address pair cannot make the work grow without bounds.
func TestManyConnectionsOfTheSamePorts(t *testing.T) {
	var rs []flow.Record
	for range 20_000 {
		rs = append(rs, recs(t, "tcp 10.0.0.1:40000 > 10.0.0.2:53 @0-0.5 1p 10b denied")...)
	}
	for name, how := range map[string]flow.Stitching{"netflow": netflowKind, "aws": awsKind} {
		got, _ := stitch(how, rs, flow.StitchOptions{})
		if want := map[string]int{"netflow": len(rs), "aws": 1}[name]; len(got) != want {
			t.Errorf("%s: %d flows, want %d", name, len(got), want)
		}
	}
}

func TestGapIsLearned(t *testing.T) {
	for _, timeout := range []int{30, 60, 300, 1800} {
		var rs []flow.Record
		rng := rand.New(rand.NewPCG(1, uint64(timeout)))
		for c := range 40 {
			for p := range 5 { // a long connection, cut by the timeout
				at := float64(p*timeout) + rng.Float64()*2
				rs = append(rs, recs(t, fmt.Sprintf("tcp 10.0.0.%d:40000 > 192.0.2.1:22 @%v-%v 9p 9b A", c, at, at+float64(timeout)-rng.Float64()*3))...)
			}
			for range 50 { // and short ones
				rs = append(rs, recs(t, fmt.Sprintf("tcp 10.0.0.%d:%d > 192.0.2.1:80 @%d-%d 9p 9b FSPA", c, 1024+rng.IntN(60000), c, c+7))...)
			}
		}
		how := netflowKind
		how.Gap = 0
		_, counts := stitch(how, rs, flow.StitchOptions{})
		if d := counts.Gap - flow.Time(max(timeout, 60)+5)*flow.Second; d < -3*flow.Second || d > flow.Second {
			t.Errorf("timeout of %d s: gap of %v s", timeout, counts.Gap/flow.Second)
		}
	}
	// Timeouts below a minute, and records as long as what a minute's window
	// had of packets, leave it at a little more than a minute.
	for longest, want := range map[int]int{0: 65, 40: 65, 200: 305, 550: 605, 900: 1805, 5000: 1805} {
		how := nineKind
		how.Gap = 0
		_, counts := stitch(how, recs(t, fmt.Sprintf("tcp 10.0.0.1:40000 > 192.0.2.1:22 @0-%d 9/9p", longest)), flow.StitchOptions{})
		if counts.Gap != flow.Time(want)*flow.Second {
			t.Errorf("records of up to %d s: gap of %v s, want %d", longest, counts.Gap/flow.Second, want)
		}
	}
}

// An endless flow that two observers log costs no more than a short one, and
// is still counted once.
func TestLongCopiesAreFolded(t *testing.T) {
	s := flow.NewStitcher(awsKind, flow.StitchOptions{})
	const windows = 5000
	for m := range windows {
		for o := range 2 {
			at := m*60 + o*25
			r := recs(t, fmt.Sprintf("udp 10.0.0.1:40000 > 10.0.0.2:53 @%d-%d 3p 30b", at, at+60))
			if o == 1 && m%10 > 6 {
				continue // the other one misses some
			}
			s.Add(r)
		}
	}
	s.Flush()
	got := s.Ready()
	if len(got) != 1 || got[0].SrcPkts != 3*windows || got[0].SrcBytes != 30*windows {
		t.Errorf("%d flows, %s, %+v", len(got), say(got[0]), s.Counts())
	}
}

func TestCountersDoNotWrap(t *testing.T) {
	for _, how := range []flow.Stitching{nineKind, awsKind} {
		rs := recs(t, "udp 10.0.0.1:40000 > 10.0.0.2:53 @0-1 3p 30b", "udp 10.0.0.1:40000 > 10.0.0.2:53 @2-3 3p 30b")
		rs[0].SrcBytes, rs[1].SrcPkts = math.MaxUint64-5, math.MaxUint64
		got, _ := stitch(how, rs, flow.StitchOptions{})
		if len(got) != 1 || got[0].SrcBytes != math.MaxUint64 || got[0].SrcPkts != math.MaxUint64 {
			t.Errorf("%s", say(got[0]))
		}
	}
}

func TestFlowFields(t *testing.T) {
	half := flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts
	if got, want := netflowKind.Fields(half), half|flow.HasDstBytes|flow.HasDstPkts|flow.HasState; got != want {
		t.Errorf("halves: %v, want %v", got.Names(), want.Names())
	}
	nine := flow.HasStart | flow.HasAddrs | flow.HasBytes
	if got, want := nineKind.Fields(nine), nine|flow.HasDuration; got != want {
		t.Errorf("pieces: %v, want %v", got.Names(), want.Names())
	}
	if got := (flow.Stitching{}).Fields(nine); got != nine {
		t.Errorf("nothing to stitch: %v", got.Names())
	}
}

// A port that many talk with is the server's.
func TestPopularPortsAreServers(t *testing.T) {
	var rs []flow.Record
	for i := range 20 {
		rs = append(rs, recs(t,
			fmt.Sprintf("udp 10.0.0.1:50000 > 10.0.1.%d:%d @%d-%d 3p 30b", i, 40000+i, i, i),
			fmt.Sprintf("udp 10.0.1.%d:%d > 10.0.0.1:50000 @%d-%d 3p 30b", i, 40000+i, i, i))...)
	}
	got, _ := stitch(netflowKind, rs, flow.StitchOptions{})
	for _, r := range got {
		if r.DstPort != 50000 || r.Orient != flow.OrientPopularity {
			t.Errorf("%s", say(r))
		}
	}
}

func TestOrientation(t *testing.T) {
	for _, test := range []struct{ in, want string }{
		{"udp 10.0.0.1:53 > 10.0.0.2:53 @0 1p", "udp 10.0.0.1:53 > 10.0.0.2:53 guess"},
		{"udp 10.0.0.1:40000 > 10.0.0.2:50000 @0 1p", "udp 10.0.0.2:50000 > 10.0.0.1:40000 port"},
		{"udp 10.0.0.1:3478 > 10.0.0.2:900 @0 1p", "udp 10.0.0.2:900 > 10.0.0.1:3478 service"},
		{"udp 10.0.0.1:901 > 10.0.0.2:5000 @0 1p", "udp 10.0.0.2:5000 > 10.0.0.1:901 service"},
		{"udp 239.1.1.1:53 > 10.0.0.2:5000 @0 1p", "udp 10.0.0.2:5000 > 239.1.1.1:53 source"},
		{"tcp 10.0.0.1:22 > 10.0.0.2:5000 @0 1p S", "tcp 10.0.0.1:22 > 10.0.0.2:5000 syn"},
		{"tcp 10.0.0.1:50000 > 10.0.0.2:22 @0 1p SA", "tcp 10.0.0.2:22 > 10.0.0.1:50000 syn"},
		{"gre 10.0.0.1 > 10.0.0.2 @0 1p", "gre 10.0.0.1:0 > 10.0.0.2:0 guess"},
	} {
		got, _ := stitch(netflowKind, recs(t, test.in), flow.StitchOptions{})
		r := got[0]
		if text := fmt.Sprintf("%s %s:%d > %s:%d %s", r.Proto, r.Src, r.SrcPort, r.Dst, r.DstPort, r.Orient); text != test.want {
			t.Errorf("%s: %s, want %s", test.in, text, test.want)
		}
	}
}

type slowReader struct{ rest []flow.Record }

func (s *slowReader) Read(dst []flow.Record) (int, error) {
	n := copy(dst[:min(len(dst), 7)], s.rest)
	s.rest = s.rest[n:]
	if len(s.rest) == 0 {
		return n, errBroken
	}
	return n, nil
}

var errBroken = fmt.Errorf("broken")

func TestStitchedReader(t *testing.T) {
	rs := stream(0, 2000)
	want, _ := stitch(netflowKind, rs, flow.StitchOptions{})
	got, err := flow.ReadAll(flow.Stitch(&slowReader{rs}, flow.NewStitcher(netflowKind, flow.StitchOptions{})))
	if err != errBroken {
		t.Errorf("error %v", err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("%d flows, want %d", len(got), len(want))
	}
}

// awsLike is a day of windows: most connections last a window or two, some for
// long, and both directions are logged.
func awsLike(n int) []flow.Record {
	rng := rand.New(rand.NewPCG(9, 9))
	type conn struct {
		r    flow.Record
		left int
	}
	var open []conn
	rs := make([]flow.Record, 0, n)
	for minute := flow.Time(0); len(rs) < n; minute++ {
		for len(open) < 10_000 {
			r := flow.Record{
				Proto: flow.TCP, Src: flow.AddrFrom4(0x0a000000 + rng.Uint32N(5000)), Dst: flow.AddrFrom4(0xc0a80000 + rng.Uint32N(2000)),
				SrcPort: uint16(32768 + rng.IntN(28000)), DstPort: []uint16{443, 80, 22, 5432}[rng.IntN(4)], SrcFlags: flow.SYN,
				State: flow.StatePartial, Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
					flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts | flow.HasFlags | flow.HasState,
			}
			open = append(open, conn{r, 1 + int(rng.ExpFloat64()*3)})
		}
		kept := open[:0]
		for _, c := range open {
			from := rng.IntN(10)
			c.r.Start = hour0 + (minute*60+flow.Time(from))*flow.Second
			c.r.Duration = flow.Time(40+rng.IntN(10)) * flow.Second
			c.r.SrcBytes, c.r.SrcPkts = rng.Uint64N(1e6), rng.Uint64N(1000)
			a, b := c.r, c.r
			b.Src, b.Dst, b.SrcPort, b.DstPort = a.Dst, a.Src, a.DstPort, a.SrcPort
			if b.SrcFlags == flow.SYN {
				b.SrcFlags = flow.SYN | flow.ACK
			}
			rs = append(rs, a, b)
			c.r.SrcFlags = 0
			if c.left--; c.left > 0 {
				kept = append(kept, c)
			}
		}
		open = kept
	}
	rs = rs[:n]
	for i := range rs {
		rs[i].Row = uint64(i + 1)
	}
	return rs
}

func BenchmarkStitch(b *testing.B) {
	rs := awsLike(1_000_000)
	for name, how := range map[string]flow.Stitching{"copies": awsKind, "halves": netflowKind} {
		b.Run(name, func(b *testing.B) {
			s := flow.NewStitcher(how, flow.StitchOptions{})
			b.ReportAllocs()
			work, batch := slices.Clone(rs), make([]flow.Record, 1000)
			day := flow.Time(0)
			b.ResetTimer()
			for done := 0; done < b.N; { // one operation is one record
				if done%len(rs) == 0 && done > 0 {
					b.StopTimer()
					day += 86400 * flow.Second
					for i := range work {
						work[i].Start = rs[i].Start + day
					}
					b.StartTimer()
				}
				at := done % len(rs)
				n := min(1000, b.N-done, len(rs)-at)
				s.Add(batch[:copy(batch, work[at:at+n])]) // as from a decoder: in the cache
				s.Ready()
				done += n
			}
			s.Flush()
			c := s.Counts()
			b.ReportMetric(float64(c.Flows)/float64(c.Records), "flows/op")
		})
	}
}
