package beacon

import (
	"math/bits"

	"seine/detectors/internal/pairmap"
)

// A once remembers keys that were met a single time, eight bytes each. While
// the table of pairs has room it is not used; from then on a pair enters the
// table when it is met again, so that the many that come once, the most in any
// network, do not drive out those that come by the clock. A newer key takes the
// place of an older one.
type once struct {
	from  int // pairs from which it is used
	slots []uint64
}

// onceSlots is how many keys it holds: 16 MB.
const onceSlots = 1 << 21

func (o *once) hash(k pairmap.Key) uint64 {
	a := uint64(k.Src)<<32 | uint64(k.Dst)
	b := uint64(k.Port)<<16 | uint64(k.Proto)<<8 | uint64(k.Extra)
	hi, lo := bits.Mul64(a^0x2545f4914f6cdd1d, b^0xe7037ed1a0b428db)
	h := hi ^ lo ^ a*0x9e3779b97f4a7c15
	return (h ^ h>>31) * 0xa0761d6478bd642f
}

// place is where k is kept, for detectors.Prefetch, or nil.
func (o *once) place(k pairmap.Key) *uint64 {
	if o.slots == nil {
		return nil
	}
	return &o.slots[o.hash(k)>>32&(onceSlots-1)]
}

// again reports whether k has been met before, and remembers it.
func (o *once) again(k pairmap.Key) bool {
	if o.slots == nil {
		o.slots = make([]uint64, onceSlots)
	}
	h := o.hash(k) | 1
	at := &o.slots[h>>32&(onceSlots-1)]
	if *at == h {
		*at = 0
		return true
	}
	*at = h
	return false
}
