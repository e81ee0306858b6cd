package triage

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
	"seine/flow/where"
)

// The kinds of rules, as their sections are called.
const (
	Ignore = "ignore"
	Hide   = "suppress"
)

// A rule is one of a file.
type rule struct {
	use    analyzer.RuleUse
	also   uint64 // of what it matches, what an earlier rule hides already
	clock  clock
	alerts []*where.Condition[detectors.Alert] // all of which must hold
	flows  []*where.Filter

	// The addresses that an ignore rule asks for, for the index; nil: any.
	src, dst, either []span
}

// A member is what a rule may have.
type member struct {
	name, doc        string
	ignore, suppress bool
	condition        bool // says what the rule is about
	read             func(p *parser, d *draft, key, v *yaml.Node)
}

// A draft is a rule that is being read.
type draft struct {
	*rule
	kind  string
	parts []string // of one expression, joined by and
	conds int
}

// members are told in their order, in messages and in the documentation.
func members() []member {
	return []member{
		{"id", "a short name, for the summary; of its own in all files", true, true, false, readID},
		{"reason", "why it is there; required", true, true, false, readReason},
		{"author", "who says so", true, true, false, func(p *parser, d *draft, key, v *yaml.Node) { d.use.Author, _ = p.scalar(key, v) }},
		{"expires", "the last day, or moment, at which it holds", true, true, false, readExpires},
		{"finding", "id of a finding", false, true, true, readFinding},
		{"detector", "id of a detector", false, true, true, readDetector},
		{"rule", "id of a rule of a detector", false, true, true, readTexts("rule")},
		{"severity", "low, or <= medium", false, true, true, readSeverity},
		{"status", "new or known, against the baseline", false, true, true, readWords("status", "new", "known")},
		{"src", "source: address, network, range a-b", true, true, true, readAddrs("src_ip")},
		{"dst", "destination", true, true, true, readAddrs("dst_ip")},
		{"either", "either side", true, true, true, readAddrs("ip")},
		{"src_port", "port of the source: 53, 8000-8010", true, false, true, readPorts("src_port")},
		{"dst_port", "port of the destination", true, true, true, readPorts("dst_port")},
		{"port", "port of either side", true, false, true, readPorts("port")},
		{"protocol", "tcp, udp, icmp …, or a number", true, true, true, readProtocol},
		{"service", "service, as logged", true, false, true, readTexts("service")},
		{"time", "time of day, 22:00-05:30", true, true, true, readClock},
		{"weekdays", "sat, mon-fri", true, true, true, readDays},
		{"when", "an expression", true, true, true, readWhen},
	}
}

// rule reads one rule; nil if it has a mistake.
func (p *parser) rule(kind string, n *yaml.Node) *rule {
	faults := len(p.errs)
	at := value(n)
	d := &draft{rule: &rule{use: analyzer.RuleUse{Kind: kind, Place: p.place(n)}}, kind: kind}
	if at.Kind != yaml.MappingNode {
		p.fault(n, "a rule must be names with their values, such as reason and src, not %s", describe(at))
		return nil
	}
	all := members()
	var known, elsewhere []string
	for _, m := range all {
		if kind == Ignore && m.ignore || kind == Hide && m.suppress {
			known = append(known, m.name)
		} else {
			elsewhere = append(elsewhere, m.name)
		}
	}
	p.each(n, "a rule", func(key, v *yaml.Node) {
		name := value(key).Value
		i := slices.IndexFunc(all, func(m member) bool { return m.name == name })
		switch {
		case slices.Contains(elsewhere, name) && kind == Ignore:
			p.fault(key, "%s is of findings: ignore rules are about flows, which no detector has seen; suppress rules have it", name)
		case slices.Contains(elsewhere, name):
			p.fault(key, "%s is of flows: suppress rules are about findings; ignore rules have it", name)
		case i < 0:
			hint := analyzer.DidYouMean(name, known)
			if hint == "" {
				hint = " (known: " + strings.Join(known, ", ") + ")"
			}
			p.fault(key, "unknown member %q of a rule%s", name, hint)
		default:
			if all[i].condition {
				d.conds++
			}
			all[i].read(p, d, key, v)
		}
	})
	if len(p.errs) > faults {
		return nil
	}
	switch {
	case strings.TrimSpace(d.use.Reason) == "":
		p.fault(at, "the rule has no reason: say why, for whoever reads it later")
	case d.conds == 0:
		p.fault(at, "the rule has no condition, so it would hide everything; if that is meant, say when: 'true'")
	default:
		p.finish(d, at)
	}
	if len(p.errs) > faults {
		return nil
	}
	return d.rule
}

// finish compiles what the members were made to.
func (p *parser) finish(d *draft, at *yaml.Node) {
	if len(d.parts) == 0 {
		return
	}
	if err := p.compile(d, strings.Join(d.parts, " and ")); err != nil {
		p.fault(at, "%v", err)
	}
}

