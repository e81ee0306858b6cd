package report

import (
	"fmt"
	"io"
	"strconv"
	"strings"

	"seine/analyzer"
	"seine/detectors"
)

// topHosts is how many hosts stand below the alerts of a table.
const topHosts = 10

// joined makes a paragraph of a story.
func joined(story []string) string { return strings.Join(story, " ") }

// writeHosts writes the first hosts of a ranking, top of them or all for 0,
// under a heading: each with the begin of its story, or with all of it below
// where that is wanted.
func writeHosts(w io.Writer, s *analyzer.Summary, top int, o Options) {
	shown := s.Ranking
	if top > 0 && len(shown) > top {
		shown = shown[:top]
	}
	cells := [][]string{{"risk", "host", "findings", "tactics", "story (UTC)"}}
	worst := make([]detectors.Severity, len(shown))
	for i := range shown {
		h := &shown[i]
		for sev, n := range h.Findings {
			if n > 0 {
				worst[i] = detectors.Severity(sev)
			}
		}
		story := ""
		if len(h.Story) > 0 {
			story = clean(h.Story[0])
		}
		cells = append(cells, []string{
			strconv.FormatFloat(h.Score, 'f', 1, 64), h.Addr.String() + noteOf(h.Notes, h.Addr), bySeverity(&h.Findings, false), tacticNames(h), story,
		})
	}
	for i, line := range aligned(fitting(cells, o.Width, !o.Verbose)) {
		if i > 0 && o.Color { // the score comes first
			score := cells[i][0]
			line = paint(worst[i-1], score) + strings.TrimPrefix(line, score)
		}
		fmt.Fprintln(w, line)
		if i > 0 && o.Verbose {
			hostDetails(w, &shown[i-1], o.Width)
		}
	}
	if more := s.Accused - uint64(len(shown)); s.Accused > uint64(len(shown)) {
		fmt.Fprintf(w, "%s not shown\n", plural(more, "more host"))
	}
}

// tacticNames names the tactics in kill-chain order.
func tacticNames(h *analyzer.HostRisk) string {
	names := make([]string, len(h.Tactics))
	for i, t := range h.Tactics {
		names[i] = t.Name
	}
	return strings.Join(names, ", ")
}

const storyColumn = 4

// fitting makes the cells fit the width of a terminal: it cuts the story and,
// where that would leave too little of it, leaves the tactics out first, then
// the findings and then the story. Without a story it leaves out what does
// not fit.
func fitting(cells [][]string, total int, story bool) [][]string {
	arrangements := [][]int{{0, 1, 2, 3, storyColumn}, {0, 1, 2, storyColumn}, {0, 1, storyColumn}, {0, 1}}
	if !story {
		arrangements = [][]int{{0, 1, 2, 3}, {0, 1, 2}, {0, 1}}
	}
	for k, columns := range arrangements {
		free, last := total, len(columns)-1
		for i, c := range columns {
			if c == storyColumn {
				break
			}
			widest := 0
			for _, row := range cells {
				widest = max(widest, width(row[c]))
			}
			if free -= widest; i < last {
				free -= gap
			}
		}
		cut := columns[last] == storyColumn
		least := 0
		switch {
		case cut && last > 2:
			least = roomy
		case cut:
			least = narrow
		}
		if total > 0 && free < least && k < len(arrangements)-1 {
			continue
		}
		out := make([][]string, len(cells))
		for i, row := range cells {
			for _, c := range columns {
				text := row[c]
				if cut && c == storyColumn && total > 0 {
					text = shorten(text, free)
				}
				out[i] = append(out[i], text)
			}
		}
		return out
	}
	return nil
}

// hostDetails writes the whole story of a host and who has it for a target.
func hostDetails(w io.Writer, h *analyzer.HostRisk, total int) {
	const indent = "    "
	wide := total
	if wide <= 0 {
		wide = 100
	}
	lines := folded(clean(joined(h.Story)), wide-len(indent))
	for _, line := range noteLines(h.Notes) {
		lines = append(lines, folded(line, wide-len(indent))...)
	}
	if findings(&h.Targeted) > 0 {
		var rules []string
		for _, r := range h.TargetedBy {
			rules = append(rules, clean(r.Detector.ID+"/"+r.Rule.ID))
		}
		lines = append(lines, folded(fmt.Sprintf("Target of %s: %s.", bySeverity(&h.Targeted, false), someOf(rules)), wide-len(indent))...)
	}
	for _, line := range lines {
		fmt.Fprintf(w, "%s%s\n", indent, line)
	}
	fmt.Fprintln(w)
}

// folded breaks a text at blanks into lines of a width, if its words allow.
func folded(s string, wide int) (lines []string) {
	line, used := "", 0
	for _, word := range strings.Fields(s) {
		n := width(word)
		if used > 0 && used+1+n > wide {
			lines = append(lines, line)
			line, used = "", 0
		}
		if used > 0 {
			line += " "
			used++
		}
		line += word
		used += n
	}
	if used > 0 {
		lines = append(lines, line)
	}
	return lines
}
