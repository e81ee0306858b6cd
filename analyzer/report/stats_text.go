package report

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"seine/analyzer/stats"
	"seine/flow"
)

// blocks are the heights of a sparkline.
var blocks = []rune("▁▂▃▄▅▆▇█")

// spark draws values as a line of blocks; a blank is nothing.
func spark(values []uint64) string {
	most := slices.Max(append([]uint64{1}, values...))
	line := make([]rune, len(values))
	for i, v := range values {
		switch {
		case v == 0:
			line[i] = ' '
		default:
			line[i] = blocks[min(int(float64(v)/float64(most)*float64(len(blocks))), len(blocks)-1)]
		}
	}
	return string(line)
}

// squeeze joins neighbours until there are at most n values.
func squeeze(values []uint64, n int) []uint64 {
	k := (len(values) + n - 1) / n
	if k <= 1 {
		return values
	}
	var out []uint64
	for from := 0; from < len(values); from += k {
		sum := uint64(0)
		for _, v := range values[from:min(from+k, len(values))] {
			sum = max(sum, sum+v)
		}
		out = append(out, sum)
	}
	return out
}

const sparkWidth = 32

func statsText(r *stats.Result, o Options) []byte {
	var t summaryText
	statsTotals(&t, r)
	if s := r.Series; s != nil && s.Fixed {
		t.WriteByte('\n')
		seriesTable(&t, s, o.Width)
	}
	for i := range r.Tables {
		t.WriteByte('\n')
		groupTable(&t, &r.Tables[i], o)
	}
	return t.Bytes()
}

func statsTotals(t *summaryText, r *stats.Result) {
	g := &r.Total
	t.line("flows", "%s", thousands(g.Flows))
	if g.Dated {
		t.line("time", "%s to %s (%s)", g.First, g.Last, span(time.Duration(g.Span())))
	}
	row := &stats.Row{Group: *g}
	perSecond := func(n uint64, times float64) string {
		return strings.TrimSpace(scaled(round3(float64(n)*times*1e9/float64(g.Span())), " "))
	}
	if g.Sized > 0 {
		text := volume(float64(g.Bytes())) + ": " + bothSides(volume(float64(g.Up)), volume(float64(g.Down)), g.HasUp(), g.HasDown())
		if g.Dated && g.Span() > 0 {
			text += fmt.Sprintf("; %sbit/s", glue(perSecond(g.Bytes(), 8)))
		}
		text += fmt.Sprintf("; %s a flow", volume(round3(float64(g.Bytes())/float64(g.Sized))))
		t.line("bytes", "%s%s", text, known(g.Sized, g.Flows))
	}
	if g.Counted > 0 {
		text := thousands(g.Packets()) + ": " + bothSides(thousands(g.PacketsUp), thousands(g.PacketsDown), g.HasPacketsUp(), g.HasPacketsDown())
		if g.Dated && g.Span() > 0 {
			text += fmt.Sprintf("; %s a second", perSecond(g.Packets(), 1))
		}
		if row.Packets() > 0 && g.Sized > 0 {
			text += fmt.Sprintf("; %s a packet", volume(round3(float64(g.Bytes())/float64(g.Packets()))))
		}
		t.line("packets", "%s%s", text, known(g.Counted, g.Flows))
	}
	if len(r.Distinct) > 0 && g.Flows > 0 {
		names := map[string]string{"src_ip": "sources", "dst_ip": "destinations", "ip": "addresses", "pair": "pairs", "dst_port": "destination ports"}
		var parts []string
		for _, d := range r.Distinct {
			parts = append(parts, distinctText(d.Distinct)+" "+names[d.Name])
		}
		t.line("distinct", "%s", strings.Join(parts, ", "))
	}
	if s := r.Series; s != nil && len(s.Bins) > 1 {
		values := make([]uint64, len(s.Bins))
		peak := 0
		for i, b := range s.Bins {
			values[i] = b.Flows
			if b.Flows > s.Bins[peak].Flows {
				peak = i
			}
		}
		t.line("over time", "%s", spark(squeeze(values, seriesColumns)))
		t.line("", "flows in %s each; most in that of %s: %s", wide(s.Width),
			s.Start.Add(flow.Time(peak)*s.Width), thousands(s.Bins[peak].Flows))
	}
	for i, p := range r.Percentiles {
		show := func(v uint64) string { return quantity(v, p.Unit) }
		label := "a flow has"
		if i > 0 {
			label = ""
		}
		text := fmt.Sprintf("%s: half up to %s, 90 %% up to %s, 95 %% %s, 99 %% %s, at most %s",
			p.Of, show(p.P50), show(p.P90), show(p.P95), show(p.P99), show(p.Max))
		if !p.Exact {
			text += fmt.Sprintf(" (± %.1f %%)", 100*stats.QuantileError)
		}
		t.line(label, "%s", text)
	}
}

const seriesColumns = 64

// glue puts a unit behind a number that may have a prefix: "1.2 M" + "bit/s".
func glue(s string) string {
	if s != "" && strings.ContainsAny(s[len(s)-1:], "kMGTPE") {
		return s
	}
	return s + " "
}

func known(n, all uint64) string {
	if n == all {
		return ""
	}
	return fmt.Sprintf(" (told by %s of the flows)", percent(n, all))
}

func distinctText(d stats.Distinct) string {
	if d.Error > 0 {
		return fmt.Sprintf("about %s ± %s", thousands(d.N), thousands(uint64(math.Ceil(d.Error))))
	}
	return thousands(d.N)
}

