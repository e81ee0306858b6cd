package longconnection

import (
	"fmt"
	"math"
	"time"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/flow"
)

// A connection is the flows of one 5-tuple that follow each other: long ones
// come in pieces, as Argus cuts them by the hour. What is in front lies in one
// cache line with the key.
type connection struct {
	up         uint64 // bytes of the client
	start, end flow.Time
	covered    flow.Time // by its pieces, overlaps counted twice
	piece      flow.Time // duration of the longest piece
	down       uint64    // bytes of the server
	flows      uint32
	shown      exhibit.Case
	port       uint16 // of the client
	over       bool   // its last piece ended it
	told       bool
	window     flow.Time // start when it was first told
}

// begin makes a connection of its first piece; take adds it.
func (c *connection) begin(r *flow.Record, s *span) {
	c.start, c.end, c.port = r.Start, r.End(), s.clientPort
}

// goesOn reports whether a flow is another piece of the connection: it has the
// same ports, the connection has not ended, and the silence between is neither
// longer than a piece nor than an hour; of UDP, which reuses ports, five minutes.
func (c *connection) goesOn(r *flow.Record, s *span) bool {
	if c.port != s.clientPort || c.over && r.Start >= c.end {
		return false
	}
	gap := min(hour, max(c.piece, r.Duration))
	if r.Proto == flow.UDP {
		gap = min(gap, 300*flow.Second)
	}
	return r.Start <= c.end.Add(gap) && c.start <= r.End().Add(gap)
}

// take adds a piece.
func (c *connection) take(r *flow.Record, s *span) {
	if r.End() >= c.end {
		switch r.State {
		case flow.StateClosed, flow.StateResetOrig, flow.StateResetResp:
			c.over = true
		}
	}
	c.start, c.end = min(c.start, r.Start), max(c.end, r.End())
	c.covered, c.piece = c.covered.Add(r.Duration), max(c.piece, r.Duration)
	c.up, c.down = c.up+min(s.up, math.MaxUint64-c.up), c.down+min(s.down, math.MaxUint64-c.down)
	c.flows += min(1, math.MaxUint32-c.flows)
}

// A service is what a client uses of a server.
type service struct {
	up, down uint64    // of the session at hand
	start    flow.Time // likewise
	end      flow.Time
	covered  flow.Time // by its connections, overlaps counted once
	window   flow.Time // start when the session was first told
	again    flow.Time // covered time at which the session is told again; 0 before the first time
	told     int64     // longest connection told, in multiples of the base
	shown    exhibit.Case
	flows    uint16 // of the session
	telling  bool
	severity detectors.Severity // of what was told
}

// users are the clients of a server: the first, and whether there are more.
type users struct {
	first flow.Host
	more  bool
}

func (u *users) add(h flow.Host) {
	if u.first == 0 {
		u.first = h
	}
	u.more = u.more || u.first != h
}

// judge asks whether a connection is long, and longer than was told: at one,
// four and twelve times the base, and at each twelve from there.
func (w *watcher) judge(r *flow.Record, s *span, p *service, c *connection) {
	length := c.end - c.start
	if length < w.base || c.covered < length/2 {
		return
	}
	n := int64(length / w.base)
	class := w.classes[s.port]
	if class == patient && n < 12 {
		return
	}
	t := w.threshold(class, s, r.Proto)
	alone := !w.users.At(s.server).more
	severity := t.severity(n, alone)
	if step(n) <= p.told && severity <= p.severity {
		return
	}
	if severity == detectors.Low && p.again > 0 && n < 48 {
		return // the session has told
	}
	if !c.told {
		c.window, c.told = c.start, true
	}
	p.told, p.severity = max(p.told, step(n)), max(p.severity, severity)
	a := detectors.Alert{
		Rule: w.long, Severity: severity, Confidence: confidence(class, alone),
		Subject: w.subject(s, r.Proto), Window: c.window, HasWindow: true, Grows: true,
		Time: c.end, HasTime: true, FirstSeen: c.start, LastSeen: c.end, Flows: uint64(c.flows),
		Evidence: detectors.Sample(w.shelf.Flows(c.shown), w.env.Evidence()),
	}
	limit := w.base
	switch severity {
	case detectors.Medium:
		limit *= flow.Time(t.medium)
	case detectors.Low:
		limit *= flow.Time(t.low)
	}
	a.Summary = fmt.Sprintf("%s was connected to %s port %d/%s for %s (limit %s; service %s, %s)",
		a.Subject.Src, a.Subject.Dst, s.port, r.Proto, lasting(length), lasting(limit), class, who(alone))
	a.Facts = append(a.Facts,
		detectors.Float("duration", seconds(length)), detectors.Float("limit", seconds(limit)),
		detectors.Uint("pieces", uint64(c.flows)), detectors.Float("covered", seconds(min(c.covered, length))),
		detectors.Text("service_class", class.String()), detectors.Bool("only_user", alone))
	a.Facts = volume(a.Facts, r, c.up, c.down)
	w.env.Report(r, a)
}

