package jsonscan

import (
	"encoding/binary"
	"math/bits"
	"strings"
)

// Paths is a compiled list of the members that a format asks for. It is
// read-only and may be shared by any number of scanners.
type Paths struct {
	slots int    // the paths, and the objects on the way
	nodes []node // one for each object on the way; the first is the top level

	find func(outer, key []byte) int // of Else; nil if there is none
	more int                         // the number of the first that it finds
	bare int32                       // a node without any key, for objects on no path
}

// A node knows the keys of one object that matter, in a hash table with room.
type node struct {
	table []entry
	shift uint
}

type entry struct {
	lo, hi uint64 // the key, or its first and last eight bytes
	key    string // empty in a free place
	slot   int32  // index of the path that ends here, or a number behind all paths
	child  int32  // node of the object below, or -1
}

// Compile numbers the paths by their place in the list. A path is a key, or
// the keys of objects within objects with a slash between: "flow/start" is
// the member start of the object flow, "id.orig_h" a key with a dot in it. A
// path repeated shares the number of its last place.
func Compile(paths ...string) *Paths {
	p := &Paths{slots: len(paths)}
	type tree struct {
		keys []string
		slot map[string]int32
		kids map[string]*tree
	}
	grow := func() *tree { return &tree{slot: map[string]int32{}, kids: map[string]*tree{}} }
	root := grow()
	for i, path := range paths {
		keys, at := strings.Split(path, "/"), root
		for k, key := range keys {
			if _, ok := at.slot[key]; !ok {
				at.slot[key] = -1
				at.keys = append(at.keys, key)
			}
			if k == len(keys)-1 {
				at.slot[key] = int32(i)
				break
			}
			if at.kids[key] == nil {
				at.kids[key] = grow()
			}
			at = at.kids[key]
		}
	}
	var build func(t *tree) int32
	build = func(t *tree) int32 {
		n := int32(len(p.nodes))
		size := bits.Len(uint(4*len(t.keys)) | 8)
		p.nodes = append(p.nodes, node{table: make([]entry, 1<<size), shift: uint(64 - size)})
		for _, key := range t.keys {
			e := entry{key: key, slot: t.slot[key], child: -1}
			e.lo, e.hi = words(append([]byte(key), make([]byte, 8)...), len(key))
			if e.slot < 0 {
				e.slot = int32(p.slots)
				p.slots++
			}
			if kid := t.kids[key]; kid != nil {
				e.child = build(kid)
			}
			i := p.nodes[n].place(e.lo, e.hi)
			for p.nodes[n].table[i].key != "" {
				i = (i + 1) & (len(p.nodes[n].table) - 1)
			}
			p.nodes[n].table[i] = e
		}
		return n
	}
	build(root)
	return p
}

// Else has find choose among the members that no path names, of the object and
// of the objects in it: outer is the key of the object around the member, nil
// at the top. find tells a number below n, or -1 for a member that nobody
// wants. A member so found has the number behind first. The scanners of all
// goroutines call find, which should not allocate.
func (p *Paths) Else(n int, find func(outer, key []byte) int) (first int) {
	p.find, p.more, p.bare = find, p.slots, int32(len(p.nodes))
	p.slots += n
	p.nodes = append(p.nodes, node{table: make([]entry, 8), shift: 61})
	return p.more
}

// words makes two words of the n bytes at the start of b, which has eight
// more; with the length they tell apart texts of up to sixteen bytes.
func words(b []byte, n int) (lo, hi uint64) {
	lo = binary.LittleEndian.Uint64(b)
	if n >= 8 {
		return lo, binary.LittleEndian.Uint64(b[n-8:])
	}
	return lo & (1<<(8*uint(n)) - 1), 0
}

func (n *node) place(lo, hi uint64) int {
	return int((lo ^ bits.RotateLeft64(hi, 29)) * 0x9e3779b97f4a7c15 >> n.shift)
}

// find looks the key up; b begins with it and goes on for eight bytes.
func (n *node) find(b []byte, length int) *entry {
	lo, hi := words(b, length)
	for i := n.place(lo, hi); ; i = (i + 1) & (len(n.table) - 1) {
		e := &n.table[i]
		if e.lo == lo && e.hi == hi && len(e.key) == length && (length <= 16 || e.key == string(b[:length])) && length > 0 {
			return e
		}
		if e.key == "" {
			return nil
		}
	}
}
