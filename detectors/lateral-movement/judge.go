package lateralmovement

import (
	"math/bits"
	"slices"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A class is what a port is for.
type class uint8

// The services of administration, and what else matters.
const (
	smb   class = iota // files; programs are copied and started over it
	rpc                // the endpoint mapper of DCE-RPC: WMI, services, tasks
	winrm              // PowerShell remoting
	rdp
	ssh
	vnc
	telnet
	services
	dynamic     // where DCE-RPC goes on
	directories // what only a server of the whole network answers
	nothing
)

var names = [services]string{"smb", "rpc", "winrm", "rdp", "ssh", "vnc", "telnet"}

const (
	remotes  = 1<<rpc | 1<<winrm | 1<<rdp // they run what one wants on Windows
	shells   = 1<<ssh | 1<<vnc | 1<<telnet
	executes = remotes | shells
)

// classify tells the class of each port.
func classify() (of [1 << 16]class) {
	for p := range of {
		of[p] = nothing
		if p >= 49152 {
			of[p] = dynamic
		}
	}
	for c, ports := range map[class][]uint16{ // each port once: the order does not matter
		smb: {139, 445}, rpc: {135}, winrm: {5985, 5986}, rdp: {3389}, ssh: {22}, vnc: {5900}, telnet: {23},
		directories: {53, 88, 389, 464, 636, 3268, 3269},
	} {
		for _, p := range ports {
			of[p] = c
		}
	}
	return of
}

// An edge is the use that a machine makes of another.
type edge struct {
	since          flow.Time
	at             [services]uint32 // second of the last session by service, 0 for none
	sessions       uint32
	tried, carried uint16 // flows to dynamic ports after the endpoint mapper, and those that carried something
	learnt         uint8  // services used while learning
	level          detectors.Severity
	managed        bool
	chained        uint8 // rank of the chain told
}

// transfer counts a flow to a dynamic port.
func (e *edge) transfer(r *flow.Record) {
	e.tried += min(1, ^e.tried)
	if established(r) {
		e.carried += min(1, ^e.carried)
	}
}

// together are the services used within window seconds of now: logs may be out
// of order.
func (e *edge) together(now, window uint32) (set uint8) {
	for c, at := range e.at {
		if at != 0 && max(at, now)-min(at, now) <= window {
			set |= 1 << c
		}
	}
	return set
}

// A server is what is known of a machine that others use.
type server struct {
	clients [8]flow.Host // of SMB, the first ones
	steps   [2]step      // the last that came to administer it, anew
}

// A step is a hop that may be part of a chain.
type step struct {
	from flow.Host
	at   uint32 // second
	hops uint8
	rank uint8
}

// serve notes a client of SMB.
func (b *server) serve(h flow.Host) {
	for i, c := range b.clients {
		if c == h {
			return
		}
		if c == 0 {
			b.clients[i] = h
			return
		}
	}
}

// shares reports whether a machine has so many clients of SMB.
func (b *server) shares(n int) bool { return b.clients[n-1] != 0 }

// A source is a machine that administers others.
type source struct {
	start   flow.Time // of its first session that executes: the campaign
	last    flow.Time // of its last session
	since   flow.Time // of what waits
	managed uint32    // machines that it administers
	found   uint32    // of them, those that are findings
	told    uint32    // found when last told
	list    [8]target
	best    detectors.Severity // of the targets
	said    detectors.Severity
	shown   exhibit.Case
	fresh   bool // administered nobody while learning
	waits   bool
}

type target struct {
	host  flow.Host
	addr  flow.Addr
	kinds uint8
	fresh bool // to its services, after learning
	level detectors.Severity
}

// points weigh services of Windows: remoting is nothing that people or
// printers do.
func points(set uint8) int {
	return bits.OnesCount8(set&(1<<smb|remotes)) + int(set>>winrm&1)
}

// enough are the points that make a finding; where what is new can be told
// from what always was, one less.
const enough = 3

// judge looks at what one more session has made of an edge.
func (w *watcher) judge(r *flow.Record, e *edge, b *server, s *source, now uint32, learnt bool) {
	set := e.together(now, w.window)
	if b.shares(w.clients) {
		set &^= 1<<smb | 1<<rpc
	}
	fresh := set &^ e.learnt
	// New counts where both machines were there while nothing was.
	known := learnt && w.lost.N == 0 && w.known.Has(r.SrcHost) && w.known.Has(r.DstHost)
	level := detectors.Info
	switch {
	case learnt && w.lost.N == 0 && fresh&executes == 0:
		return // as ever
	case bits.OnesCount8(set) < 2: // one service alone is anybody's
	case set&remotes == 0:
		if known {
			level = detectors.Low
		}
	case points(set) >= enough, known && points(set) >= enough-1 && fresh&remotes != 0:
		level = detectors.Medium
	default:
		level = detectors.Low
	}
	if level > detectors.Low && w.peers(r, now) {
		level = detectors.Low
	}
	if level > detectors.Info {
		w.find(r, e, s, target{r.DstHost, r.Dst, set, known, level})
	}
	var rank uint8
	switch {
	case level >= detectors.Medium:
		rank = 3
	case known && fresh&remotes != 0:
		rank = 2
	case known && fresh&shells != 0:
		rank = 1
	}
	if rank > 0 && s.managed < w.targets {
		w.follow(r, e, b, now, rank)
	}
}

// peers reports whether the destination of r administers its source as well:
// members of a cluster do.
func (w *watcher) peers(r *flow.Record, now uint32) bool {
	e := w.edges.Find(pairmap.Pair(r.DstHost, r.SrcHost))
	return e != nil && e.together(now, 24*3600)&remotes != 0
}

// find notes a target of a source.
func (w *watcher) find(r *flow.Record, e *edge, s *source, t target) {
	news := false
	if e.level == detectors.Info {
		s.found++
		news = s.found <= 4 || s.found >= 2*s.told
	}
	if t.level > e.level {
		e.level = t.level
		news = news || t.level > s.best
	}
	i := slices.IndexFunc(s.list[:], func(o target) bool { return o.host == t.host || o.host == 0 })
	if i >= 0 {
		t.kinds |= s.list[i].kinds
		t.fresh = t.fresh || s.list[i].fresh
		t.level = max(t.level, s.list[i].level)
		s.list[i] = t
	}
	s.best = max(s.best, t.level)
	if news && !s.waits {
		s.waits, s.since = true, r.Start
		w.waiting = append(w.waiting, r.SrcHost)
	}
}

// A path is a chain that waits to be told: from over a machine to a third.
type path struct {
	from, over, to flow.Host
	gap            uint32 // seconds between the hops
	hops, rank     uint8
	flow           flow.Record // the last hop
}

// maxPaths is how many paths may wait.
const maxPaths = 256

// follow takes a hop from the source of r, and looks whether it goes on from
// one to there. Machines that administered others while learning, as jump
// hosts do, are no hop.
func (w *watcher) follow(r *flow.Record, e *edge, b *server, now uint32, rank uint8) {
	next := step{r.SrcHost, now, 1, rank}
	if a := w.servers.Find(pairmap.Key{Dst: r.SrcHost}); a != nil && (rank == 3 || !w.masters.Has(r.SrcHost)) {
		best := step{}
		for _, s := range a.steps {
			if s.from == 0 || s.from == r.DstHost || s.at > now || now-s.at > w.window {
				continue
			}
			if m := min(s.rank, rank); m > best.rank || m == best.rank && s.hops > best.hops {
				best = s
				best.rank = m
			}
		}
		if best.from != 0 {
			next.hops = best.hops + min(1, ^best.hops)
			if best.rank > e.chained {
				e.chained = best.rank
				if len(w.paths) < maxPaths {
					w.paths = append(w.paths, path{best.from, r.SrcHost, r.DstHost, now - best.at, next.hops, best.rank, *r})
				} else {
					w.untold.N++
				}
			}
		}
	}
	i := slices.IndexFunc(b.steps[:], func(s step) bool { return s.from == r.SrcHost })
	if i < 0 {
		if i = 0; b.steps[0].at > b.steps[1].at {
			i = 1
		}
	}
	b.steps[i] = next
}
