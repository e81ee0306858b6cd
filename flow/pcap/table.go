package pcap

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"seine/flow"
	"seine/flow/internal/packet"
)

// limit is how many flows may be open at a time.
const limit = 1 << 19

// What a key is made of.
const (
	bare      = uint8(iota) // addresses and protocol
	withPorts               // and ports
	question                // and the types of an ICMP question and of its answer
	message                 // and type and code of an ICMP message that has no answer: each direction by itself
)

// A key tells flows apart, whichever side a packet is from. But for messages,
// the sides are in the order of their addresses and ports.
type key struct {
	addrs [2]flow.Addr
	ports [2]uint16
	proto flow.Proto
	kind  uint8
}

// keyOf is the key of a packet with what stands for its ports, and the side
// that sent it.
func keyOf(p *packet.Packet, kind uint8, from, to uint16) (k key, side uint8) {
	order := 0
	if kind != message {
		order = bytes.Compare(p.Src[:], p.Dst[:])
		if order == 0 && from > to {
			order = 1
		}
	}
	k = key{proto: p.Proto, kind: kind}
	if order > 0 {
		side = 1
	}
	k.addrs[side], k.addrs[1-side] = p.Src, p.Dst
	k.ports[side], k.ports[1-side] = from, to
	return k, side
}

// The lists of a table, each in the order of the last packets, by what they
// wait for.
const (
	over     = uint8(iota) // stragglers of a connection that was closed or reset
	unheard                // an answer to a SYN: the last time that systems send it again is 32 s behind the one before
	idle                   // more datagrams
	idleTCP                // more of a connection
	waits                  // how many of these there are
	finished = waits       // being taken as a record; no longer to be found
	lists    = waits + 1
)

var timeouts = [waits]flow.Time{
	over: 5 * flow.Second, unheard: 40 * flow.Second, idle: 60 * flow.Second, idleTCP: 300 * flow.Second,
}

// A side is what one end of a flow has sent.
type side struct {
	bytes, pkts uint64
	isn         uint32 // of its SYN
	synced      bool   // isn is known
	state       state
	flags       flow.TCPFlags
}

// A connection is a flow that is open. It holds no pointers.
type connection struct {
	key         key
	first, last flow.Time // of its packets
	seen        flow.Time // of the clock, at the packet counted last
	row         uint64    // number of the packet that began it
	sides       [2]side
	prev, next  int32 // in its list; none is 0
	self        int32
	chain       int32 // next of the same bucket
	hash        uint32
	list        uint8
	orig        uint8 // the side of the originator
	orient      flow.Orient
	hasFlags    bool
	asked       bool // of ICMP: it began with a question
	icmpType    uint8
	icmpCode    uint8
}

const chunk = 1 << 12 // connections that are allocated at a time

// A table holds the flows that are open. It knows them by chains from buckets,
// of which there are as many as flows at least; their hash has a seed, so that
// nobody can send what falls into one.
type table struct {
	limit   int
	seed    [5]uint64
	buckets []int32 // first of each chain; a power of two of them
	open    int     // flows in the chains
	chunks  []*[chunk]connection
	used    int32 // numbers given out so far, from 1
	unused  int32 // first of the free, linked by next
	heads   [lists]int32
	tails   [lists]int32
	evicted uint64
}

func newTable(limit int) *table {
	t := &table{limit: limit, buckets: make([]int32, 1<<10)}
	for i := range t.seed {
		t.seed[i] = rand.Uint64() // tells nothing in the output: no order depends on it
	}
	return t
}

func (t *table) at(n int32) *connection { return &t.chunks[(n-1)/chunk][(n-1)%chunk] }

// hash folds the products of words that nobody knows.
func (t *table) hash(k *key) uint32 {
	a, b := &k.addrs[0], &k.addrs[1]
	rest := uint64(k.ports[0]) | uint64(k.ports[1])<<16 | uint64(k.proto)<<32 | uint64(k.kind)<<40
	h := fold(binary.LittleEndian.Uint64(a[:8])^t.seed[0], binary.LittleEndian.Uint64(a[8:])^t.seed[1])
	h = fold(binary.LittleEndian.Uint64(b[:8])^t.seed[2]^h, binary.LittleEndian.Uint64(b[8:])^t.seed[3])
	return uint32(fold(rest^t.seed[4], h^t.seed[0]))
}

