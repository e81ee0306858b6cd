// Package desk is where tests put a watcher to work without the engine: it
// numbers addresses and keeps the alerts. The package serves tests alone.
package desk

import (
	"seine/detectors"
	"seine/flow"
)

// A Desk is a detectors.Runtime. Its zero value is ready.
type Desk struct {
	Alerts []detectors.Alert // as they were raised
	Texts  []string          // by symbol

	hosts map[flow.Addr]flow.Host
	addrs []flow.Addr
}

// Alert implements detectors.Runtime.
func (d *Desk) Alert(_ *flow.Record, a *detectors.Alert) { d.Alerts = append(d.Alerts, *a) }

// Addr implements detectors.Runtime.
func (d *Desk) Addr(h flow.Host) flow.Addr { return d.addrs[h] }

// Text implements detectors.Runtime.
func (d *Desk) Text(s flow.Symbol) string {
	if int(s) < len(d.Texts) {
		return d.Texts[s]
	}
	return ""
}

// File implements detectors.Runtime.
func (d *Desk) File(uint32) string { return "" }

// Number is the host of an address, the first of which is 1.
func (d *Desk) Number(a flow.Addr) flow.Host {
	h, ok := d.hosts[a]
	if !ok {
		if d.hosts == nil {
			d.hosts, d.addrs = map[flow.Addr]flow.Host{}, make([]flow.Addr, 1)
		}
		h = flow.Host(len(d.addrs))
		d.hosts[a], d.addrs = h, append(d.addrs, a)
	}
	return h
}

// Host is an IPv4 address and its host.
func (d *Desk) Host(v uint32) (flow.Addr, flow.Host) {
	a := flow.AddrFrom4(v)
	return a, d.Number(a)
}

// Know is what d knows of addresses, for a second run over the same flows.
func (d *Desk) Know(of *Desk) { d.hosts, d.addrs = of.hosts, of.addrs }

// Renumber gives the number of a host that is forgotten to another address.
func (d *Desk) Renumber(h flow.Host, a flow.Addr) {
	delete(d.hosts, d.addrs[h])
	d.hosts[a], d.addrs[h] = h, a
}

// Surveyed is rs, surveyed as by an engine that knows of no further networks.
func Surveyed(rs []flow.Record) []flow.Record {
	detectors.NewSurveyor(detectors.Settings{}).Survey(rs)
	return rs
}
