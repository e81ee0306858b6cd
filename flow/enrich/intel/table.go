package intel

import (
	"cmp"
	"encoding/binary"
	"math/bits"
	"net/netip"
	"slices"
	"strings"

	"github.com/gaissmai/bart"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

// A Table is the content of any number of lists. A nil Table knows nothing.
// It is not changed once it is loaded, so any number of goroutines may ask it.
//
// A single address lies in a hash table of numbers, a prefix in an allotment
// routing table. What several entries say of one of them is a ring, of which
// the last is known.
type Table struct {
	records [][]record
	n       uint32
	slots   []uint32 // number of the last record of a ring plus 1
	singles uint32   // rings in slots
	shift   uint

	plain, mapped bart.Table[uint32] // prefixes; IPv4-mapped spellings are not IPv4

	words    *lexicon
	files    []*File
	warnings []string
	unsaid   int // warnings beyond what is told
	limits   limits
	options  Options
}

// A record is an entry of 56 bytes, without pointers.
type record struct {
	addr                     flow.Addr // the first of a prefix
	next                     uint32    // number of the next record of the ring
	line                     uint32
	note                     uint32
	date, first, last, until uint32 // seconds since 1970; 0: not told
	file                     uint16
	port                     uint16
	n                        uint16 // of the last of a ring: its length
	length                   uint8  // of the prefix, among the bits of its family
	proto                    flow.Proto
	score                    int8
	benign                   bool
}

const (
	pageBits = 12
	pageSize = 1 << pageBits

	// maxRing bounds what is kept of one address or prefix.
	maxRing = 256
	// alike is how many records of a ring an entry is compared with, to keep
	// what one list repeats only once.
	alike = 8
)

// New makes an empty table.
func New(opt Options) *Table {
	return &Table{slots: make([]uint32, 256), shift: 56, words: newLexicon(), limits: defaultLimits, options: opt}
}

// Len is the number of entries.
func (t *Table) Len() int {
	if t == nil {
		return 0
	}
	return int(t.n)
}

// Files tells what was read of each list.
func (t *Table) Files() []*File {
	if t == nil {
		return nil
	}
	return t.files
}

func (t *Table) record(i uint32) *record { return &t.records[i>>pageBits][i&(pageSize-1)] }

func hash(a *flow.Addr) uint64 {
	hi, lo := bits.Mul64(binary.LittleEndian.Uint64(a[:8])^0x9e3779b97f4a7c15, 0xd6e8feb86659fd93)
	h := (binary.LittleEndian.Uint64(a[8:]) ^ hi ^ lo) * 0xbf58476d1ce4e5b9
	return (h ^ h>>32) * 0x94d049bb133111eb
}

// slot is the place of a single address: where it is, or where it belongs.
func (t *Table) slot(a *flow.Addr) *uint32 {
	mask := uint64(len(t.slots) - 1)
	for i := hash(a) >> t.shift; ; i = (i + 1) & mask {
		if s := &t.slots[i]; *s == 0 || t.record(*s-1).addr == *a {
			return s
		}
	}
}

// grow doubles the slots.
func (t *Table) grow() {
	old := t.slots
	t.slots = make([]uint32, 2*len(old))
	t.shift--
	for _, s := range old {
		if s != 0 {
			*t.slot(&t.record(s - 1).addr) = s
		}
	}
}

// add puts in an entry for p, which is masked, and reports what became of it.
func (t *Table) add(p netip.Prefix, f *File, it *item) {
	a, err := flow.AddrFromNetip(p.Addr())
	if err != nil {
		f.bad(it.line, p.String(), "no address of a machine")
		return
	}
	if p.IsSingleIP() {
		t.addSingle(a, f, it)
		return
	}
	switch {
	case !globalPrefix(p):
		f.Local++
		return
	case tooWide(p):
		f.bad(it.line, p.String(), "too wide to mean anything")
		return
	}
	table := &t.plain
	key := p
	if p.Addr().Is6() && mapped.Contains(p.Addr()) && p.Bits() >= mapped.Bits() {
		table, key = &t.mapped, shifted(p)
	}
	last, ok := table.Get(key)
	if !ok {
		last = 0
	}
	if r := t.join(last, a, p.Bits(), f, it); r != last {
		table.Insert(key, r)
	}
}

// addSingle puts in an entry for one address.
func (t *Table) addSingle(a flow.Addr, f *File, it *item) {
	if !Global(a) {
		f.Local++
		return
	}
	if uint64(t.singles)*4 >= uint64(len(t.slots))*3 {
		t.grow()
	}
	s := t.slot(&a)
	length := 128
	if a.Is4() {
		length = 32
	}
	if *s == 0 {
		t.singles++
	}
	*s = t.join(*s, a, length, f, it)
}

// join adds an entry to the ring whose last record is number last-1, and gives
// the last of the ring then.
func (t *Table) join(last uint32, a flow.Addr, length int, f *File, it *item) uint32 {
	at := t.words.note(it.note)
	n := uint16(0)
	if last != 0 {
		r := t.record(last - 1)
		if n = r.n; t.repeated(r, at, f, it) {
			f.Repeated++
			return last
		}
		if n >= maxRing {
			f.Crowded++
			return last
		}
	}
	if int(t.n) >= t.limits.entries {
		f.Dropped++
		return last
	}
	if int(t.n>>pageBits) == len(t.records) {
		t.records = append(t.records, make([]record, pageSize))
	}
	number := t.n
	t.n++
	f.Entries++
	if it.benign {
		f.Benign++
	}
	r := t.record(number)
	*r = record{
		addr: a, next: number, line: uint32(min(it.line, 1<<32-1)), note: at,
		date: seconds(it.date), first: seconds(it.first), last: seconds(it.last), until: seconds(it.until),
		file: f.number, port: it.port, n: n + 1, length: uint8(length), proto: it.proto,
		score: int8(max(-1, min(it.score, 100))), benign: it.benign,
	}
	if last != 0 {
		tail := t.record(last - 1)
		r.next, tail.next = tail.next, number
	}
	return number + 1
}

// repeated reports whether the file says the same already in a ring. What was
// said later counts.
func (t *Table) repeated(tail *record, at uint32, f *File, it *item) bool {
	r := tail
	for range min(int(tail.n), alike) {
		if r.file == f.number && r.note == at && r.port == it.port && r.proto == it.proto && r.benign == it.benign {
			r.date, r.last = max(r.date, seconds(it.date)), max(r.last, seconds(it.last))
			r.score = max(r.score, int8(max(-1, min(it.score, 100))))
			if s := seconds(it.until); r.until != 0 && (s == 0 || s > r.until) {
				r.until = s
			}
			if s := seconds(it.first); s != 0 && (r.first == 0 || s < r.first) {
				r.first = s
			}
			return true
		}
		r = t.record(r.next)
	}
	return false
}

// shifted moves a prefix of IPv4-mapped addresses out of the range that
// libraries read as IPv4, and back.
func shifted(p netip.Prefix) netip.Prefix {
	b := p.Addr().As16()
	b[0] ^= 0xff
	return netip.PrefixFrom(netip.AddrFrom16(b), p.Bits())
}

// Listed reports whether any entry covers a, at the least cost.
func (t *Table) Listed(a flow.Addr) bool {
	if t == nil || !Global(a) {
		return false
	}
	if *t.slot(&a) != 0 {
		return true
	}
	_, ok := t.covering(a)
	return ok
}

// covering looks a up among the prefixes.
func (t *Table) covering(a flow.Addr) (last uint32, ok bool) {
	if a.Is4In6() {
		return t.mapped.Lookup(shifted(netip.PrefixFrom(a.Netip(), 128)).Addr())
	}
	return t.plain.Lookup(a.Netip())
}

// Lookup gives what the lists say of a, whatever the port, the most specific
// first, and of equals by the names of their files and their lines, whatever the
// order in which the lists were read; nil for nothing, which costs no
// allocation. Of addresses that are not global (see Global) no list says
// anything.
func (t *Table) Lookup(a flow.Addr) []Indicator {
	if t == nil || !Global(a) {
		return nil
	}
	single := *t.slot(&a)
	_, covered := t.covering(a)
	if single == 0 && !covered {
		return nil
	}
	var all []Indicator
	if single != 0 {
		all = t.ring(all, single)
	}
	if covered {
		table, p := &t.plain, netip.PrefixFrom(a.Netip(), a.Netip().BitLen())
		if a.Is4In6() {
			table, p = &t.mapped, shifted(p)
		}
		for _, last := range table.Supernets(p) {
			all = t.ring(all, last)
		}
	}
	return all
}

// ring appends the entries of a ring, by file and line.
func (t *Table) ring(all []Indicator, last uint32) []Indicator {
	tail, begin := t.record(last-1), len(all)
	for i, r := uint16(0), t.record(tail.next); i < tail.n; i, r = i+1, t.record(r.next) {
		all = append(all, t.indicator(r))
	}
	slices.SortStableFunc(all[begin:], func(a, b Indicator) int {
		return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
	return all
}

func (t *Table) indicator(r *record) Indicator {
	f := t.files[r.file]
	n := &t.words.notes[r.note]
	text := func(i uint32) string { return t.words.texts[i] }
	i := Indicator{
		Entry:  provenance.Entry{File: f.Name, Line: int(r.line), List: text(n.list), Date: moment(r.date), HasDate: r.date != 0},
		Prefix: netip.PrefixFrom(r.addr.Netip(), int(r.length)), Port: r.port, Proto: r.proto,
		Category: text(n.category), Malware: text(n.malware), Score: int(r.score), Benign: r.benign,
		First: moment(r.first), Last: moment(r.last), Until: moment(r.until), Layout: f.Layout,
	}
	if r.proto == 0 {
		i.Proto = flow.ProtoUnknown
	}
	if !i.HasDate && f.HasDate {
		i.Date, i.HasDate = f.Date, true
	}
	if i.List == "" {
		i.List = f.List
	}
	if n.country != [2]byte{} {
		i.Country = string(n.country[:])
	}
	if n.tags != 0 {
		i.Tags = strings.Split(text(n.tags), tagSeparator)
	}
	return i
}
