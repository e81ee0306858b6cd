// Package services finds out from flows which services there are: an inventory
// made without a scan, of what was seen answering. It joins that with the
// inventory of a scan.
package services

import (
	"cmp"
	"net/netip"
	"slices"

	"github.com/gaissmai/bart"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich/inventory"
)

// Options say what is collected.
type Options struct {
	Internal []netip.Prefix // networks of one's own
	Outside  bool           // servers elsewhere too
	AnyPort  bool           // also ports that look like those of clients
	// MaxServices and MaxClients bound what is remembered; 0 means the defaults.
	MaxServices, MaxClients int
}

// Defaults of the bounds, about 150 and 40 bytes each.
const (
	DefaultMaxServices = 500_000
	DefaultMaxClients  = 2_000_000
)

// A Service is one that was seen answering, or that a scan found, or both.
type Service struct {
	Addr  flow.Addr
	Proto flow.Proto
	Port  uint16

	Name        string // of the protocol, as the input or the scan found out, or else as the port has it
	Seen        bool   // in the flows; what follows is then of these
	Clients     uint64 // distinct
	Outside     uint64 // of them from outside
	AtLeast     bool   // there may be more clients: not all were told apart
	Flows       uint64
	In, Out     uint64 // bytes to and from the service
	First, Last flow.Time

	Scan    *inventory.Service // what the scan says, or nil
	Scanned bool               // a scan has the host
}

// A Result is what a Collector found.
type Result struct {
	Services  []Service // by address, protocol and port
	Seen      int       // of them in the flows
	Dropped   uint64    // flows to services that there was no room for
	Ephemeral int       // ports left out since they look like those of clients
	Elsewhere uint64    // flows to services of servers outside, left out
	Inventory bool      // there is one
}

type key struct {
	addr  flow.Addr
	port  uint16
	proto flow.Proto
}

type pair struct {
	service uint32
	client  flow.Addr
}

// A Collector takes flows.
type Collector struct {
	o         Options
	internal  bart.Lite
	symbols   *flow.Symbols
	index     map[key]uint32
	all       []Service
	named     []flow.Symbol
	clients   map[pair]struct{}
	dropped   uint64
	elsewhere uint64
}

// New makes a Collector. symbols are those of the input.
func New(o Options, symbols *flow.Symbols) *Collector {
	if o.MaxServices <= 0 {
		o.MaxServices = DefaultMaxServices
	}
	if o.MaxClients <= 0 {
		o.MaxClients = DefaultMaxClients
	}
	c := &Collector{o: o, symbols: symbols, index: map[key]uint32{}, clients: map[pair]struct{}{}}
	for _, p := range o.Internal {
		c.internal.Insert(p.Masked())
	}
	return c
}

func (c *Collector) inside(a flow.Addr) bool { return c.internal.Contains(a.Netip()) }

// Add takes flows. It keeps none of them.
func (c *Collector) Add(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		if r.Has&flow.HasDstPort == 0 || !r.Proto.Ported() || r.DstPort == 0 || !detectors.Served(r) {
			continue
		}
		if !c.o.Outside && !c.inside(r.Dst) {
			c.elsewhere++
			continue
		}
		c.add(r)
	}
}

func (c *Collector) add(r *flow.Record) {
	k := key{r.Dst, r.DstPort, r.Proto}
	at, known := c.index[k]
	if !known {
		if len(c.all) >= c.o.MaxServices {
			c.dropped++
			return
		}
		at = uint32(len(c.all))
		c.index[k] = at
		c.all = append(c.all, Service{Addr: r.Dst, Proto: r.Proto, Port: r.DstPort, Seen: true, First: r.Start, Last: r.Start})
		c.named = append(c.named, 0)
	}
	s := &c.all[at]
	s.First, s.Last = min(s.First, r.Start), max(s.Last, r.Start)
	s.Flows++
	s.In, s.Out = sum(s.In, r.SrcBytes), sum(s.Out, r.DstBytes)
	if c.named[at] == 0 && r.Has&flow.HasService != 0 {
		c.named[at] = r.Service
	}
	p := pair{at, r.Src}
	if _, have := c.clients[p]; have {
		return
	}
	if len(c.clients) >= c.o.MaxClients {
		s.AtLeast = true
		return
	}
	c.clients[p] = struct{}{}
	s.Clients++
	if !c.inside(r.Src) {
		s.Outside++
	}
}

