package report

import (
	"strings"

	"seine/detectors"
)

// A factRow is a number of an alert beside the threshold that it was held
// against, if there is one.
type factRow struct{ name, value, limit string }

// factRows pairs facts with their thresholds, by the names that detectors give
// them: x with x_limit, x_threshold, max_x or min_x; a fact named limit or
// threshold belongs to the one before it.
func factRows(facts []detectors.Fact) []factRow {
	keys := map[string]int{}
	for i := range facts {
		keys[facts[i].Key] = i
	}
	limits := map[int]string{}
	isLimit := make([]bool, len(facts))
	for i := range facts {
		key := facts[i].Key
		base, sign := "", ""
		for _, form := range []struct{ before, after, sign string }{
			{"", "_limit", ""}, {"", "_threshold", ""}, {"max_", "", "≤ "}, {"min_", "", "≥ "},
		} {
			if strings.HasPrefix(key, form.before) && strings.HasSuffix(key, form.after) && len(key) > len(form.before)+len(form.after) {
				base, sign = key[len(form.before):len(key)-len(form.after)], form.sign
				if _, ok := keys[base]; ok {
					break
				}
			}
		}
		at, ok := keys[base]
		if key == "limit" || key == "threshold" {
			at, ok = i-1, i > 0
		}
		if !ok || base == "" && key != "limit" && key != "threshold" || at == i || isLimit[at] || limits[at] != "" {
			continue
		}
		limits[at], isLimit[i] = sign+facts[i].String(), true
	}
	var rows []factRow
	for i := range facts {
		if !isLimit[i] {
			rows = append(rows, factRow{strings.ReplaceAll(facts[i].Key, "_", " "), facts[i].String(), limits[i]})
		}
	}
	return rows
}

// section is the text under a heading of the second level of a Markdown text,
// a paragraph or an item of a list each, without its marks.
func section(doc, heading string) []string {
	var parts []string
	open, inside := false, false
	for line := range strings.Lines(doc) {
		line = strings.TrimRight(line, " \r\n")
		if title, ok := strings.CutPrefix(line, "## "); ok {
			if inside {
				break
			}
			inside, open = title == heading, false
			continue
		}
		text := strings.TrimSpace(line)
		switch {
		case !inside:
		case text == "" || strings.HasPrefix(text, "|"):
			open = false
		case strings.HasPrefix(text, "- ") || strings.HasPrefix(text, "* "):
			parts, open = append(parts, text[2:]), true
		case open:
			parts[len(parts)-1] += " " + text
		default:
			parts, open = append(parts, text), true
		}
	}
	for i := range parts {
		parts[i] = strings.NewReplacer("`", "", "**", "").Replace(parts[i])
	}
	return parts
}