func (p *parser) compile(d *draft, text string) error {
	if d.kind == Hide {
		c, err := Condition(text, *p.scope)
		if err == nil {
			// The cheap conditions come first.
			d.alerts = slices.Insert(d.alerts, 0, c)
		}
		return err
	}
	opt := where.Options{Internal: p.scope.Internal, Location: p.scope.zone(), Known: p.scope.Known}
	if names := p.scope.Names; names != nil {
		opt.Text, opt.Files = names.Text, names.File
	} else {
		opt.Files = func(uint32) string { return "" }
	}
	c, err := where.Compile(text, opt)
	if err == nil {
		d.flows = slices.Insert(d.flows, 0, c)
	}
	return err
}

// try reports what is wrong with an expression.
func (p *parser) try(d *draft, n *yaml.Node, text string) bool {
	scratch := &draft{rule: &rule{}, kind: d.kind}
	err := p.compile(scratch, text)
	var e *where.Error
	if errors.As(err, &e) {
		p.fault(n, "%s", e.Message)
	} else if err != nil {
		p.fault(n, "%v", err)
	}
	return err == nil
}

func readReason(p *parser, d *draft, key, v *yaml.Node) { d.use.Reason, _ = p.scalar(key, v) }

func readFinding(p *parser, d *draft, key, v *yaml.Node) {
	var ids []string
	for _, n := range p.scalars(key, v) {
		if len(n.Value) != 16 || strings.Trim(n.Value, "0123456789abcdef") != "" {
			p.fault(n, "%q is no id of a finding, which has 16 digits of 0…9a…f (-f json shows them; one of digits alone needs quotes)", n.Value)
			return
		}
		ids = append(ids, quoted(n.Value))
	}
	d.in("id", ids)
}

func readDetector(p *parser, d *draft, key, v *yaml.Node) {
	var known, ids []string
	for _, o := range p.files.Detectors {
		known = append(known, o.ID)
	}
	for _, n := range p.scalars(key, v) {
		if known != nil && !slices.Contains(known, n.Value) {
			p.warnings = append(p.warnings, fmt.Sprintf("%s:%d: no detector is called %q%s", p.name, n.Line, n.Value, analyzer.DidYouMean(n.Value, known)))
		}
		ids = append(ids, quoted(n.Value))
	}
	d.in("detector", ids)
}

// in adds a condition on one of some values.
func (d *draft) in(field string, values []string) {
	if len(values) > 0 {
		d.parts = append(d.parts, field+" in ["+strings.Join(values, ", ")+"]")
	}
}

// quoted writes a text for an expression.
func quoted(text string) string { return fmt.Sprintf("%+q", text) }

func readTexts(field string) func(*parser, *draft, *yaml.Node, *yaml.Node) {
	return func(p *parser, d *draft, key, v *yaml.Node) {
		var all []string
		for _, n := range p.scalars(key, v) {
			all = append(all, quoted(n.Value))
		}
		d.in(field, all)
	}
}

func readWords(field string, words ...string) func(*parser, *draft, *yaml.Node, *yaml.Node) {
	return func(p *parser, d *draft, key, v *yaml.Node) {
		var all []string
		for _, n := range p.scalars(key, v) {
			if !slices.Contains(words, n.Value) {
				p.fault(n, "%s is %s, never %q%s", field, strings.Join(words, " or "), n.Value, analyzer.DidYouMean(n.Value, words))
				return
			}
			all = append(all, quoted(n.Value))
		}
		d.in(field, all)
	}
}

func readProtocol(p *parser, d *draft, key, v *yaml.Node) {
	var all []string
	for _, n := range p.scalars(key, v) {
		if _, ok := flow.ParseProto([]byte(n.Value)); !ok {
			p.fault(n, "%q is no protocol that has a name here; its number does too", n.Value)
			return
		}
		all = append(all, quoted(n.Value))
	}
	d.in("protocol", all)
}

func readSeverity(p *parser, d *draft, key, v *yaml.Node) {
	var names, all []string
	for s := range detectors.Severities {
		names = append(names, s.String())
	}
	for _, n := range p.scalars(key, v) {
		op, text := "==", strings.TrimSpace(n.Value)
		for _, o := range []struct{ sign, op string }{{"<=", "<="}, {"≤", "<="}, {">=", ">="}, {"≥", ">="}, {"<", "<"}, {">", ">"}, {"==", "=="}} {
			if rest, ok := strings.CutPrefix(text, o.sign); ok {
				op, text = o.op, strings.TrimSpace(rest)
				break
			}
		}
		s, err := detectors.ParseSeverity(text)
		if err != nil {
			p.fault(n, "severity is one of %s, perhaps behind <= or >=, and not %q%s", strings.Join(names, ", "), n.Value, analyzer.DidYouMean(text, names))
			return
		}
		all = append(all, "severity "+op+" "+quoted(s.String()))
	}
	if len(all) > 0 {
		d.parts = append(d.parts, "("+strings.Join(all, " or ")+")")
	}
}

func readWhen(p *parser, d *draft, key, v *yaml.Node) {
	text, ok := p.scalar(key, v)
	if !ok {
		return
	}
	c := &draft{rule: &rule{}, kind: d.kind}
	if err := p.compile(c, text); err != nil {
		p.fault(v, "when: %v", err)
		return
	}
	d.alerts, d.flows = append(d.alerts, c.alerts...), append(d.flows, c.flows...)
}
