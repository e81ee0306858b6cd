package threatintel

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/pairmap"
	"seine/flow"
	"seine/flow/enrich/intel"
)

// What a campaign is about, the Extra of its key.
const (
	called  = 1 + iota // a host calls a listed address: (host, listed)
	knocked            // a listed address tries hosts, or uses what is public: (listed)
	entered            // a listed address is served: (listed, host, port)
	crowded            // a service serves very many listed addresses: (host, port)
)

// A campaign is a finding in the making.
type campaign struct {
	first, last, window flow.Time
	up, down            uint64
	flows               uint64
	answered            uint64
	said                uint64 // flows, or peers of which several count, when it was last told
	peers               uint32 // hosts that a listed address tried, listed addresses that a service served
	saidPeers           uint32
	listed              flow.Host // of a crowd: the worst
	best                verdict
	port                uint16 // of the best
	theirPort           uint16
	proto               flow.Proto
	ports               [4]uint16 // the first few
	nports              uint8
	told                bool
	shown               exhibit.Case
}

// key is the finding that a flow belongs to.
func (w *watcher) key(m *meeting, v *verdict) pairmap.Key {
	switch {
	case !m.inbound:
		return pairmap.Key{Src: m.host, Dst: m.other, Extra: called}
	case v.severity >= detectors.Medium && m.talked && m.port != 0 && !w.public[m.port]:
		return pairmap.Key{Src: m.other, Dst: m.host, Port: m.port, Proto: m.r.Proto, Extra: entered}
	}
	return pairmap.Key{Src: m.other, Extra: knocked}
}

// count adds a flow to its finding, and tells the finding if it has grown.
func (w *watcher) count(m *meeting, v verdict) {
	k := w.key(m, &v)
	if k.Extra == entered {
		service := pairmap.Key{Src: m.host, Port: m.port, Proto: m.r.Proto, Extra: crowded}
		crowd := w.campaigns.Find(service)
		if crowd == nil {
			crowd, _ = w.campaigns.At(service, m.r.Start)
			crowd.begin(m.r.Start)
		}
		if w.meets(k, m.r.Start, crowd) {
			crowd.peers++
		}
		if crowd.peers > w.crowd && w.campaigns.Find(k) == nil {
			w.add(service, crowd, m, v)
			return
		}
		crowd.last = max(crowd.last, m.r.Start)
		if !crowd.told { // until it is one, its flows belong to others
			crowd.best, crowd.listed = v, m.other
		}
	}
	c, isNew := w.campaigns.At(k, m.r.Start)
	if isNew {
		c.begin(m.r.Start)
	}
	if k.Extra == knocked && w.meets(pairmap.Key{Src: m.other, Dst: m.host, Extra: knocked}, m.r.Start, c) {
		c.peers++
	}
	w.add(k, c, m, v)
}

// meets reports whether two have not met before within a campaign.
func (w *watcher) meets(k pairmap.Key, at flow.Time, c *campaign) bool {
	window, fresh := w.met.At(k, at)
	if !fresh && *window == c.window {
		return false
	}
	*window = c.window
	return true
}

func (c *campaign) begin(at flow.Time) { c.first, c.last, c.window, c.best.best = at, at, at, -1 }

func (w *watcher) add(k pairmap.Key, c *campaign, m *meeting, v verdict) {
	r := m.r
	c.first, c.last = min(c.first, r.Start), max(c.last, r.Start)
	c.flows++
	c.up, c.down = sum(c.up, m.up), sum(c.down, m.down)
	if m.outcome == flow.Answered {
		c.answered++
	}
	c.shown = w.shelf.Add(c.shown, r)
	if m.port != 0 && !slices.Contains(c.ports[:min(int(c.nports), len(c.ports))], m.port) && int(c.nports) < len(c.ports) {
		c.ports[c.nports] = m.port
		c.nports++
	}
	worse := !c.told || v.severity > c.best.severity
	if worse || c.listed == 0 {
		c.best, c.port, c.theirPort, c.proto, c.listed = v, m.port, m.theirPort, r.Proto, m.other
	}
	if worse || c.flows >= 10*c.said || c.peers >= 10*max(c.saidPeers, 1) {
		w.tell(r, k, c, m.entries)
	}
}

func sum(a, b uint64) uint64 {
	s, carry := bits.Add64(a, b, 0)
	return s | -carry
}

