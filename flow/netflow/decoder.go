package netflow

import (
	"errors"
	"fmt"

	"seine/flow"
	"seine/flow/internal/packet"
)

// A domain is a stream of export with templates of its own: one observation
// domain or source of one exporter.
type domain struct {
	domainKey
	templates map[uint16]*template
	samplers  samplers
	clock     clock
}

type domainKey struct {
	from  flow.Addr
	ipfix bool
	id    uint32
}

// A decoder takes datagrams apart and adds what they hold to out.
type decoder struct {
	src     *flow.Source
	out     queue
	domains map[domainKey]*domain
	last    *domain // most inputs have one
	kept    struct{ templates, steps int }
	learned map[domainKey]*samplers // what a first look at the input found
	legacy  map[flow.Addr]*clock    // of exporters of v5

	shift   flow.Time // by which times are moved where the clock is at fault
	metered map[metered]uint8

	seen   tally
	packet packet.Packet
	values values
	denied flow.Symbol
}

func newDecoder(src *flow.Source) *decoder {
	return &decoder{
		src: src, domains: map[domainKey]*domain{}, legacy: map[flow.Addr]*clock{}, metered: map[metered]uint8{},
		denied: src.Options.Symbols.Add([]byte("denied")),
	}
}

// A header is what a datagram tells about all of its records.
type header struct {
	export flow.Time
	uptime uint32    // of the exporter, ms, modulo 2^32
	boot   flow.Time // when the exporter started
	booted bool      // uptime and boot are known
	told   bool      // boot was told by itself, not found by the uptime
}

var (
	errNoClock = errors.New("sFlow tells no time of day: give the capture of the datagrams instead")
	errDomains = errors.New("more exporters than are kept track of")
)

// datagram decodes g as far as it goes.
func (d *decoder) datagram(g *datagram) error {
	var err error
	switch claims(g.data) {
	case netflow5:
		d.seen.versions |= 1 << netflow5
		err = d.netflow5(g)
	case netflow9:
		d.seen.versions |= 1 << netflow9
		err = d.sets(g, header9)
	case ipfix:
		d.seen.versions |= 1 << ipfix
		err = d.sets(g, header10)
	case sflow5:
		d.seen.versions |= 1 << sflow5
		err = d.sflow(g)
	default:
		err = errors.New("no version of NetFlow, IPFIX or sFlow at its start")
	}
	if g.fault != nil {
		return g.fault
	}
	return err
}

// domain finds the state of an export stream.
func (d *decoder) domain(key domainKey) (*domain, error) {
	if d.last != nil && d.last.domainKey == key {
		return d.last, nil
	}
	dom := d.domains[key]
	if dom == nil {
		if len(d.domains) == maxDomains {
			return nil, errDomains
		}
		dom = &domain{domainKey: key, templates: map[uint16]*template{}}
		if known := d.learned[key]; known != nil {
			dom.samplers = known.clone()
		}
		d.domains[key] = dom
	}
	d.last = dom
	return dom, nil
}

// sets decodes a datagram of NetFlow v9 or IPFIX.
func (d *decoder) sets(g *datagram, size int) error {
	b := g.data
	if len(b) < size {
		return errShort
	}
	key := domainKey{g.from, size == header10, u32(b[size-4:])}
	dom, err := d.domain(key)
	if err != nil {
		return err
	}
	var h header
	clockAt := 8
	if key.ipfix {
		clockAt = 4
	}
	if h.export, err = d.clock(g, u32(b[clockAt:])); err != nil {
		return err
	}
	if key.ipfix {
		h.boot, h.booted, h.told = dom.clock.boot, dom.clock.known, dom.clock.known
		h.uptime = uint32((h.export - h.boot) / millisecond)
		b = b[:min(len(b), max(int(u16(b[2:])), size))]
	} else {
		h.uptime, h.booted = u32(b[4:]), true
		h.boot = dom.clock.tell(h.export, h.uptime)
	}
	for b = b[size:]; len(b) >= 4; {
		id, length := u16(b), int(u16(b[2:]))
		if length < 4 {
			return fmt.Errorf("set %d says that it is %d bytes long", id, length)
		}
		if length > len(b) {
			return fmt.Errorf("set %d is cut short", id)
		}
		body := b[4:length]
		b = b[length:]
		switch {
		case !key.ipfix && id < 2:
			err = d.templates(body, dom, id == 1)
		case key.ipfix && (id == 2 || id == 3):
			err = d.templates(body, dom, id == 3)
		case id >= 256:
			if t := dom.templates[id]; t != nil {
				err = d.data(body, t, dom, &h)
			} else {
				d.hold(pending{dom, id, h, body})
			}
		default:
			err = fmt.Errorf("set %d is none that there is", id)
		}
		if err != nil {
			return err
		}
	}
	if len(b) > 0 && !zero(b) {
		return errShort
	}
	return nil
}

// data decodes a set of records.
func (d *decoder) data(b []byte, t *template, dom *domain, h *header) error {
	v := &d.values
	for len(b) >= t.least {
		n, ok := t.read(b, v)
		if !ok {
			if zero(b) {
				return nil // padding
			}
			return errors.New("data record is longer than its set")
		}
		b = b[n:]
		if t.options {
			d.option(dom, v, h)
		} else {
			d.record(dom, v, h)
		}
	}
	return nil
}

func zero(b []byte) bool {
	for _, c := range b {
		if c != 0 {
			return false
		}
	}
	return true
}

// skip counts a row that is no flow.
func (d *decoder) skip(why *uint64) {
	*why++
	d.src.Skipped++
}
