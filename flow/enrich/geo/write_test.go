package geo

import (
	"bytes"
	"encoding/binary"
	"maps"
	"math"
	"net/netip"
	"slices"
	"sort"
)

// A draft is a database in MaxMind's format that is being written: records by
// network. It is of IPv6 with IPv4 at ::/96, as all that are given out.
type draft struct {
	kind    string
	built   uint64
	records map[netip.Prefix]any
	bits    int  // of a pointer in the tree: 24, 28, 32; 0 is 24
	four    bool // of IPv4 alone
}

func (d *draft) bytes() []byte {
	type node [2]int // below 0: record -n-1; 0: nothing; above: node
	nodes := []node{{}}
	var data bytes.Buffer
	var offsets []int
	prefixes := slices.Collect(maps.Keys(d.records))
	sort.Slice(prefixes, func(i, j int) bool { return prefixes[i].Bits() < prefixes[j].Bits() })
	for _, p := range prefixes {
		b, n := p.Addr().As16(), p.Bits()
		if p.Addr().Is4() {
			four := p.Addr().As4()
			b = [16]byte{}
			copy(b[12:], four[:])
			n += 96
		}
		from := 0
		if d.four {
			from = 96
		}
		at := 0
		for i := from; i < n; i++ {
			bit := b[i/8] >> (7 - i%8) & 1
			if i == n-1 {
				nodes[at][bit] = -len(offsets) - 1
				break
			}
			next := nodes[at][bit]
			if next <= 0 { // a wider record goes on below
				nodes = append(nodes, node{next, next})
				next = len(nodes) - 1
				nodes[at][bit] = next
			}
			at = next
		}
		offsets = append(offsets, data.Len())
		data.Write(value(d.records[p]))
	}
	bits := d.bits
	if bits == 0 {
		bits = 24
	}
	pointer := func(v int) uint32 {
		switch {
		case v == 0:
			return uint32(len(nodes))
		case v < 0:
			return uint32(len(nodes) + 16 + offsets[-v-1])
		}
		return uint32(v)
	}
	var out bytes.Buffer
	for _, n := range nodes {
		l, r := pointer(n[0]), pointer(n[1])
		switch bits {
		case 24:
			out.Write([]byte{byte(l >> 16), byte(l >> 8), byte(l), byte(r >> 16), byte(r >> 8), byte(r)})
		case 28:
			out.Write([]byte{byte(l >> 16), byte(l >> 8), byte(l), byte(l>>24)<<4 | byte(r>>24)&15, byte(r >> 16), byte(r >> 8), byte(r)})
		case 32:
			out.Write(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, l), r))
		}
	}
	out.Write(make([]byte, 16))
	out.Write(data.Bytes())
	out.WriteString(marker)
	version := 6
	if d.four {
		version = 4
	}
	out.Write(value(map[string]any{
		"binary_format_major_version": uint16(2), "binary_format_minor_version": uint16(0), "build_epoch": d.built,
		"database_type": d.kind, "description": map[string]any{"en": "made for a test"}, "ip_version": uint16(version),
		"languages": []any{"en"}, "node_count": uint32(len(nodes)), "record_size": uint16(bits),
	}))
	return out.Bytes()
}

// value encodes a value: a control byte of type and size, then the content.
func value(v any) []byte {
	control := func(kind, size int) []byte {
		var b []byte
		first := byte(kind << 5)
		if kind > 7 {
			first = 0
		}
		switch {
		case size < 29:
			b = append(b, first|byte(size))
		case size < 29+256:
			b = append(b, first|29)
		default:
			b = append(b, first|30)
		}
		if kind > 7 {
			b = append(b, byte(kind-7))
		}
		switch {
		case size < 29:
		case size < 29+256:
			b = append(b, byte(size-29))
		default:
			b = binary.BigEndian.AppendUint16(b, uint16(size-285))
		}
		return b
	}
	whole := func(kind int, v uint64) []byte {
		b := bytes.TrimLeft(binary.BigEndian.AppendUint64(nil, v), "\x00")
		return append(control(kind, len(b)), b...)
	}
	switch v := v.(type) {
	case string:
		return append(control(2, len(v)), v...)
	case float64:
		return binary.BigEndian.AppendUint64(control(3, 8), math.Float64bits(v))
	case uint16:
		return whole(5, uint64(v))
	case uint32:
		return whole(6, uint64(v))
	case uint64:
		return whole(9, v)
	case bool:
		n := 0
		if v {
			n = 1
		}
		return control(14, n)
	case map[string]any:
		b := control(7, len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			b = append(append(b, value(k)...), value(v[k])...)
		}
		return b
	case []any:
		b := control(11, len(v))
		for _, e := range v {
			b = append(b, value(e)...)
		}
		return b
	}
	panic("no such value")
}
