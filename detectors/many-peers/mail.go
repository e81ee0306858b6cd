package manypeers

import (
	"fmt"

	"seine/detectors"
	"seine/detectors/internal/exhibit"
	"seine/detectors/internal/hashset"
	"seine/detectors/internal/hostmap"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// A post watches mail. Who takes mail from others is a mail server, and may
// send it on to whom it will.
type post struct {
	receives hostmap.Bits
	senders  *pairmap.Map[sender]
	books    []book // of those senders that have more than one server
	free     []uint32
	minimum  int
	shelf    *exhibit.Shelf
}

// A sender is a source that turned to a mail server.
type sender struct {
	book  uint32 // place among the books plus 1
	first flow.Host
}

// A book holds the servers to which a sender turned within a window.
type book struct {
	begin, from, last flow.Time
	servers, answered *hashset.Set
	flows             uint64
	total             uint64 // flows since from
	host              flow.Host
	addr              flow.Addr
	known, failed     int // flows of which the outcome is known
	said              int
	shown             exhibit.Case
}

const (
	mostServers = 1 << 16 // in one book
	mostBooks   = 2000
)

func (m *post) init(env *detectors.Env) {
	m.minimum = positive(env, "min-mail-servers", env.Int("min-mail-servers", 50, "distinct outside mail servers (tcp/25) within a window that mass-mail needs"))
	m.senders = pairmap.New(mostBooks*10, func(_ pairmap.Key, s *sender) { m.end(s) })
	m.shelf = exhibit.New(min(env.Evidence(), 16), mostBooks)
}

var mailPorts = [...]uint16{25, 465, 587}

// post takes a flow to a mail port.
func (w *watcher) post(r *flow.Record, late bool) {
	m := &w.mail
	if r.Reply || r.Backscatter {
		return
	}
	outcome := r.Outcome
	if !outcome.Failed() {
		m.receives.Set(r.DstHost)
	}
	if r.DstPort != 25 || !r.DstKind.External() || w.isExempt(r) {
		return
	}
	if late {
		w.late.N++
		return
	}
	s, isNew := m.senders.At(pairmap.Key{Src: r.SrcHost}, r.Start)
	if isNew {
		s.first = r.DstHost
	}
	if s.book == 0 {
		if s.first == r.DstHost || !m.open(s, r) {
			return
		}
	}
	b := &m.books[s.book-1]
	if r.Start >= b.begin.Add(w.window) {
		w.judgeMail(b, r, true)
		b.servers.Clear()
		b.answered.Clear()
		b.begin, b.flows, b.known, b.failed = r.Start, 0, 0, 0
		if r.Start >= b.last.Add(w.window) {
			b.said, b.from, b.total = 0, r.Start, 0
		}
	}
	b.last = max(b.last, r.Start)
	b.flows++
	b.total++
	b.shown = m.shelf.Add(b.shown, r)
	if b.servers.Len() < mostServers {
		b.servers.Add(uint64(r.DstHost))
	}
	if outcome != flow.OutcomeUnknown {
		b.known++
	}
	if outcome.Failed() {
		b.failed++
	}
	if outcome == flow.Answered && b.answered.Len() < mostServers {
		b.answered.Add(uint64(r.DstHost))
	}
	w.judgeMail(b, r, false)
}

// open makes a book for a sender with a second server.
func (m *post) open(s *sender, r *flow.Record) bool {
	switch n := len(m.free); {
	case n > 0:
		s.book, m.free = m.free[n-1], m.free[:n-1]
	case len(m.books) < mostBooks:
		m.books = append(m.books, book{servers: hashset.New(), answered: hashset.New()})
		s.book = uint32(len(m.books))
	default:
		return false
	}
	b := &m.books[s.book-1]
	b.begin, b.from, b.last = r.Start, r.Start, r.Start
	b.host, b.addr, b.flows, b.total = r.SrcHost, r.Src, 1, 1
	b.servers.Add(uint64(s.first))
	return true
}

func (m *post) end(s *sender) {
	if s.book == 0 {
		return
	}
	b := &m.books[s.book-1]
	m.shelf.Drop(b.shown)
	b.servers.Clear()
	b.answered.Clear()
	*b = book{servers: b.servers, answered: b.answered}
	m.free = append(m.free, s.book)
	s.book = 0
}

// judgeMail tells of a sender that is no mail server. One that reaches hardly
// any server may be a scanner, or its mail may be stopped at the border: both
// need more servers to be told, and an inside address.
func (w *watcher) judgeMail(b *book, at *flow.Record, end bool) {
	servers, answered := b.servers.Len(), b.answered.Len()
	if servers < w.mail.minimum || w.mail.receives.Has(b.host) ||
		!grown(servers, b.said) && !(end && servers > b.said) {
		return
	}
	reached := 5*answered >= servers
	if !reached && (servers < 4*w.mail.minimum || !w.net.Kind(b.addr).Internal()) {
		return
	}
	b.said = servers
	if !w.env.Shows(w.massMail) {
		return
	}
	confidence, how := 0.6, "reached"
	failed := share(b.failed, b.known)
	switch {
	case !reached:
		confidence, how = 0.4, "tried, mostly in vain,"
	case b.known > 0 && failed >= 0.15: // mail servers know whom they write to
		confidence = 0.8
	}
	evidence := detectors.Sample(w.mail.shelf.Flows(b.shown), w.env.Evidence())
	w.env.Report(at, detectors.Alert{
		Rule: w.massMail, Confidence: confidence, Subject: detectors.Address(b.addr, detectors.RoleSrc).WithPort(25).WithProtocol(flow.TCP),
		Window: b.from, HasWindow: true, Grows: true, Flows: b.total, Evidence: evidence,
		FirstSeen: b.from, LastSeen: b.last, Time: b.last, HasTime: true,
		Summary: fmt.Sprintf("%s %s %d outside mail servers on tcp/25 within %s (threshold %d) and takes no mail itself",
			b.addr, how, servers, span(b.last-b.begin), w.mail.minimum),
		Facts: []detectors.Fact{
			detectors.Int("mail_servers", int64(servers)),
			detectors.Int("min_mail_servers", int64(w.mail.minimum)),
			detectors.Float("window_seconds", seconds(w.window)),
			detectors.Int("mail_servers_answered", int64(answered)),
			detectors.Uint("flows", b.flows),
			detectors.Float("failed_share", round(failed, 3)),
		},
	})
}

// tick ends the books of senders that have been idle for a window.
func (m *post) tick(w *watcher, now flow.Time) {
	m.senders.All(func(_ pairmap.Key, last flow.Time, s *sender) bool {
		if s.book > 0 && last.Add(2*w.window) < now {
			w.judgeMail(&m.books[s.book-1], nil, true)
			m.end(s)
		}
		return true
	})
}

func (m *post) forget(w *watcher, hs []flow.Host) {
	for _, h := range hs {
		if s := m.senders.Find(pairmap.Key{Src: h}); s != nil {
			if s.book > 0 {
				w.judgeMail(&m.books[s.book-1], nil, true)
			}
			m.end(s)
		}
		m.receives.Unset(h)
	}
	m.senders.Forget(hs)
}
