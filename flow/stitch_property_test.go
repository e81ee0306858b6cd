package flow_test

import (
	"cmp"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"seine/flow"
)

func seconds(n float64) flow.Time { return flow.Time(n * 1e9) }

// world makes connections that do not share addresses and ports, or do so
// long after each other, and the records that a source of kind how would have
// logged of them.
func world(rng *rand.Rand, how flow.Stitching, n int) (want, logged []flow.Record) {
	base := 1_700_000_000 * flow.Second
	for c := range n {
		src, dst := flow.AddrFrom4(0x0a000000+uint32(c%200)), flow.AddrFrom4(0xc0000200+uint32(c%7))
		conn := flow.Record{
			Proto: flow.TCP, Src: src, Dst: dst, SrcPort: uint16(20000 + c/200), DstPort: 443,
			Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort | flow.HasDstPort |
				flow.HasSrcBytes | flow.HasSrcPkts | flow.HasFlags,
		}
		answered := rng.IntN(4) > 0
		if how.Halves && how.Silence || answered || !how.Halves {
			conn.Has |= flow.HasDstBytes | flow.HasDstPkts
		}
		if !how.Halves { // what is told of both directions comes with its state
			conn.State = flow.StateEstablished
			conn.Has = conn.Has&^flow.HasFlags | flow.HasState
		}
		blank := conn
		at := base + seconds(float64(c)*3+float64(rng.IntN(1000))/1000)
		conn.Start = at
		pieces := 1 + rng.IntN(6)
		var records uint8
		for i := range pieces {
			length := seconds(float64(2000+rng.IntN(50_000)) / 1000)
			p := blank
			p.Start, p.Duration = at, length
			p.SrcBytes, p.SrcPkts = uint64(1000+rng.IntN(100_000)), uint64(10+rng.IntN(100))
			p.SrcFlags = flow.ACK
			if i == 0 {
				p.SrcFlags = flow.SYN
			}
			q := p
			q.SrcBytes, q.SrcPkts = uint64(1000+rng.IntN(100_000)), uint64(10+rng.IntN(100))
			q.Start, q.Duration = at+seconds(0.02), length-seconds(0.04)
			if i == 0 {
				q.SrcFlags = flow.SYN | flow.ACK
			}
			conn.Duration = at + length - conn.Start
			conn.SrcBytes += p.SrcBytes
			conn.SrcPkts += p.SrcPkts
			conn.SrcFlags |= p.SrcFlags
			if answered {
				conn.DstBytes += q.SrcBytes
				conn.DstPkts += q.SrcPkts
				conn.DstFlags |= q.SrcFlags
			}
			q.Src, q.Dst, q.SrcPort, q.DstPort = p.Dst, p.Src, p.DstPort, p.SrcPort
			halves := []flow.Record{p}
			switch {
			case !how.Halves:
				halves[0].DstBytes, halves[0].DstPkts, halves[0].DstFlags = 0, 0, 0
				if answered {
					halves[0].DstBytes, halves[0].DstPkts, halves[0].DstFlags = q.SrcBytes, q.SrcPkts, q.SrcFlags
				}
			case answered:
				p.Has &^= flow.HasDstBytes | flow.HasDstPkts
				q.Has &^= flow.HasDstBytes | flow.HasDstPkts
				halves = []flow.Record{p, q}
			default:
				p.Has &^= flow.HasDstBytes | flow.HasDstPkts
				halves = []flow.Record{p}
			}
			for _, h := range halves {
				logged = append(logged, h)
				records++
				if how.Copies && rng.IntN(2) == 0 { // another observer, whose clock differs and who lost a little
					h.Start += seconds(0.005)
					h.SrcPkts -= uint64(rng.IntN(2))
					logged = append(logged, h)
					records++
					if h.End() > conn.End() {
						conn.Duration = h.End() - conn.Start
					}
				}
			}
			at += length + seconds(float64(rng.IntN(60_000))/1000)
		}
		if records > 1 {
			conn.Pieces = records
		}
		switch {
		case !how.Halves:
		case !answered && conn.SrcFlags&flow.ACK != 0:
			conn.State = flow.StatePartial
		case !answered && how.Silence:
			conn.State = flow.StateAttempt
		case answered:
			conn.State = flow.StateEstablished
		}
		if conn.State != flow.StateUnknown {
			conn.Has |= flow.HasState
		}
		want = append(want, conn)
	}
	return want, logged
}

func byEnd(a, b flow.Record) int {
	return cmp.Or(cmp.Compare(a.End(), b.End()), cmp.Compare(a.Start, b.Start), cmp.Compare(a.SrcPort, b.SrcPort))
}