// end tells a finding for the last time, if it has grown since.
func (w *watcher) end(k pairmap.Key, c *campaign) {
	if c.told && (c.flows > c.said || c.peers > c.saidPeers) {
		w.tell(nil, k, c, w.entries(c.listed, w.env.Addr(c.listed)))
	}
	w.shelf.Drop(c.shown)
}

// tell raises the alert of a finding as it is now.
func (w *watcher) tell(at *flow.Record, k pairmap.Key, c *campaign, entries []intel.Indicator) {
	c.said, c.saidPeers = c.flows, c.peers
	c.told = true
	if c.best.best < 0 || c.best.best >= len(entries) {
		return
	}
	v, e := &c.best, &entries[c.best.best]
	a := detectors.Alert{
		Rule: w.rule(k, v), Severity: v.severity, Confidence: v.confidence,
		Window: c.window, HasWindow: true, Grows: true, FirstSeen: c.first, LastSeen: c.last,
		Time: c.last, HasTime: true, Flows: c.flows,
		Evidence: detectors.Sample(w.shelf.Flows(c.shown), w.env.Evidence()),
	}
	if len(a.Evidence) == 0 && at != nil {
		a.Evidence = []flow.Record{*at}
	}
	listed := w.env.Addr(c.listed)
	what := description(e, v)
	switch k.Extra {
	case called:
		host := w.env.Addr(k.Src)
		a.Subject = detectors.Pair(host, listed)
		did := "called"
		switch {
		case c.answered == 0:
			did = "called, without an answer that is known,"
		case c.answered == c.flows && c.flows > 1:
			did = "called, and was answered each time,"
		case c.flows > 1:
			did = fmt.Sprintf("called, and was answered in %d of %d flows,", c.answered, c.flows)
		default:
			did = "called and was answered by"
		}
		a.Summary = fmt.Sprintf("%s %s %s%s, %s; %s", host, did, listed, portText(c), what, c.volume())
	case knocked:
		a.Subject = detectors.Address(listed, detectors.RoleSrc)
		a.Summary = fmt.Sprintf("%s, %s, turned to %s%s; %s, %d answered", listed, what, plural(uint64(c.peers), "host"), portList(c), plural(c.flows, "flow"), c.answered)
	case entered:
		host := w.env.Addr(k.Dst)
		a.Subject = detectors.Pair(listed, host).WithPort(k.Port).WithProtocol(k.Proto)
		a.Summary = fmt.Sprintf("%s, %s, was served by %s at %d/%s; %s", listed, what, host, k.Port, k.Proto, c.volume())
	case crowded:
		host := w.env.Addr(k.Src)
		a.Subject = detectors.Address(host, detectors.RoleDst).WithPort(k.Port).WithProtocol(k.Proto)
		a.Summary = fmt.Sprintf("%s serves everybody at %d/%s: %d listed addresses so far (threshold %d), such as %s, %s; %s since",
			host, k.Port, k.Proto, c.peers, w.crowd, listed, what, c.volume())
	}
	if v.benign >= 0 {
		b := &entries[v.benign]
		known := "it"
		if !v.harmless {
			known = b.Listed()
		}
		a.Summary += fmt.Sprintf("; but %s knows %s as harmless", listName(b), known)
	}
	a.Facts = w.facts(k, c, e, entries, listed)
	w.env.Report(at, a)
}

func (w *watcher) rule(k pairmap.Key, v *verdict) *detectors.Rule {
	switch {
	case v.harmless:
		return w.rules.benign
	case v.anonymous:
		return w.rules.anonymizer
	case k.Extra == called:
		return w.rules.destination
	}
	return w.rules.source
}

