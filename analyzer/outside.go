package analyzer

import (
	"fmt"

	"seine/flow"
)

// An outside counts flows of which neither end has a private address, by the
// /16 of their IPv4 addresses: it finds the network that an input is about if
// that has public addresses.
type outside struct {
	seen       uint64
	flows, all uint64   // of those looked at
	parts      []uint32 // flows by /16, nil at first
}

// Of what share of the flows on one network is suspected to be the watched
// one, if hardly any other flow has a private address.
const (
	hintShare   = 0.5
	hintPrivate = 0.1
	hintFlows   = 100 // fewer say nothing

	manyFlows = 1 << 12 // beyond so many, every sixteenth is looked at
)

func (o *outside) add(r *flow.Record) {
	if o.seen++; o.seen > manyFlows && o.seen&15 != 0 {
		return
	}
	o.all++
	if r.Src.Private() || r.Dst.Private() || !r.Src.Is4() || !r.Dst.Is4() {
		return
	}
	o.flows++
	if o.parts == nil {
		o.parts = make([]uint32, 1<<16)
	}
	src, dst := r.Src.Uint32()>>16, r.Dst.Uint32()>>16
	o.count(src)
	if dst != src {
		o.count(dst)
	}
}

func (o *outside) count(part uint32) {
	if n := &o.parts[part]; *n != 1<<32-1 {
		*n++
	}
}

// hint is the advice to name the network of one's own, or empty.
func (o *outside) hint() string {
	if o.flows < hintFlows || float64(o.flows) < (1-hintPrivate)*float64(o.all) {
		return ""
	}
	best := 0
	for i, n := range o.parts {
		if n > o.parts[best] {
			best = i
		}
	}
	share := float64(o.parts[best]) / float64(o.flows)
	if share < hintShare {
		return ""
	}
	prefix := fmt.Sprintf("%d.%d.0.0/16", best>>8, best&255)
	return fmt.Sprintf("hardly any address is private, and %.0f %% of the flows have an end in %s: if that is your network, --internal %s tells the detectors",
		100*share, prefix, prefix)
}