func TestStitchingGivesTheConnectionsBack(t *testing.T) {
	const lateness = 300 * flow.Second
	for name, how := range map[string]flow.Stitching{"aws": awsKind, "netflow": netflowKind, "sampled": sampledKind, "pieces": nineKind} {
		t.Run(name, func(t *testing.T) {
			for seed := range uint64(6) {
				rng := rand.New(rand.NewPCG(seed, 1))
				want, logged := world(rng, how, 1200)
				// As logged: by the end, and each a little late.
				late := map[int]flow.Time{}
				order := make([]int, len(logged))
				for i := range order {
					order[i] = i
					late[i] = logged[i].End() + flow.Time(rng.Int64N(int64(lateness-how.Gap)))
				}
				slices.SortFunc(order, func(a, b int) int { return cmp.Compare(late[a], late[b]) })
				rs := make([]flow.Record, 0, len(logged))
				for n, i := range order {
					r := logged[i]
					r.Row = uint64(n + 1)
					rs = append(rs, r)
				}
				got, counts := stitch(how, rs, flow.StitchOptions{Lateness: lateness})
				if !slices.IsSortedFunc(got, func(a, b flow.Record) int { return cmp.Compare(a.End(), b.End()) }) {
					t.Errorf("seed %d: not in the order of ends", seed)
				}
				slices.SortFunc(want, byEnd)
				slices.SortFunc(got, byEnd)
				if len(got) != len(want) {
					t.Errorf("seed %d: %d flows of %d connections, %+v", seed, len(got), len(want), counts)
				}
				bad := 0
				for i := range min(len(got), len(want)) {
					got[i].Row, got[i].Orient = 0, 0
					if how.Copies && got[i].SrcPkts <= want[i].SrcPkts && got[i].DstPkts <= want[i].DstPkts &&
						got[i].SrcPkts+20 >= want[i].SrcPkts && got[i].DstPkts+20 >= want[i].DstPkts {
						got[i].SrcPkts, got[i].DstPkts = want[i].SrcPkts, want[i].DstPkts // who lost a few may win a window
					}
					if got[i] != want[i] {
						if bad++; bad < 4 {
							t.Errorf("seed %d:\ngot  %s %v\nwant %s %v", seed, say(got[i]), got[i].Has.Names(), say(want[i]), want[i].Has.Names())
						}
					}
				}
				if counts.Late != 0 || counts.Evicted != 0 {
					t.Errorf("seed %d: %+v", seed, counts)
				}
			}
		})
	}
}

// mess is a stream of records without any order or sense.
func mess(rng *rand.Rand, n int) []flow.Record {
	rs := make([]flow.Record, n)
	now := 1_700_000_000 * flow.Second
	for i := range rs {
		now += flow.Time(rng.Int64N(int64(3 * flow.Second)))
		r := flow.Record{
			Proto: []flow.Proto{flow.TCP, flow.UDP, flow.ICMP}[rng.IntN(3)],
			Src:   flow.AddrFrom4(0x0a000000 + rng.Uint32N(3)), Dst: flow.AddrFrom4(0x0a000000 + rng.Uint32N(3)),
			SrcPort: uint16(rng.IntN(3) * 400), DstPort: uint16(rng.IntN(3) * 400),
			SrcFlags: flow.TCPFlags(rng.IntN(32)), DstFlags: flow.TCPFlags(rng.IntN(32) * rng.IntN(2)),
			State: flow.State(rng.IntN(9)), RawState: flow.Symbol(rng.IntN(3)), Label: flow.Symbol(rng.IntN(2)),
			ICMPType: uint8(rng.IntN(10)), SrcBytes: rng.Uint64() >> rng.IntN(64), SrcPkts: rng.Uint64N(4),
			DstBytes: rng.Uint64N(2), Has: flow.Fields(rng.Uint32N(1 << 16)), Row: uint64(i + 1),
			Start: now - flow.Time(rng.Int64N(int64(90*flow.Second))), Duration: flow.Time(rng.Int64N(int64(70 * flow.Second))),
		}
		r.UID = flow.MakeUID([]byte{byte('a' + rng.IntN(4))})
		switch rng.IntN(100) {
		case 0:
			r.Start = flow.Time(rng.Uint64())
		case 1:
			r.Duration = flow.Time(rng.Uint64() >> 1)
		case 2:
			r.Start = now.Floor(flow.Second)
		}
		rs[i] = r
	}
	return rs
}

func kinds() map[string]flow.Stitching {
	all := map[string]flow.Stitching{}
	for bits := range 64 {
		k := flow.Stitching{Pieces: bits&1 != 0, Halves: bits&2 != 0, Copies: bits&4 != 0, ByUID: bits&8 != 0, Silence: bits&16 != 0}
		if bits&32 != 0 {
			k.Gap = 65 * flow.Second
		}
		all[fmt.Sprintf("%+v", k)] = k
	}
	return all
}

// Records are neither lost nor made up, and how they are cut into calls does
// not matter, whatever the records are.
func TestStitchingDoesNotDependOnCalls(t *testing.T) {
	all := kinds()
	for seed, name := range slices.Sorted(maps.Keys(all)) {
		how := all[name]
		rng := rand.New(rand.NewPCG(7, uint64(seed)))
		rs := mess(rng, 3000)
		for _, opt := range []flow.StitchOptions{{}, {Limit: 20}, {Lateness: -1}} {
			want, counts := stitch(how, rs, opt)
			if counts.Flows != uint64(len(want)) || counts.Records != uint64(len(rs)) {
				t.Fatalf("%s: %d flows, %+v", name, len(want), counts)
			}
			pieces := 0
			for i := range want {
				pieces += max(1, int(want[i].Pieces))
			}
			if opt.Limit > 0 && pieces != len(rs) && !slices.ContainsFunc(want, func(r flow.Record) bool { return r.Pieces == 255 }) {
				t.Errorf("%s: %d records in flows, %d read", name, pieces, len(rs))
			}
			s := flow.NewStitcher(how, opt)
			var got []flow.Record
			for rest := rs; len(rest) > 0; {
				n := 1 + rng.IntN(min(len(rest), 400))
				own := slices.Clone(rest[:n])
				s.Add(own)
				clear(own) // the caller uses its rows again
				rest = rest[n:]
				if rng.IntN(3) > 0 {
					got = append(got, s.Ready()...)
				}
			}
			s.Flush()
			got = append(got, s.Ready()...)
			if !slices.Equal(got, want) {
				t.Errorf("%s, %+v: other flows when added in other cuts", name, opt)
			}
			if s.Counts() != counts {
				t.Errorf("%s: counts %+v, want %+v", name, s.Counts(), counts)
			}
			if len(s.Ready()) != 0 {
				t.Errorf("%s: flows handed out twice", name)
			}
		}
	}
}
