package beacon

// A once remembers hashes of keys that were met a single time, eight bytes each. While
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

// place is where a key of this hash is kept, for detectors.Prefetch. There
// must be slots.
func (o *once) place(hash uint64) *uint64 { return &o.slots[hash>>32&(onceSlots-1)] }

// again reports whether a key has been met before, and remembers it.
func (o *once) again(hash uint64) bool {
	if o.slots == nil {
		o.slots = make([]uint64, onceSlots)
	}
	hash |= 1
	at := o.place(hash)
	if *at == hash {
		*at = 0
		return true
	}
	*at = hash
	return false
}