func sum(a, b uint64) uint64 {
	if s := a + b; s >= a {
		return s
	}
	return 1<<64 - 1
}

// fewClients is how many clients a port needs at least that no service is
// known for: below, it is more likely one end of a conversation between peers.
const fewClients = 3

// firstEphemeral is the first port that systems give to clients.
const firstEphemeral = 32768

// Result joins what was seen with the inventory of a scan, which may be nil.
func (c *Collector) Result(inv *inventory.Table) *Result {
	res := &Result{Dropped: c.dropped, Elsewhere: c.elsewhere, Inventory: inv != nil}
	for i := range c.all {
		s := c.all[i]
		s.Scan = inv.Lookup(s.Addr, s.Proto, s.Port)
		s.Scanned = len(inv.Services(s.Addr)) > 0
		text := c.symbols.Text(c.named[i])
		if !c.o.AnyPort && s.Scan == nil && text == "" && s.Clients < fewClients && !flow.ServicePort(s.Proto, s.Port) && s.Port >= firstEphemeral {
			res.Ephemeral++
			continue
		}
		s.Name = text
		s.named()
		res.Services = append(res.Services, s)
		res.Seen++
	}
	for _, scan := range inv.All() {
		if _, seen := c.index[key{scan.Addr, scan.Port, scan.Proto}]; seen {
			continue
		}
		s := Service{Addr: scan.Addr, Proto: scan.Proto, Port: scan.Port, Scan: scan, Scanned: true}
		s.named()
		res.Services = append(res.Services, s)
	}
	slices.SortFunc(res.Services, func(a, b Service) int { return byPlace(&a, &b) })
	return res
}

// named gives a service without a name that of the scan or of the port.
func (s *Service) named() {
	if s.Name == "" && s.Scan != nil {
		s.Name = s.Scan.Name
	}
	if s.Name == "" {
		s.Name = flow.ServiceName(s.Proto, s.Port)
	}
}

func byPlace(a, b *Service) int {
	return cmp.Or(slices.Compare(a.Addr[:], b.Addr[:]), cmp.Compare(a.Proto, b.Proto), cmp.Compare(a.Port, b.Port))
}

// Sorts are the orders that Sort knows.
func Sorts() []string { return []string{"address", "risk", "clients", "flows", "bytes", "last"} }

// Sort puts services in an order: by address, or what matters most first.
func Sort(all []Service, by string) {
	slices.SortFunc(all, func(a, b Service) int {
		c := 0
		switch by {
		case "risk":
			c = cmp.Or(worse(a.Scan.Worst(), b.Scan.Worst()), cmp.Compare(b.Outside, a.Outside))
		case "clients":
			c = cmp.Compare(b.Clients, a.Clients)
		case "flows":
			c = cmp.Compare(b.Flows, a.Flows)
		case "bytes":
			c = cmp.Compare(sum(b.In, b.Out), sum(a.In, a.Out))
		case "last":
			c = cmp.Compare(b.Last, a.Last)
		}
		return cmp.Or(c, byPlace(&a, &b))
	})
}

func worse(a, b *inventory.Vulnerability) int {
	switch {
	case a == nil && b == nil:
		return 0
	case a == nil:
		return 1
	case b == nil:
		return -1
	case a.KEV != b.KEV:
		if a.KEV {
			return -1
		}
		return 1
	}
	return cmp.Or(cmp.Compare(b.CVSS, a.CVSS), cmp.Compare(b.EPSS, a.EPSS))
}

// Standing tells how what was seen and what was scanned go together.
func (s *Service) Standing(inventory bool) string {
	switch {
	case !inventory:
		return ""
	case s.Seen && s.Scan != nil:
		return "both"
	case s.Scan != nil:
		return "scan only"
	case s.Scanned:
		return "not in scan"
	}
	return "host not scanned"
}
