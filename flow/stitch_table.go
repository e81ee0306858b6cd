package flow

import (
	"encoding/binary"
	"math/bits"
)

// An openFlow is a flow that records may still be added to.
type openFlow struct {
	part
	rec     Record
	key     order // which side has the smaller address and port; zero if nothing joins by address
	dead    bool  // swallowed by another
	linked  bool
	hash    uint32
	windows int32 // newest block of the records held, -1 for none
	held    int32 // how many they are
	records uint32
}

// An order tells which of two ends comes first, so that a record and its
// answer have different ones.
type order struct{ set, swapped bool }

func orderOf(r *Record) order {
	for i := 0; i < 16; i += 8 {
		a, b := binary.BigEndian.Uint64(r.Src[i:]), binary.BigEndian.Uint64(r.Dst[i:])
		if a != b {
			return order{true, a > b}
		}
	}
	return order{true, r.SrcPort > r.DstPort}
}

// A key is what the records of a flow have in common, in either direction.
type key struct {
	ordered order
	hash    uint32
	class   uint16 // ICMP: which messages belong together
	oneWay  bool
}

// icmpClass tells which messages of ICMP belong together, and whether they
// come in one direction only. Requests and answers share a class.
func icmpClass(r *Record) (class uint16, oneWay bool) {
	if r.Has&HasICMP == 0 {
		return 0, false
	}
	t := r.ICMPType
	switch r.Proto {
	case ICMP:
		switch t {
		case 0, 8:
			return 0x108, false
		case 13, 14:
			return 0x10d, false
		case 15, 16:
			return 0x10f, false
		case 17, 18:
			return 0x111, false
		}
	case ICMPv6:
		switch t {
		case 128, 129:
			return 0x180, false
		}
	default:
		return 0, false
	}
	return 0x8000 | uint16(t)<<8 | uint16(r.ICMPCode), true
}

// asks reports whether an ICMP message asks for an answer, and answers
// whether it is one.
func asks(r *Record) bool {
	switch r.Proto {
	case ICMP:
		return r.ICMPType == 8 || r.ICMPType == 13 || r.ICMPType == 15 || r.ICMPType == 17
	case ICMPv6:
		return r.ICMPType == 128
	}
	return false
}

func answers(r *Record) bool {
	switch r.Proto {
	case ICMP:
		return r.ICMPType == 0 || r.ICMPType == 14 || r.ICMPType == 16 || r.ICMPType == 18
	case ICMPv6:
		return r.ICMPType == 129
	}
	return false
}

func mix(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func endHash(a *Addr, port uint16, seed uint64) uint64 {
	lo, hi := binary.LittleEndian.Uint64(a[:8]), binary.LittleEndian.Uint64(a[8:])
	return mix(lo^seed^uint64(port)<<48^0x9e3779b97f4a7c15, hi^bits.RotateLeft64(seed, 32)^uint64(port)*0x2545f4914f6cdd1d^0xbf58476d1ce4e5b9)
}

func makeKey(r *Record, seed uint64) key {
	k := key{ordered: orderOf(r)}
	k.class, k.oneWay = icmpClass(r)
	h := endHash(&r.Src, r.SrcPort, seed) + endHash(&r.Dst, r.DstPort, seed)
	h = mix(h^uint64(r.Proto)<<32^uint64(k.class), seed^0x94d049bb133111eb)
	k.hash = uint32(h ^ h>>32)
	return k
}

// matches reports whether f is a flow of record r, whose key is k.
func (k *key) matches(r *Record, f *openFlow) bool {
	g := &f.rec
	if g.Proto != r.Proto || !f.key.set {
		return false
	}
	straight := g.SrcPort == r.SrcPort && g.DstPort == r.DstPort && g.Src == r.Src && g.Dst == r.Dst
	if !straight && !(g.SrcPort == r.DstPort && g.DstPort == r.SrcPort && g.Src == r.Dst && g.Dst == r.Src) {
		return false
	}
	if k.class != 0 {
		class, _ := icmpClass(g)
		return class == k.class && (straight || !k.oneWay)
	}
	return true
}

const (
	chunkBits = 10
	chunkSize = 1 << chunkBits
)

// A table holds open flows and finds them by key: flows lie in chunks that
// never move, and an index of open addressing tells where.
type table struct {
	seed   uint64
	chunks []*[chunkSize]openFlow
	free   []int32
	used   int32
	live   int // flows held, also dead ones that the ring still lists

	index []slot
	count int
}

type slot struct {
	hash uint32
	at   int32 // plus one; 0 is empty
}

func (t *table) at(i int32) *openFlow { return &t.chunks[i>>chunkBits][i&(chunkSize-1)] }

func (t *table) alloc() int32 {
	t.live++
	if n := len(t.free); n > 0 {
		i := t.free[n-1]
		t.free = t.free[:n-1]
		return i
	}
	i := t.used
	if int(i)>>chunkBits == len(t.chunks) {
		t.chunks = append(t.chunks, new([chunkSize]openFlow))
	}
	t.used++
	return i
}

func (t *table) release(i int32) {
	t.live--
	t.free = append(t.free, i)
}

// find appends to dst the flows of record r, whose key is k.
func (t *table) find(dst []int32, r *Record, k *key) []int32 {
	if len(t.index) == 0 {
		return dst
	}
	mask := uint32(len(t.index) - 1)
	for i := k.hash & mask; t.index[i].at != 0; i = (i + 1) & mask {
		if t.index[i].hash == k.hash && k.matches(r, t.at(t.index[i].at-1)) {
			dst = append(dst, t.index[i].at-1)
		}
	}
	return dst
}

// touch reads what find will read for each key, without waiting for one
// before the next.
func (t *table) touch(keys []key, p *windowPool) (sum uint32) {
	if len(t.index) == 0 {
		return 0
	}
	mask := uint32(len(t.index) - 1)
	var at [16]int32
	for i := range keys {
		at[i&15] = t.index[keys[i].hash&mask].at
	}
	for i := range keys {
		if n := at[i&15]; n != 0 {
			f := t.at(n - 1)
			sum += uint32(f.start) + uint32(f.rec.SrcPort) + uint32(f.rec.Dst[15]) + f.records + p.touch(f)
		}
	}
	return sum
}

func (t *table) link(at int32, hash uint32) {
	if 2*(t.count+1) > len(t.index) {
		old := t.index
		t.index = make([]slot, max(1024, 2*len(old)))
		for _, s := range old {
			if s.at != 0 {
				t.insert(s)
			}
		}
	}
	t.insert(slot{hash, at + 1})
	t.count++
	f := t.at(at)
	f.hash, f.linked = hash, true
}

func (t *table) insert(s slot) {
	mask := uint32(len(t.index) - 1)
	i := s.hash & mask
	for t.index[i].at != 0 {
		i = (i + 1) & mask
	}
	t.index[i] = s
}

// unlink makes the flow unknown to the index.
func (t *table) unlink(at int32) {
	f := t.at(at)
	if !f.linked {
		return
	}
	f.linked = false
	t.count--
	mask := uint32(len(t.index) - 1)
	i := f.hash & mask
	for t.index[i].at != at+1 {
		i = (i + 1) & mask
	}
	// What stands behind moves up, unless it is nearer to its place already.
	for j := (i + 1) & mask; ; j = (j + 1) & mask {
		s := t.index[j]
		if s.at == 0 {
			break
		}
		if (j-s.hash)&mask >= (j-i)&mask {
			t.index[i] = s
			i = j
		}
	}
	t.index[i] = slot{}
}
