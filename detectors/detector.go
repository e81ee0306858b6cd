package detectors

import (
	"seine/flow"
	"seine/flow/enrich/assets"
)

// A Detector describes one detector and makes its Watchers.
type Detector struct {
	ID    string // "port-fanout"
	Title string // one line
	Doc   string // Markdown, the README.md of the detector's folder

	// Words tell its alerts in plain language, by language ("en", "fr"):
	// Markdown in the form that package analyzer/explain describes.
	Words map[string]string

	Rules []Rule      // what its alerts can say
	Needs flow.Fields // absent from the input: the detector is skipped, and the summary says so
	Scope Scope       // how rows may be split over machines

	// New makes a Watcher with the parameters of env. It returns nil, after
	// Env.Skip, where the configuration leaves it nothing to watch for.
	New func(env *Env) Watcher
}

// Rule finds a rule of the detector by its ID.
func (d *Detector) Rule(id string) *Rule {
	for i := range d.Rules {
		if d.Rules[i].ID == id {
			return &d.Rules[i]
		}
	}
	return nil
}

// A Rule is one kind of alert of a detector.
type Rule struct {
	ID       string
	Title    string // what it says, in a line
	Severity Severity
	ATTACK   []string // MITRE ATT&CK technique ids
	// Accuses says that the subject is suspect as a destination too.
	// Otherwise one in that role is taken for the victim.
	Accuses bool

	// Expects are the roles of machines whose work looks like this: what such
	// a machine is accused of is told with the severity Info, whatever the
	// severity of the rule, and says why. ExpectsAt are those of the machine
	// at the other end: who calls a domain controller by the clock is no
	// suspect. It has no proxies: a relay explains what it does for others,
	// never what they do through it.
	Expects, ExpectsAt []assets.Role
	// Inward says that Expects explains what a machine does to internal ones
	// alone: monitoring that calls a stranger by the clock is no monitoring.
	Inward bool
	// Unlike are the roles of machines that never do so: with one of them
	// accused, harmless explanations fall away, and half of the doubt with
	// them. It changes the confidence alone.
	Unlike []assets.Role
}

// Scope tells how rows may be divided over several machines without changing
// what a detector finds.
type Scope uint8

// The scopes, from the most to the least divisible.
const (
	PerFlow Scope = iota
	BySource
	ByDestination
	ByPair
	Everything
)

// String names the scope.
func (s Scope) String() string {
	return [...]string{"flow", "source", "destination", "pair", "everything"}[s]
}

// A Watcher is a detector at work. The engine calls it from one goroutine at
// a time.
type Watcher interface {
	// Flows takes a run of rows in input order, read-only, valid during the
	// call.
	Flows(rs []flow.Record)
	// Tick says that the watermark has reached now, a multiple of the period
	// asked for with Env.TickEvery; the rows that follow may be later. The
	// first comes before the first row. A Watcher that asked for no ticks
	// gets none.
	Tick(now flow.Time)
	// Close says that the input has ended: judge what is still open.
	Close()
}

// A Forgetter is a Watcher that keeps state by Host and must hear when the
// numbers of idle addresses are about to be given to others.
type Forgetter interface {
	// Forget drops the state of hs. The addresses of hs can still be asked
	// for during the call.
	Forget(hs []flow.Host)
}

// Each makes a Watcher of a function of one flow.
func Each(f func(r *flow.Record)) Watcher { return &each{f: f} }

type each struct {
	f  func(*flow.Record)
	at int
}

func (e *each) Flows(rs []flow.Record) {
	for i := range rs {
		e.at = i
		e.f(&rs[i])
	}
}

func (e *each) Tick(flow.Time) {}
func (e *each) Close()         {}

// Cursor tells the row of the run at which a panic happened.
func (e *each) Cursor() int { return e.at }
