package flowlog

import (
	"math/rand/v2"
	"reflect"
	"testing"
	"unsafe"

	"seine/flow"
)

func address(h flow.Host) flow.Addr { return flow.AddrFrom4(uint32(h) * 7919) }

// random makes a record with every field set; what its Has does not announce
// is zero, as readers leave it.
func random(rng *rand.Rand) flow.Record {
	var r flow.Record
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r))
	for i := range raw {
		raw[i] = byte(rng.Uint32())
	}
	r.Src, r.Dst = address(r.SrcHost), address(r.DstHost)
	clearUnless := func(bits flow.Fields, fields ...any) {
		if r.Has&bits != 0 {
			return
		}
		for _, f := range fields {
			reflect.ValueOf(f).Elem().SetZero()
		}
	}
	if rng.IntN(3) == 0 { // as the nine columns have it
		r.Has &^= extraFields
	}
	clearUnless(flow.HasDuration, &r.Duration)
	clearUnless(flow.HasSrcPkts, &r.SrcPkts)
	clearUnless(flow.HasDstPkts, &r.DstPkts)
	clearUnless(flow.HasService, &r.Service)
	clearUnless(flow.HasLabel, &r.Label)
	clearUnless(flow.HasICMP, &r.ICMPType, &r.ICMPCode)
	clearUnless(flow.HasUID, &r.UID)
	return r
}

// TestFlowsComeBackAsTheyWere fills logs that share a pool, in turns, and
// empties them now and then.
func TestFlowsComeBackAsTheyWere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var pool Pool
	logs := make([]Log, 4)
	want := make([][]flow.Record, len(logs))
	for range 3000 {
		i := rng.IntN(len(logs))
		if rng.IntN(200) == 0 {
			compare(t, &logs[i], want[i])
			logs[i].Reset(&pool)
			want[i] = want[i][:0]
			continue
		}
		r := random(rng)
		logs[i].Add(&pool, &r)
		want[i] = append(want[i], r)
		raw := unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r))
		clear(raw) // the log must have a copy
	}
	for i := range logs {
		compare(t, &logs[i], want[i])
	}
}

func compare(t *testing.T, l *Log, want []flow.Record) {
	t.Helper()
	if l.Len() != len(want) {
		t.Fatalf("%d flows, want %d", l.Len(), len(want))
	}
	n := 0
	for i := range l.Blocks() {
		keys, bodies := l.Block(i)
		for k := range keys {
			if got := l.Record(&keys[k], &bodies[k], address); got != want[n] {
				t.Fatalf("flow %d came back as\n%+v, want\n%+v", n, got, want[n])
			}
			if has := want[n].Has&flow.HasDstPort != 0; keys[k].HasPort != has {
				t.Fatalf("flow %d: HasPort is %v", n, keys[k].HasPort)
			}
			if keys[k].Mark != 0 {
				t.Fatalf("flow %d has a mark that is not its own", n)
			}
			keys[k].Mark = uint32(n + 1) // for whoever gets the block next
			n++
		}
	}
	if n != len(want) {
		t.Fatalf("%d flows in the blocks, want %d", n, len(want))
	}
	for i := range l.Blocks() { // this log may be looked at again
		keys, _ := l.Block(i)
		for k := range keys {
			keys[k].Mark = 0
		}
	}
}

// TestResetGivesBlocksBack: a log that is filled again takes no new memory.
func TestResetGivesBlocksBack(t *testing.T) {
	var pool Pool
	var l Log
	r := flow.Record{Has: flow.HasAddrs}
	fill := func() {
		for range 10 * blockSize {
			l.Add(&pool, &r)
		}
		l.Reset(&pool)
	}
	fill()
	if n := testing.AllocsPerRun(10, fill); n > 0 {
		t.Errorf("%v allocations to fill a log again", n)
	}
}
