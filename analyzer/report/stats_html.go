package report

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"seine/analyzer/report/page"
	"seine/analyzer/report/svg"
	"seine/analyzer/stats"
	"seine/flow"
)

// statsStyle are the rules of what stats adds to a page.
const statsStyle = `
.traffic .figures{display:flex;flex-wrap:wrap;gap:.8rem 2.2rem;margin:0}
.traffic .figures div{min-width:6.5rem}
.traffic .figures dt{color:var(--muted);font-size:.78rem;font-weight:600}
.traffic .figures dd{margin:0;font-size:1.25rem;font-variant-numeric:tabular-nums}
.traffic .figures dd small{display:block;font-size:.78rem;color:var(--muted)}
.traffic td{white-space:nowrap}
.traffic td.k{white-space:normal;overflow-wrap:anywhere;min-width:9rem}
.traffic td .s{max-width:none}
`

// writeStatsPage writes a page of its own.
func writeStatsPage(w io.Writer, r *stats.Result, o Options) error {
	title := "Seine traffic"
	if r.Total.Dated {
		title += " " + r.Total.First.UTC().Format("2006-01-02")
	}
	p := page.Page{Title: title, Lang: "en", Style: statsStyle}
	out := p.Begin(w)
	out.Open("header", "class", "top")
	out.Open("div")
	out.Leaf("h1", "Traffic")
	if g := &r.Total; g.Dated {
		out.Leaf("p", fmt.Sprintf("%s to %s (%s)", g.First, g.Last, span(time.Duration(g.Span()))), "class", "muted")
	}
	out.Open("nav", "aria-label", "Sections")
	out.Open("ul")
	for i := range r.Tables {
		out.Open("li")
		out.Leaf("a", tableTitle(&r.Tables[i]), "href", fmt.Sprintf("#t%d", i+1))
		out.Close("li")
	}
	out.Close("ul")
	out.Close("nav")
	out.Close("div")
	out.Close("header")
	out.Open("main", "id", "main")
	writeTraffic(out, r)
	out.Close("main")
	out.Open("footer")
	made := "Made by Seine"
	if o.Version != "" {
		made += " " + o.Version
	}
	out.Leaf("p", made+" from flow records alone. Times are UTC.")
	out.Close("footer")
	return out.End()
}

func tableTitle(t *stats.Table) string { return "By " + strings.Join(t.By, " and ") }

// writeTraffic writes what flows sum up to as sections of a page, whose style
// must have statsStyle.
func writeTraffic(w *page.Writer, r *stats.Result) {
	writeTotals(w, r)
	for i := range r.Tables {
		trafficTable(w, &r.Tables[i], fmt.Sprintf("t%d", i+1))
	}
}

// writeTotals writes what all flows sum up to.
func writeTotals(w *page.Writer, r *stats.Result) {
	w.Open("section", "class", "traffic", "aria-label", "Totals")
	w.Open("dl", "class", "figures card")
	figure := func(name, value, more string) {
		w.Open("div")
		w.Leaf("dt", name)
		w.Open("dd")
		w.Text(value)
		if more != "" {
			w.Leaf("small", more)
		}
		w.Close("dd")
		w.Close("div")
	}
	g := &r.Total
	figure("flows", thousands(g.Flows), "")
	if g.Sized > 0 {
		figure("bytes", volume(float64(g.Bytes())), bothSides(volume(float64(g.Up)), volume(float64(g.Down)), g.HasUp(), g.HasDown()))
	}
	if g.Counted > 0 {
		figure("packets", thousands(g.Packets()), "")
	}
	for _, d := range r.Distinct {
		names := map[string]string{"src_ip": "sources", "dst_ip": "destinations", "ip": "addresses", "pair": "pairs", "dst_port": "destination ports"}
		more := ""
		if d.Error > 0 {
			more = "± " + thousands(uint64(d.Error)+1)
		}
		figure(names[d.Name], thousands(d.N), more)
	}
	w.Close("dl")
	if s := r.Series; s != nil && len(s.Bins) > 1 {
		seriesCharts(w, s)
	}
	if len(r.Percentiles) > 0 {
		percentileTable(w, r.Percentiles)
	}
	w.Close("section")
}

// maxColumns is how many columns a chart of time has; more are joined.
const maxColumns = 512

func seriesCharts(w *page.Writer, s *stats.Series) {
	var lines [3][]uint64
	for _, b := range s.Bins {
		lines[0], lines[1], lines[2] = append(lines[0], b.Flows), append(lines[1], b.Bytes), append(lines[2], b.Packets)
	}
	joined := (len(s.Bins) + maxColumns - 1) / maxColumns
	for i, name := range []string{"flows", "bytes", "packets"} {
		if slices.Max(lines[i]) == 0 {
			continue
		}
		values := squeeze(lines[i], maxColumns)
		at, heights := make([]float64, len(values)), make([]float64, len(values))
		for k, v := range values {
			at[k] = float64(s.Start)/1e9 + float64(k*joined)*float64(s.Width)/1e9
			heights[k] = float64(v)
		}
		o := svg.Options{Title: name + " over time", YName: fmt.Sprintf("%s in %s", name, wide(s.Width*flow.Time(joined))), Width: 1040, Height: 170}
		if name == "bytes" {
			o.Format = volume
		}
		w.Open("div", "class", "chart")
		w.Draw(svg.Series(at, heights, o))
		w.Close("div")
	}
}