// seriesTable lists the bins of time.
func seriesTable(t *summaryText, s *stats.Series, columns int) {
	fmt.Fprintf(t, "over time, in bins of %s", wide(s.Width))
	if s.Asked > 0 {
		fmt.Fprintf(t, " (there would be too many of %s)", span(time.Duration(s.Asked)))
	}
	t.WriteByte('\n')
	var most stats.Bin
	for _, b := range s.Bins {
		most.Flows, most.Bytes, most.Packets = max(most.Flows, b.Flows), max(most.Bytes, b.Bytes), max(most.Packets, b.Packets)
	}
	longest := sparkWidth
	if columns > 0 {
		longest = min(longest, max(columns-60, 4))
	}
	layout := "2006-01-02 15:04:05"
	if s.Width%flow.Second != 0 {
		layout += ".000"
	}
	rows := [][]string{{"time (UTC)", "flows", "bytes", "packets", ""}}
	for i, b := range s.Bins {
		value, top := b.Flows, most.Flows
		if most.Bytes > 0 {
			value, top = b.Bytes, most.Bytes
		}
		bar := ""
		if value > 0 {
			bar = strings.Repeat("█", int(float64(value)/float64(top)*float64(longest)))
			if bar == "" {
				bar = "▏"
			}
		}
		at := s.Start.Add(flow.Time(i) * s.Width)
		cells := []string{at.UTC().Format(layout), thousands(b.Flows), volume(float64(b.Bytes)), thousands(b.Packets), bar}
		if most.Bytes == 0 {
			cells[2] = ""
		}
		if most.Packets == 0 {
			cells[3] = ""
		}
		rows = append(rows, cells)
	}
	grid(t, rows, []bool{false, true, true, true, false})
}

// groupTable lists groups.
func groupTable(t *summaryText, table *stats.Table, o Options) {
	fmt.Fprintln(t, heading(table))
	for _, n := range statsNotes(table) {
		fmt.Fprintf(t, "(%s)\n", n)
	}
	if len(table.Rows) == 0 {
		return
	}
	var rows [][]string
	var right []bool
	var keep []int
	put := func(title string, order int, toRight bool, cell func(i int, r *stats.Row) string) {
		if rows == nil {
			rows = make([][]string, len(table.Rows)+1)
		}
		rows[0] = append(rows[0], title)
		right, keep = append(right, toRight), append(keep, order)
		for i := range table.Rows {
			rows[i+1] = append(rows[i+1], cell(i, &table.Rows[i]))
		}
	}
	for k, name := range table.By {
		put(name, 0, table.Numbers[k], func(_ int, r *stats.Row) string { return keyText(r, k) })
	}
	for _, c := range statsColumns() {
		any := slices.ContainsFunc(table.Rows, func(r stats.Row) bool { return c.have(&r) })
		order := c.keep
		if c.name == table.Sort {
			order = 0
		}
		if any && (order < 9) {
			put(c.title, order, c.name != "first" && c.name != "last", func(_ int, r *stats.Row) string {
				if !c.have(r) {
					return "-"
				}
				return c.text(r)
			})
		}
		if any && c.name == table.Share {
			put("share", 2, true, func(_ int, r *stats.Row) string { return fmt.Sprintf("%.1f %%", 100*r.Share) })
			if !table.Either && !table.Ascend && table.Sort == table.Share {
				put("to here", 3, true, func(_ int, r *stats.Row) string { return fmt.Sprintf("%.1f %%", 100*r.Cumul) })
			}
		}
	}
	if table.Approx {
		put("lacks", 0, true, func(_ int, r *stats.Row) string { return lacks(table, r) })
	}
	for i, name := range table.Counts {
		put(name, 1, true, func(_ int, r *stats.Row) string {
			d := r.Distinct[i]
			if d.Error > 0 {
				return thousands(d.N) + " ±" + thousands(uint64(math.Ceil(d.Error)))
			}
			return thousands(d.N)
		})
	}
	if table.Series != nil {
		put(table.Drawn+" over time", 2, false, func(_ int, r *stats.Row) string { return spark(squeeze(r.Series, sparkWidth)) })
	}
	for o.Width > 0 && gridWidth(rows) > o.Width {
		worst := 0
		for i, k := range keep {
			if k > 0 && (keep[worst] == 0 || k >= keep[worst]) {
				worst = i
			}
		}
		if keep[worst] == 0 {
			break
		}
		for i := range rows {
			rows[i] = slices.Delete(rows[i], worst, worst+1)
		}
		keep, right = slices.Delete(keep, worst, worst+1), slices.Delete(right, worst, worst+1)
	}
	grid(t, rows, right)
}

func columnWidths(rows [][]string) []int {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], width(cell))
		}
	}
	return widths
}

func gridWidth(rows [][]string) int {
	all := 0
	for _, w := range columnWidths(rows) {
		all += w + gap
	}
	return all
}

// grid writes rows of cells in columns, the header first.
func grid(t *summaryText, rows [][]string, right []bool) {
	widths := columnWidths(rows)
	for _, row := range rows {
		var line strings.Builder
		for i, cell := range row {
			pad := strings.Repeat(" ", widths[i]-width(cell))
			if right[i] {
				cell = pad + cell
			} else {
				cell += pad
			}
			line.WriteString("  " + cell)
		}
		fmt.Fprintln(t, strings.TrimRight(line.String(), " "))
	}
}

// wide writes the width of bins: "5 min", "1 h", "7 days".
func wide(d flow.Time) string {
	text := span(time.Duration(d))
	for _, rest := range []string{" 0 s", " 0 min", " 0 h"} {
		text = strings.TrimSuffix(text, rest)
	}
	return text
}
