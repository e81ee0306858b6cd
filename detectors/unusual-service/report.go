package unusualservice

import (
	"fmt"
	"slices"
	"time"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// subject is the service at a server, as used by a client.
func subject(r *flow.Record) detectors.Subject {
	return detectors.Pair(r.Src, r.Dst).WithPort(r.DstPort).WithProtocol(r.Proto)
}

// reportExposed tells that a server answers outside clients at a new port.
// before counts the flows from outside to the port at any server.
func (w *watcher) reportExposed(r *flow.Record, before uint32) {
	class := w.classes[r.DstPort]
	known := w.known.Has(r.DstHost)
	a := detectors.Alert{Rule: w.rules.exposed, Confidence: 0.3, Subject: subject(r)}
	switch {
	case class == admin && known && w.dropped.N == 0 && r.Proto == flow.TCP:
		a.Severity, a.Confidence = detectors.Medium, 0.6
	case r.Proto == flow.TCP && (known || class != named) && class != unnamed:
		a.Severity = detectors.Low
	}
	if before == 0 {
		a.Confidence += 0.2
	}
	what := "a host first met after the learning"
	if known {
		what = "a host known since the learning"
	}
	a.Summary = fmt.Sprintf("%s, %s of %s, answered the outside client %s at port %d/%s, where it did not before (flows from outside to that port elsewhere: %d)",
		r.Dst, what, w.learning(), r.Src, r.DstPort, r.Proto, before)
	a.Facts = append(w.facts(inbound, class), detectors.Bool("known_server", known), detectors.Uint("flows_before", uint64(before)))
	w.env.Report(r, a)
}

// reportNew tells of the first use of a port in a direction.
func (w *watcher) reportNew(r *flow.Record, d direction) {
	class := w.classes[r.DstPort]
	a := detectors.Alert{Rule: w.rules.fresh, Confidence: 0.2, Subject: subject(r)}
	switch {
	case d == outbound && (class == abused || class == admin):
		a.Severity, a.Confidence = detectors.Low, 0.5
	case d == inside && class == admin:
		a.Severity, a.Confidence = detectors.Low, 0.3
	}
	a.Summary = fmt.Sprintf("%s used port %d/%s of %s, the first established flow to that port %s since the learning of %s began",
		r.Src, r.DstPort, r.Proto, r.Dst, [directions]string{"between internal hosts", "to the outside", "from the outside"}[d], w.learning())
	a.Facts = w.facts(d, class)
	w.env.Report(r, a)
}

// protocol looks at a flow whose protocol the input has found out.
func (w *watcher) protocol(r *flow.Record, d direction) {
	i := w.services.of(w.env, r.Service)
	if i < 0 {
		return
	}
	p := protocols[i]
	if slices.Contains(p.ports, r.DstPort) || r.Proto == flow.UDP && p.name != "dns" && p.name != "openvpn" {
		return
	}
	if _, first := w.servers.At(pairmap.Key{Dst: r.DstHost, Port: r.DstPort, Proto: r.Proto, Extra: uint8(i + 1)}, r.Start); !first {
		return
	}
	a := detectors.Alert{Rule: w.rules.odd, Confidence: 0.3, Subject: subject(r)}
	if p.remote && d != inside {
		a.Severity, a.Confidence = detectors.Low, 0.4
		if w.classes[r.DstPort] == named {
			a.Confidence = 0.6 // it passes for another
		}
	}
	own := make([]detectors.Fact, len(p.ports))
	for i, port := range p.ports {
		own[i] = detectors.Uint("", uint64(port))
	}
	list := detectors.List("own_ports", own...)
	a.Summary = fmt.Sprintf("%s speaks %s with %s at port %d/%s; the protocol's own are %s", r.Src, p.name, r.Dst, r.DstPort, r.Proto, list.String())
	a.Facts = []detectors.Fact{
		detectors.Text("service", w.env.Text(r.Service)), list, detectors.Text("direction", d.String()),
		detectors.Uint("dst_port", uint64(r.DstPort)),
	}
	w.env.Report(r, a)
}

func (w *watcher) facts(d direction, c class) []detectors.Fact {
	return []detectors.Fact{
		detectors.Text("direction", d.String()), detectors.Text("port_class", [...]string{"unnamed", "named", "abused", "admin"}[c]),
		detectors.Float("learning", float64(w.learn)/float64(flow.Second)),
	}
}

func (w *watcher) learning() string { return detectors.Span(time.Duration(w.learn)) }