func fold(a, b uint64) uint64 {
	hi, lo := bits.Mul64(a, b)
	return hi ^ lo
}

func (t *table) bucket(hash uint32) *int32 { return &t.buckets[hash&uint32(len(t.buckets)-1)] }

// find is the open flow of a key, whose hash is hash; nil if there is none.
func (t *table) find(k *key, hash uint32) *connection {
	for n := *t.bucket(hash); n != 0; {
		c := t.at(n)
		if c.hash == hash && c.key == *k {
			return c
		}
		n = c.chain
	}
	return nil
}

// add makes a connection, in the list of those that wait for datagrams.
func (t *table) add(k *key, hash uint32) *connection {
	n := t.unused
	if n != 0 {
		t.unused = t.at(n).next
	} else {
		if int(t.used) == len(t.chunks)*chunk {
			t.chunks = append(t.chunks, new([chunk]connection))
		}
		t.used++
		n = t.used
	}
	if t.open == len(t.buckets) {
		t.grow()
	}
	t.open++
	c, b := t.at(n), t.bucket(hash)
	*c = connection{key: *k, hash: hash, self: n, chain: *b}
	*b = n
	t.link(c, idle)
	return c
}

// grow doubles the buckets.
func (t *table) grow() {
	old := t.buckets
	t.buckets = make([]int32, 2*len(old))
	for _, n := range old {
		for n != 0 {
			c := t.at(n)
			b := t.bucket(c.hash)
			n, c.chain, *b = c.chain, *b, n
		}
	}
}

// forget takes a connection out of its chain.
func (t *table) forget(c *connection) {
	at := t.bucket(c.hash)
	for *at != c.self {
		at = &t.at(*at).chain
	}
	*at = c.chain
	t.open--
}

// free takes the place of a connection back, which has been finished.
func (t *table) free(c *connection) {
	t.unlink(c)
	c.next, t.unused = t.unused, c.self
}

func (t *table) link(c *connection, list uint8) {
	c.list, c.prev, c.next = list, t.tails[list], 0
	if c.prev != 0 {
		t.at(c.prev).next = c.self
	} else {
		t.heads[list] = c.self
	}
	t.tails[list] = c.self
}

func (t *table) unlink(c *connection) {
	if c.prev != 0 {
		t.at(c.prev).next = c.next
	} else {
		t.heads[c.list] = c.next
	}
	if c.next != 0 {
		t.at(c.next).prev = c.prev
	} else {
		t.tails[c.list] = c.prev
	}
}

// touch puts a connection that has just been heard of at the end of a list.
func (t *table) touch(c *connection, list uint8) {
	if t.tails[list] == c.self {
		return
	}
	t.unlink(c)
	t.link(c, list)
}

// finish ends a connection.
func (t *table) finish(c *connection) {
	t.forget(c)
	t.unlink(c)
	t.link(c, finished)
}

// ended is a connection that has ended, in the order of their ends, nil if
// there is none. At the end of the packets all have.
func (t *table) ended(now flow.Time, all bool) *connection {
	if t.heads[finished] == 0 {
		var best *connection
		for list := range waits {
			n := t.heads[list]
			if n == 0 {
				continue
			}
			c := t.at(n)
			if due := c.seen.Add(timeouts[list]); !all && due >= now {
				continue
			}
			if best == nil || c.due(all) < best.due(all) {
				best = c
			}
		}
		if best == nil {
			return nil
		}
		t.finish(best)
	}
	return t.at(t.heads[finished])
}

// due is when a connection ends unless it is heard of; at the end of the
// packets, when it was last heard of.
func (c *connection) due(all bool) flow.Time {
	if all {
		return c.seen
	}
	return c.seen.Add(timeouts[c.list])
}

// full reports whether no further flow may be opened.
func (t *table) full() bool { return t.open >= t.limit }

// evict ends the connection that has been idle longest.
func (t *table) evict() {
	var oldest *connection
	for list := range waits {
		if n := t.heads[list]; n != 0 {
			if c := t.at(n); oldest == nil || c.seen < oldest.seen {
				oldest = c
			}
		}
	}
	if oldest != nil {
		t.finish(oldest)
		t.evicted++
	}
}