// step is the last of 1, 4, 12, 24, 36 … that n reaches. A finding that grows
// must not be silent for a day.
func step(n int64) int64 {
	switch {
	case n >= 12:
		return n - n%12
	case n >= 4:
		return 4
	}
	return 1
}

// extend adds a connection to the session of its service, and judges it: one
// host alone keeps up connections to an unusual port outside.
func (w *watcher) extend(r *flow.Record, s *span, p *service) {
	if r.Start > p.end.Add(w.pause) {
		w.shelf.Drop(p.shown)
		*p = service{start: r.Start, end: r.Start, told: p.told, severity: p.severity, again: p.again}
	}
	// What comes late counts for what lies outside of the session so far.
	from, to := max(r.Start, p.end), r.End()
	if to > from {
		p.covered += to - from
	}
	if early := min(r.End(), p.start) - r.Start; early > 0 {
		p.covered += early
	}
	p.start, p.end = min(p.start, r.Start), max(p.end, r.End())
	p.up, p.down = p.up+min(s.up, math.MaxUint64-p.up), p.down+min(s.down, math.MaxUint64-p.down)
	p.flows += min(1, math.MaxUint16-p.flows)
	p.shown = w.keep(p.shown, r, p)

	length := p.end - p.start
	if p.covered < w.base || p.covered < p.again || float64(p.covered) < 0.8*float64(length) ||
		p.flows > maxSession || p.told >= 4 ||
		!s.clientKind.Internal() || s.serverKind.Internal() || w.users.At(s.server).more || w.swarms(s) {
		return
	}
	if !p.telling {
		p.window, p.telling = p.start, true
	}
	p.again = 2 * p.covered
	a := detectors.Alert{
		Rule: w.session, Confidence: 0.4, Subject: w.subject(s, r.Proto),
		Window: p.window, HasWindow: true, Grows: true, Time: p.end, HasTime: true, FirstSeen: p.start, LastSeen: p.end, Flows: uint64(p.flows),
		Evidence: detectors.Sample(w.shelf.Flows(p.shown), w.env.Evidence()),
	}
	a.Summary = fmt.Sprintf("%s kept up connections to %s port %d/%s for %s (limit %s; %d of 30 s or more, %.0f %% of the time), a port of no known service; %s",
		a.Subject.Src, a.Subject.Dst, s.port, r.Proto, lasting(p.covered), lasting(w.base), p.flows,
		math.Floor(100*float64(p.covered)/float64(length)), who(true))
	a.Facts = append(a.Facts,
		detectors.Float("covered", seconds(p.covered)), detectors.Float("limit", seconds(w.base)),
		detectors.Float("duration", seconds(length)), detectors.Uint("connections", uint64(p.flows)), detectors.Bool("only_user", true))
	a.Facts = volume(a.Facts, r, p.up, p.down)
	w.env.Report(r, a)
}

// maxSession is how many connections a session has at most: more of them are
// a beacon, or a browser.
const maxSession = 100

// keep keeps flows of sessions that have lasted a while.
func (w *watcher) keep(c exhibit.Case, r *flow.Record, p *service) exhibit.Case {
	if c == 0 && p.covered < w.base/4 {
		return 0
	}
	return w.shelf.Add(c, r)
}

func (w *watcher) subject(s *span, proto flow.Proto) detectors.Subject {
	return detectors.Pair(w.env.Addr(s.client), w.env.Addr(s.server)).WithPort(s.port).WithProtocol(proto)
}

// volume adds what both sides sent, if the flow says.
func volume(fs []detectors.Fact, r *flow.Record, up, down uint64) []detectors.Fact {
	if r.Has&flow.HasBytes != flow.HasBytes {
		return fs
	}
	return append(fs, detectors.Uint("src_bytes", up), detectors.Uint("dst_bytes", down))
}

func confidence(c class, alone bool) float64 {
	v := [classes]float64{unusual: 0.6, ordinary: 0.3, patient: 0.2, remote: 0.5}[c]
	if !alone {
		v /= 2
	}
	return v
}

func who(alone bool) string {
	if alone {
		return "no other host connects there for long"
	}
	return "others connect there too"
}

func seconds(t flow.Time) float64 { return math.Round(float64(t)/1e6) / 1e3 }

// lasting writes a duration to the second.
func lasting(t flow.Time) string { return detectors.Span(time.Duration(t).Round(time.Second)) }