// facts are what a finding rests on.
func (w *watcher) facts(k pairmap.Key, c *campaign, e *intel.Indicator, entries []intel.Indicator, listed flow.Addr) []detectors.Fact {
	v := &c.best
	fs := []detectors.Fact{
		detectors.Text("list", listName(e)), detectors.Text("entry", e.Listed()),
		detectors.Text("file", e.File), detectors.Int("line", int64(e.Line)),
	}
	text := func(key, value string) {
		if value != "" {
			fs = append(fs, detectors.Text(key, value))
		}
	}
	text("category", e.Category)
	text("malware", e.Malware)
	if e.Score >= 0 {
		fs = append(fs, detectors.Int("score", int64(e.Score)))
	}
	text("country", w.country(e, listed))
	if e.HasDate {
		fs = append(fs, detectors.Moment("date", e.Date), detectors.Int("age_days", int64(v.age/day)), detectors.Int("max_age_days", int64(w.maxAge/day)))
	}
	if len(e.Tags) > 0 {
		fs = append(fs, detectors.Texts("tags", e.Tags[:min(len(e.Tags), 8)]))
	}
	fs = append(fs, detectors.Text("match", [...]string{"address", "address and port", "address, not its port"}[v.fit]),
		detectors.Int("lists", int64(v.lists)))
	if v.benign >= 0 {
		b := &entries[v.benign]
		fs = append(fs, detectors.Text("benign_list", listName(b)), detectors.Text("benign_entry", b.Listed()),
			detectors.Text("benign_file", b.File), detectors.Int("benign_line", int64(b.Line)))
	}
	if c.nports > 0 {
		var ports []detectors.Fact
		for _, p := range c.ports[:c.nports] {
			ports = append(ports, detectors.Int("", int64(p)))
		}
		fs = append(fs, detectors.List("ports", ports...))
	}
	switch k.Extra {
	case knocked:
		fs = append(fs, detectors.Int("hosts", int64(c.peers)))
	case crowded:
		fs = append(fs, detectors.Text("listed_ip", listed.String()), detectors.Int("listed_sources", int64(c.peers)), detectors.Int("crowd", int64(w.crowd)))
	}
	return append(fs, detectors.Uint("flows", c.flows), detectors.Uint("flows_answered", c.answered),
		detectors.Uint("bytes_out", c.up), detectors.Uint("bytes_in", c.down))
}

// listName is the name of a list, or else of its file.
func listName(e *intel.Indicator) string {
	if e.List != "" {
		return e.List
	}
	return e.File[strings.LastIndexAny(e.File, `/\`)+1:]
}

// things are the categories in words.
var things = map[string]string{
	intel.C2: "command and control", intel.Malware: "a host of malware", intel.Phishing: "a host of phishing", intel.Attacker: "an attacker",
	intel.BruteForce: "a guesser of passwords", intel.Scanner: "a scanner", intel.Spam: "a sender of spam", intel.Abuse: "reported for abuse",
	intel.Compromised: "a machine taken over", intel.Hijacked: "a network of criminals", intel.TorExit: "a Tor exit",
	intel.Proxy: "an open proxy or VPN", intel.Bogon: "an address that nobody was given",
}

// description tells what a list says of the address.
func description(e *intel.Indicator, v *verdict) string {
	var b strings.Builder
	b.WriteString("listed")
	if t := things[e.Category]; t != "" {
		b.WriteString(" as " + t)
	}
	if e.Malware != "" {
		b.WriteString(" of " + e.Malware)
	}
	b.WriteString(" by " + listName(e))
	if v.fit == otherPort {
		fmt.Fprintf(&b, " at port %d", e.Port)
	}
	var more []string
	if e.Score >= 0 {
		more = append(more, fmt.Sprintf("score %d of 100", e.Score))
	}
	if v.dated {
		more = append(more, fmt.Sprintf("%s old", plural(uint64(v.age/day), "day")))
	}
	if v.lists > 1 {
		more = append(more, fmt.Sprintf("on %d lists", v.lists))
	}
	if len(more) > 0 {
		b.WriteString(" (" + strings.Join(more, ", ") + ")")
	}
	return b.String()
}

func portText(c *campaign) string {
	if c.theirPort == 0 {
		return ""
	}
	return fmt.Sprintf(" at %d/%s", c.theirPort, c.proto)
}

func portList(c *campaign) string {
	if c.nports == 0 {
		return ""
	}
	var ports []string
	for _, p := range c.ports[:c.nports] {
		ports = append(ports, fmt.Sprint(p))
	}
	if int(c.nports) == len(c.ports) {
		ports = append(ports, "…")
	}
	return " at " + strings.Join(ports, ", ")
}

func (c *campaign) volume() string {
	return fmt.Sprintf("%s, %d bytes out, %d in", plural(c.flows, "flow"), c.up, c.down)
}

func plural(n uint64, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return fmt.Sprintf("%d %ss", n, word)
}
