package custom

import (
	"errors"

	"seine/detectors"
	"seine/flow"
	"seine/flow/where"
)

// options are what the rule is compiled for in a run.
func options(env *detectors.Env) where.Options {
	return where.Options{
		Text: env.Text, Files: env.File, Location: env.Location(),
		Internal: append(where.DefaultInternal(), env.Internal()...), Known: env.Known(),
	}
}

// compiled compiles a rule for a run. That it compiles has been checked when
// it was read, but for what it asks of files beside the flows: without them it
// has nothing to do.
func (r *rule) compiled(env *detectors.Env) *program {
	p, err := r.compile(options(env))
	if err == nil {
		return p
	}
	var m *mistake
	message, about := err.Error(), "rule"
	if errors.As(err, &m) {
		message, about = m.err.Error(), m.about
		if e := new(where.Error); errors.As(m.err, &e) {
			message = e.Message
		}
	}
	env.Skip(message)
	if k := env.Known(); k.Geo != nil && k.Assets != nil {
		env.Reject(about, message)
	}
	return nil
}

// single watches for flows one by one.
type single struct {
	rule    *rule
	program *program
	d       *detectors.Detector
	env     *detectors.Env
	at      int
}

func newSingle(r *rule, d *detectors.Detector, env *detectors.Env) detectors.Watcher {
	p := r.compiled(env)
	if p == nil {
		return nil
	}
	return &single{rule: r, program: p, d: d, env: env}
}

// Flows implements detectors.Watcher.
func (s *single) Flows(rs []flow.Record) {
	when := s.program.when
	for i := range rs {
		if when.Keep(&rs[i]) {
			s.at = i
			s.report(&rs[i])
		}
	}
}

// Tick implements detectors.Watcher.
func (s *single) Tick(flow.Time) {}

// Close implements detectors.Watcher.
func (s *single) Close() {}

// Cursor tells the row of the run at which a panic happened.
func (s *single) Cursor() int { return s.at }

// report raises an alert. The fold makes one finding of those with the same
// two hosts and port.
func (s *single) report(r *flow.Record) {
	rule := &s.d.Rules[0]
	if !s.env.Shows(rule) {
		return
	}
	subject := detectors.Pair(r.Src, r.Dst)
	if r.Has&flow.HasDstPort != 0 && (r.Proto == flow.TCP || r.Proto == flow.UDP || r.DstPort != 0) {
		subject = subject.WithPort(r.DstPort)
	}
	if r.Has&flow.HasProto != 0 {
		subject = subject.WithProtocol(r.Proto)
	}
	var facts []detectors.Fact
	for i := range s.program.shown {
		f := &s.program.shown[i]
		if v, ok := f.get(r); ok {
			facts = append(facts, fact(f.name, v))
			for _, l := range f.limits {
				facts = append(facts, l.fact(f.name))
			}
		}
	}
	s.env.Report(r, detectors.Alert{
		Rule: rule, Confidence: s.rule.confidence, Subject: subject, Summary: s.program.sentence(r, nil), Facts: facts,
	})
}
