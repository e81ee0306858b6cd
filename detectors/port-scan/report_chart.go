package portscan

import (
	"cmp"
	"fmt"
	"slices"

	"seine/detectors"
	"seine/flow"
)

// Bounds of the matrix of a small scan.
const (
	mostTargets  = 8
	mostServices = 16
)

// The outcomes of a try, as a detectors.Matrix has them.
const (
	unansweredTry = 1
	refusedTry    = 2
	answeredTry   = 3
)

// tries are what a small scan tried, and what became of it. What does not fit
// makes it a large one.
type tries struct {
	targets  [mostTargets]flow.Addr
	services [mostServices]struct {
		port  uint16
		proto flow.Proto
	}
	nTargets, nServices uint8
	large               bool
	outcome             [mostTargets]uint32 // of each service two bits
}

// note enters a contact that failed.
func (c *campaign) note(r *flow.Record) {
	c.course.Add(r.Start, 1)
	outcome := uint8(unansweredTry)
	if r.State == flow.StateRejected || r.State == flow.StateDenied {
		outcome = refusedTry
	}
	c.tries.add(r, outcome)
}

// add enters a try. Nobody is asked by ICMP for a port.
func (t *tries) add(r *flow.Record, outcome uint8) {
	if t.large || icmp(r.Proto) {
		return
	}
	i := slices.Index(t.targets[:t.nTargets], r.Dst)
	if i < 0 {
		if t.nTargets == mostTargets {
			t.large = true
			return
		}
		i = int(t.nTargets)
		t.targets[i] = r.Dst
		t.nTargets++
	}
	j := slices.IndexFunc(t.services[:t.nServices], func(s struct {
		port  uint16
		proto flow.Proto
	}) bool {
		return s.port == r.DstPort && s.proto == r.Proto
	})
	if j < 0 {
		if t.nServices == mostServices {
			t.large = true
			return
		}
		j = int(t.nServices)
		t.services[j].port, t.services[j].proto = r.DstPort, r.Proto
		t.nServices++
	}
	if outcome > t.at(i, j) {
		t.outcome[i] = t.outcome[i]&^(3<<(2*j)) | uint32(outcome)<<(2*j)
	}
}

func (t *tries) at(i, j int) uint8 { return uint8(t.outcome[i] >> (2 * j) & 3) }

// charts show what a scan was about: each target and port with its outcome
// where they are few, else the targets or ports with the most failures; and
// the contacts over time.
func (c *campaign) charts(kind int) []detectors.Chart {
	var cs []detectors.Chart
	t := &c.tries
	switch {
	case kind == icmpSweep:
	case !t.large && int(t.nTargets)*int(t.nServices) > 1:
		cs = append(cs, t.matrix())
	case kind == horizontal || kind == udpSweep:
		cs = append(cs, c.widestChart())
	default:
		cs = append(cs, c.victimsChart())
	}
	cs = slices.DeleteFunc(cs, func(c detectors.Chart) bool { return len(c.Values) < 2 })
	at, n := c.course.Series()
	return append(cs, detectors.OverTime("New contacts over time", "contacts", "", at, n)...)
}

func (t *tries) matrix() detectors.Chart {
	c := detectors.Chart{
		Kind: detectors.Matrix, Title: "Targets and ports, and what became of each",
		X: detectors.Axis{Name: "port"}, Y: detectors.Axis{Name: "target"},
	}
	order := make([]int, t.nServices)
	for j := range order {
		order[j] = j
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(t.services[a].proto, t.services[b].proto), cmp.Compare(t.services[a].port, t.services[b].port))
	})
	for _, j := range order {
		c.X.Labels = append(c.X.Labels, fmt.Sprintf("%d/%s", t.services[j].port, t.services[j].proto))
	}
	for i := range int(t.nTargets) {
		c.Y.Labels = append(c.Y.Labels, t.targets[i].String())
		for _, j := range order {
			c.Values = append(c.Values, float64(t.at(i, j)))
		}
	}
	return c
}

// widestChart are the ports with the most destinations that failed.
func (c *campaign) widestChart() detectors.Chart {
	chart := detectors.Chart{
		Kind: detectors.Bars, Title: "Machines where the port failed",
		X: detectors.Axis{Name: "port"}, Y: detectors.Axis{Name: "machines"},
	}
	for i := range c.swath {
		if s := &c.swath[i]; s.n > 0 {
			chart.X.Labels = append(chart.X.Labels, fmt.Sprintf("%d/%s", s.port, s.proto))
			chart.Values = append(chart.Values, float64(s.n))
		}
	}
	return chart
}

// victimsChart are the destinations with the most ports that failed.
func (c *campaign) victimsChart() detectors.Chart {
	chart := detectors.Chart{
		Kind: detectors.Bars, Title: "Ports that failed, by machine",
		X: detectors.Axis{Name: "machine"}, Y: detectors.Axis{Name: "ports"},
	}
	for i := range c.victims {
		if v := &c.victims[i]; v.ports > 0 {
			chart.X.Labels = append(chart.X.Labels, v.addr.String())
			chart.Values = append(chart.Values, float64(v.ports))
		}
	}
	return chart
}
