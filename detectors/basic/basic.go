// Package basic checks single flows: ports that nobody should use, broadcast
// destinations, empty flows, private pairs.
package basic

import (
	_ "embed"
	"fmt"
	"strconv"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich/assets"
)

//go:embed README.md
var doc string

// Detector describes the checks.
func Detector() *detectors.Detector {
	d := &detectors.Detector{
		ID:    "basic",
		Title: "checks on single flows: odd ports, broadcasts, empty flows, private pairs",
		Doc:   doc,
		Words: words(),
		Rules: []detectors.Rule{
			{ID: "interesting-port", Title: "a destination port that nobody should use", Severity: detectors.Low, ATTACK: []string{"T1090.003"},
				Expects: []assets.Role{assets.Scanner}},
			{ID: "broadcast-destination", Title: "a flow to 255.255.255.255 that is no DHCP request", Severity: detectors.Low,
				Expects: []assets.Role{assets.IoT, assets.Printer, assets.Monitoring, assets.Scanner}},
			{ID: "zero-bytes", Title: "a flow that carried nothing in either direction", Severity: detectors.Info},
			{ID: "private-pair", Title: "both ends are private addresses", Severity: detectors.Info},
		},
		Needs: flow.HasAddrs,
		Scope: detectors.PerFlow,
	}
	d.New = func(env *detectors.Env) detectors.Watcher { return newWatcher(d, env) }
	return d
}

type watcher struct {
	env                             *detectors.Env
	port, broadcast, empty, private *detectors.Rule
	interesting                     [1 << 16 / 64]uint64
	allowDHCP                       bool
}

// meanings of the ports that are interesting by default.
var meanings = map[uint16]string{0: "reserved", 81: "Tor", 82: "Tor control"}

func newWatcher(d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	w := &watcher{
		env: env, port: d.Rule("interesting-port"), broadcast: d.Rule("broadcast-destination"),
		empty: d.Rule("zero-bytes"), private: d.Rule("private-pair"),
	}
	for _, p := range env.Ports("interesting-ports", []uint16{0, 81, 82}, "destination ports to report: 0 is reserved, 81 Tor, 82 Tor control") {
		w.interesting[p>>6] |= 1 << (p & 63)
	}
	w.allowDHCP = env.Bool("allow-dhcp", true, "a DHCP client's request (udp 0.0.0.0:68 to 255.255.255.255:67) is no broadcast to report")
	return w
}

var broadcast = flow.AddrFrom4(0xffffffff)

// Flows implements detectors.Watcher.
func (w *watcher) Flows(rs []flow.Record) {
	for i := range rs {
		r := &rs[i]
		if w.interesting[r.DstPort>>6]>>(r.DstPort&63)&1 != 0 && r.Has&flow.HasDstPort != 0 {
			w.interestingPort(r)
		}
		if r.Dst.Uint32() == 0xffffffff && r.Dst == broadcast {
			w.toBroadcast(r)
		}
		if r.SrcBytes|r.DstBytes == 0 && r.Has&flow.HasBytes == flow.HasBytes && w.env.Shows(w.empty) {
			w.env.Report(r, detectors.Alert{
				Rule: w.empty, Subject: detectors.Pair(r.Src, r.Dst),
				Summary: fmt.Sprintf("flow from %s to %s carried 0 bytes in both directions", r.Src, r.Dst),
				Facts:   []detectors.Fact{detectors.Uint("src_bytes", 0), detectors.Uint("dst_bytes", 0)},
			})
		}
		if r.Dst.Private() && r.Src.Private() && w.env.Shows(w.private) {
			w.env.Report(r, detectors.Alert{
				Rule: w.private, Subject: detectors.Pair(r.Src, r.Dst),
				Summary: fmt.Sprintf("%s and %s are both private addresses", r.Src, r.Dst),
			})
		}
	}
}

// Tick implements detectors.Watcher.
func (w *watcher) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (w *watcher) Close() {}

func (w *watcher) interestingPort(r *flow.Record) {
	if !w.env.Shows(w.port) {
		return
	}
	facts := []detectors.Fact{detectors.Uint("port", uint64(r.DstPort))}
	text := append(r.Src.AppendTo(make([]byte, 0, 128)), " used destination port "...)
	text = strconv.AppendUint(text, uint64(r.DstPort), 10)
	if m, ok := meanings[r.DstPort]; ok {
		text = append(append(append(text, " ("...), m...), ')')
		facts = append(facts, detectors.Text("meaning", m))
	}
	text = r.Dst.AppendTo(append(text, " of "...))
	w.env.Report(r, detectors.Alert{
		Rule: w.port, Subject: detectors.Pair(r.Src, r.Dst).WithPort(r.DstPort).WithProtocol(r.Proto),
		Summary: string(text), Facts: facts,
	})
}

func (w *watcher) toBroadcast(r *flow.Record) {
	unspecified := flow.AddrFrom4(0)
	const ports = flow.HasSrcPort | flow.HasDstPort
	if w.allowDHCP && r.Proto == flow.UDP && r.Src == unspecified && r.Has&ports == ports && r.SrcPort == 68 && r.DstPort == 67 {
		return
	}
	if !w.env.Shows(w.broadcast) {
		return
	}
	kind := "local-gateway"
	if r.Src == unspecified {
		kind = "dhcp"
	}
	w.env.Report(r, detectors.Alert{
		Rule: w.broadcast, Subject: detectors.Pair(r.Src, r.Dst),
		Summary: r.Src.String() + " sent to the broadcast address 255.255.255.255 (" + kind + ")",
		Facts:   []detectors.Fact{detectors.Text("kind", kind)},
	})
}
