package custom

import (
	"fmt"
	"strings"
	"time"

	"seine/detectors"
)

// tidy writes an expression in one line.
func tidy(s string) string { return strings.Join(strings.Fields(s), " ") }

// markdown is the documentation of a rule: the user's own, and the rule.
func (r *rule) markdown() string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n", r.id)
	if r.doc != "" {
		b.WriteString(r.doc + "\n\n")
	}
	fmt.Fprintf(&b, "## The rule\n\nWritten in %s, line %d.\n\n", r.file.name, r.line)
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "    %-9s %s\n", key, value)
		}
	}
	line("when", tidy(r.when.text))
	if r.grouped {
		by := make([]string, len(r.by))
		for i := range r.by {
			by[i] = tidy(r.by[i].text)
		}
		line("group by", strings.Join(by, ", "))
		length := "all"
		if r.window > 0 {
			length = detectors.Span(time.Duration(r.window))
		}
		line("window", length)
		line("having", tidy(r.having.text))
	}
	line("summary", tidy(r.summary.text))
	roles := make([]string, len(r.expects))
	for i := range roles {
		roles[i] = string(r.expects[i])
	}
	line("expects", strings.Join(roles, ", "))
	return b.String()
}
