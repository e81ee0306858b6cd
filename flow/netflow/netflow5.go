package netflow

import (
	"fmt"

	"seine/flow"
)

// netflow5 decodes a datagram of NetFlow v5: a header and up to 30 records,
// all of them of one layout.
func (d *decoder) netflow5(g *datagram) error {
	b := g.data
	if len(b) < header5 {
		return errShort
	}
	count := int(u16(b[2:]))
	// Offsets in the header: 4 uptime in ms, 8 seconds, 12 nanoseconds,
	// 22 sampling: the mode in two bits, one packet in so many in the others.
	export, err := d.clock(g, u32(b[8:]))
	if err != nil {
		return err
	}
	h := header{export: export + flow.Time(min(u32(b[12:]), 999_999_999)), uptime: u32(b[4:]), booted: true}
	c := d.legacy[g.from]
	if c == nil {
		if len(d.legacy) == maxDomains {
			return errDomains
		}
		c = new(clock)
		d.legacy[g.from] = c
	}
	h.boot = c.tell(h.export, h.uptime)
	by := rate{uint64(max(u16(b[22:])&0x3fff, 1)), 1}
	b = b[header5:]
	for i := range count {
		if len(b) < record5 {
			return fmt.Errorf("says that it has %d records, and has %d", count, i)
		}
		d.record5(b, by, &h)
		b = b[record5:]
	}
	return nil
}

// record5 reads a record: 0 source, 4 destination, 16 packets, 20 bytes,
// 24 first, 28 last, 32 and 34 ports, 37 flags, 38 protocol.
func (d *decoder) record5(b []byte, by rate, h *header) {
	r := d.out.add()
	r.Src.Set4(u32(b))
	r.Dst.Set4(u32(b[4:]))
	r.Proto, r.Has = flow.Proto(b[38]), flow.HasAddrs
	if r.Proto != flow.ProtoUnknown {
		r.Has |= flow.HasProto
	}
	d.uptimes(r, h, u32(b[24:]), u32(b[28:]))
	d.ports(r, uint64(u16(b[32:])), uint64(u16(b[34:])))
	d.count(r, by, uint64(u32(b[16:])), &r.SrcPkts, flow.HasSrcPkts)
	d.count(r, by, uint64(u32(b[20:])), &r.SrcBytes, flow.HasSrcBytes)
	d.scaled(by)
	if r.Proto == flow.TCP {
		r.SrcFlags = flow.TCPFlags(b[37])
		r.Has |= flow.HasFlags
	}
}
