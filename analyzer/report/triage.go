package report

import (
	"fmt"
	"strings"

	"seine/analyzer"
	"seine/analyzer/triage"
	"seine/detectors"
	"seine/flow"
)

// replayed tells of alerts that were read back.
func (t *summaryText) replayed(s *analyzer.Summary) {
	if len(s.Alerts) == 0 {
		return
	}
	var files []string
	var rows, bad uint64
	for i := range s.Alerts {
		f := &s.Alerts[i]
		rows, bad = rows+f.Rows, bad+f.Bad
		kind := clean(f.Format)
		if f.Packing != "" {
			kind += " in " + clean(f.Packing)
		}
		files = append(files, clean(f.Name)+" ("+kind+")")
	}
	text := thousands(rows) + " read from " + someOf(files)
	if bad > 0 {
		text += ", " + thousands(bad) + " bad"
	}
	if s.Unwanted > 0 {
		text += ", " + thousands(s.Unwanted) + " not wanted"
	}
	t.line("alerts", "%s", text)
}

// triage tells what came of the user's rules, and of the baseline.
func (t *summaryText) triage(s *analyzer.Summary) {
	if c := s.Compared; c != nil {
		text := total(&c.New, "new") + ", " + total(&c.Known, "known")
		if n := findings(&c.Worse); n > 0 {
			text += " (" + total(&c.Worse, "worse") + ")"
		}
		text += fmt.Sprintf(", %s gone, by %s", thousands(uint64(len(c.Gone))), c.Match)
		if c.Unchecked > 0 {
			text += fmt.Sprintf("; %s of the baseline not looked for", thousands(c.Unchecked))
		}
		t.line("compared", "%s", text)
		for i, g := range c.Gone {
			if i == faultLines {
				t.line("gone", "and %s more", thousands(uint64(len(c.Gone)-i)))
				break
			}
			t.line("gone", "%s %s/%s %s: %s", g.Severity, clean(g.Detector), clean(g.Rule), g.ID, clean(g.Summary))
		}
	}
	if s.Ignored > 0 {
		t.line("ignored", "%s", plural(s.Ignored, "flow"))
	}
	t.rules(s.Rules)
}

// ruleLines bounds the lines about rules that hid something, and about those
// that have no use any more.
const ruleLines = 20

// rules tells what each rule hid, then which have no use any more.
func (t *summaryText) rules(all []analyzer.RuleUse) {
	var hid, idle []string
	for i := range all {
		u := &all[i]
		name := clean(u.Place)
		if u.ID != "" {
			name += " " + clean(u.ID)
		}
		thing := "finding"
		if u.Kind == triage.Ignore {
			thing = "flow"
		}
		if u.Hidden > 0 {
			hid = append(hid, fmt.Sprintf("%s hid %s: %s", name, plural(u.Hidden, thing), clean(u.Reason)))
		}
		switch {
		case u.Over:
			text := fmt.Sprintf("%s has expired: it held until %s", name, u.Expires.Floor(flow.Second))
			if u.Expired > 0 {
				text += ", and would have hidden " + plural(u.Expired, thing)
			}
			idle = append(idle, text)
		case u.Hidden+u.Also+u.Expired == 0:
			idle = append(idle, name+" matches nothing")
		case u.Hidden == 0:
			idle = append(idle, name+" is never the first: earlier rules hide all that it is about")
		}
	}
	for _, lines := range [][]string{hid, idle} {
		for _, l := range lines[:min(len(lines), ruleLines)] {
			t.line("rules", "%s", l)
		}
		if more := len(lines) - ruleLines; more > 0 {
			t.line("rules", "and %s", plural(uint64(more), "more rule"))
		}
	}
}

// total is a count with its parts: "3 new (1 high, 2 low)".
func total(n *[detectors.Severities]uint64, what string) string {
	text := thousands(findings(n)) + " " + what
	if parts := bySeverity(n, false); strings.Contains(parts, ",") || parts != "" && what == "new" {
		text += " (" + parts + ")"
	}
	return text
}

// triage appends the same as members of the summary, where there is anything.
func (o *object) triage(s *analyzer.Summary) {
	if len(s.Alerts) > 0 {
		o.array("alert_files", len(s.Alerts), func(i int) { o.file(&s.Alerts[i]) })
		o.number("unwanted", s.Unwanted)
	}
	if s.Ignored > 0 {
		o.number("ignored", s.Ignored)
	}
	if len(s.Rules) > 0 {
		o.array("rules", len(s.Rules), func(i int) { o.ruleUse(&s.Rules[i]) })
	}
	if c := s.Compared; c != nil {
		o.key("compared")
		o.open()
		o.text("match", c.Match)
		o.severities("new", &c.New)
		o.severities("known", &c.Known)
		o.severities("worse", &c.Worse)
		o.array("gone", len(c.Gone), func(i int) {
			g := &c.Gone[i]
			o.open()
			o.text("id", g.ID)
			o.text("severity", g.Severity.String())
			o.text("detector", g.Detector)
			o.text("rule", g.Rule)
			o.text("subject", g.Subject)
			o.text("summary", g.Summary)
			o.text("time", g.Time.String())
			o.shut()
		})
		o.number("unchecked", c.Unchecked)
		o.shut()
	}
}

func (o *object) ruleUse(u *analyzer.RuleUse) {
	o.open()
	o.text("kind", u.Kind)
	o.text("place", u.Place)
	if u.ID != "" {
		o.text("id", u.ID)
	}
	o.text("reason", u.Reason)
	if u.Author != "" {
		o.text("author", u.Author)
	}
	if u.HasExpires {
		o.text("expires", u.Expires.String())
	}
	o.number("hidden", u.Hidden)
	o.number("also", u.Also)
	o.number("expired", u.Expired)
	o.flag("over", u.Over)
	o.shut()
}