func percentileTable(w *page.Writer, all []stats.Percentiles) {
	w.Open("table")
	w.Open("thead")
	w.Open("tr")
	w.Leaf("th", "of a flow", "scope", "col")
	for _, name := range []string{"half up to", "90 % up to", "95 % up to", "99 % up to", "at most"} {
		w.Leaf("th", name, "class", "n", "scope", "col")
	}
	w.Close("tr")
	w.Close("thead")
	w.Open("tbody")
	for _, p := range all {
		w.Open("tr")
		name := p.Of
		if !p.Exact {
			name += fmt.Sprintf(" (± %.1f %%)", 100*stats.QuantileError)
		}
		w.Leaf("th", name, "scope", "row")
		for _, v := range []uint64{p.P50, p.P90, p.P95, p.P99, p.Max} {
			w.Leaf("td", quantity(v, p.Unit), "class", "n")
		}
		w.Close("tr")
	}
	w.Close("tbody")
	w.Close("table")
}

// quantity writes a number of bytes, of nanoseconds, or of things.
func quantity(v uint64, unit string) string {
	switch unit {
	case "B":
		return volume(float64(v))
	case "s":
		return span(time.Duration(v))
	}
	return thousands(v)
}

// Limits of a table in a page.
const (
	maxBars     = 10
	maxPageRows = 1000
)

func trafficTable(w *page.Writer, t *stats.Table, id string) {
	w.Open("section", "class", "traffic", "id", id)
	w.Leaf("h2", tableTitle(t))
	w.Leaf("p", heading(t), "class", "muted small")
	for _, n := range statsNotes(t) {
		w.Leaf("p", n, "class", "muted small")
	}
	rows := t.Rows[:min(len(t.Rows), maxPageRows)]
	if len(rows) == 0 {
		w.Leaf("p", "Nothing.")
		w.Close("section")
		return
	}
	columns := statsColumns()
	chosen := func(name string) *statsColumn {
		for i := range columns {
			if columns[i].name == name {
				return &columns[i]
			}
		}
		return nil
	}
	if c := chosen(t.Share); c != nil && t.Sort != "key" {
		var labels []string
		var values []float64
		for i := range rows[:min(len(rows), maxBars)] {
			r := &rows[i]
			var key []string
			for k := range r.Key {
				key = append(key, keyText(r, k))
			}
			labels = append(labels, strings.Join(key, " "))
			values = append(values, r.Share*100)
		}
		w.Open("div", "class", "chart")
		w.Draw(svg.Bars(labels, values, svg.Options{Title: heading(t) + ": share of the " + t.Share, Width: 720,
			Format: func(v float64) string { return fmt.Sprintf("%.1f %%", v) }}))
		w.Close("div")
	}
	w.Open("div", "class", "scroll", "tabindex", "0")
	w.Open("table")
	w.Open("thead")
	w.Open("tr")
	for k, name := range t.By {
		class := ""
		if t.Numbers[k] {
			class = "n"
		}
		w.Leaf("th", name, "class", class, "scope", "col")
	}
	var shown []statsColumn
	for _, c := range columns {
		if (c.keep < 9 || c.name == t.Sort) && slices.ContainsFunc(rows, func(r stats.Row) bool { return c.have(&r) }) {
			shown = append(shown, c)
			w.Leaf("th", c.title, "class", "n", "scope", "col")
			if c.name == t.Share {
				w.Leaf("th", "share", "class", "n", "scope", "col")
			}
		}
	}
	for _, name := range t.Counts {
		w.Leaf("th", name, "class", "n", "scope", "col")
	}
	if t.Approx {
		w.Leaf("th", "lacks", "class", "n", "scope", "col")
	}
	if t.Series != nil {
		w.Leaf("th", t.Drawn+" over time", "scope", "col")
	}
	w.Close("tr")
	w.Close("thead")
	w.Open("tbody")
	for i := range rows {
		r := &rows[i]
		w.Open("tr")
		for k := range t.By {
			class := "k mono"
			if t.Numbers[k] {
				class = "n"
			}
			w.Leaf("td", keyText(r, k), "class", class)
		}
		for _, c := range shown {
			text := "–"
			if c.have(r) {
				text = c.text(r)
			}
			w.Leaf("td", text, "class", "n")
			if c.name == t.Share {
				w.Leaf("td", fmt.Sprintf("%.1f %%", 100*r.Share), "class", "n")
			}
		}
		for k := range t.Counts {
			w.Leaf("td", distinctText(r.Distinct[k]), "class", "n")
		}
		if t.Approx {
			w.Leaf("td", lacks(t, r), "class", "n")
		}
		if t.Series != nil {
			w.Open("td")
			if len(r.Series) > 1 {
				values := make([]float64, len(r.Series))
				for k, v := range r.Series {
					values[k] = float64(v)
				}
				w.Draw(svg.Spark(values, svg.Options{Title: "over time"}))
			}
			w.Close("td")
		}
		w.Close("tr")
	}
	w.Close("tbody")
	w.Close("table")
	w.Close("div")
	if more := len(t.Rows) - len(rows); more > 0 {
		w.Leaf("p", thousands(uint64(more))+" further rows are left out here; -f csv and -f json write all.", "class", "muted small")
	}
	w.Close("section")
}

// lacks tells how much a row may lack of what its table was weighed by.
func lacks(t *stats.Table, r *stats.Row) string {
	if r.Missed() == 0 {
		return "nothing"
	}
	return "≤ " + quantity(r.Missed(), unitOf(t.Weighed))
}

// unitOf is the unit of a measure that adds up.
func unitOf(measure string) string {
	switch {
	case strings.HasSuffix(measure, "bytes"):
		return "B"
	case measure == "duration":
		return "s"
	}
	return ""
}
