package flowlog

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
	"unsafe"

	"seine/flow"
)

// random makes a record with every field set; what its Has does not announce
// is zero, as readers leave it.
func random(rng *rand.Rand) flow.Record {
	var r flow.Record
	raw := unsafe.Slice((*byte)(unsafe.Pointer(&r)), unsafe.Sizeof(r))
	for i := range raw {
		raw[i] = byte(rng.Uint32())
	}
	r.SrcHost, r.DstHost, r.Survey = 0, 0, flow.Survey{} // the log does not keep them
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

// chains is what a log must hold: chains of flows.
type chains struct {
	log   Log
	flows map[Place]flow.Record
	of    [][]Place // each chain
}

// TestFlowsComeBackAsTheyWere fills logs that share a pool, in turns, and
// empties them now and then.
func TestFlowsComeBackAsTheyWere(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	var pool Pool
	logs := make([]chains, 4)
	for range 3000 {
		c := &logs[rng.IntN(len(logs))]
		if c.flows == nil || rng.IntN(200) == 0 {
			c.compare(t)
			c.log.Reset(&pool)
			c.flows, c.of = map[Place]flow.Record{}, make([][]Place, 5)
		}
		chain := &c.of[rng.IntN(len(c.of))]
		before := Place(0)
		if n := len(*chain); n > 0 {
			before = (*chain)[n-1]
		}
		r := random(rng)
		p := c.log.Add(&pool, &r, before)
		*chain = append(*chain, p)
		c.flows[p] = r
		r = flow.Record{} // the log must have a copy
	}
	for i := range logs {
		logs[i].compare(t)
	}
}

func (c *chains) compare(t *testing.T) {
	t.Helper()
	if c.log.Len() != len(c.flows) {
		t.Fatalf("%d flows, want %d", c.log.Len(), len(c.flows))
	}
	for _, want := range c.of {
		if len(want) == 0 {
			continue
		}
		got := c.log.Chain([]Place{7}, want[len(want)-1])
		if got[0] != 7 || !slices.Equal(got[1:], want) {
			t.Fatalf("chain %v behind 7, want %v", got, want)
		}
		for _, p := range want {
			r := c.flows[p]
			if got := c.log.Record(p, r.Src, r.Dst); got != r {
				t.Fatalf("flow %d came back as\n%+v, want\n%+v", p, got, r)
			}
			if e := c.log.At(p); e.Start != r.Start || e.SrcBytes != r.SrcBytes || e.DstBytes != r.DstBytes {
				t.Fatalf("flow %d is %+v, want %+v", p, e, r)
			}
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
			l.Add(&pool, &r, 0)
		}
		l.Reset(&pool)
	}
	fill()
	if n := testing.AllocsPerRun(10, fill); n > 0 {
		t.Errorf("%v allocations to fill a log again", n)
	}
}
