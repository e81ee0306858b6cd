package report

import (
	"bytes"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twwidth"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// Widths of the table, in columns of the terminal.
const (
	gap      = 2  // between two columns
	roomy    = 32 // the sentence gets so much before anything else is kept
	narrow   = 20 // and is never cut below this
	ellipsis = "…"
)

// A column of the table.
type column struct {
	title string
	text  func(*alertRow) string
	right bool
}

// layOut gives the lines of the table, the header first. On a terminal it
// takes the first arrangement that leaves the sentence enough room, and cuts
// only the sentence.
func layOut(rows []alertRow, o Options) ([]string, error) {
	sentence := widest("what", rows, func(r *alertRow) string { return r.what })
	var chosen []column
	cut := 0
	for _, columns := range arrangements(rows) {
		chosen = columns
		if o.Width <= 0 {
			break
		}
		free := o.Width
		for _, c := range columns {
			if c.title != "what" {
				free -= widest(c.title, rows, c.text) + gap
			}
		}
		cut = max(free, narrow)
		if free >= min(sentence, roomy) {
			break
		}
	}
	lines, err := draw(rows, chosen, cut)
	if err != nil || !o.Color {
		return lines, err
	}
	for i, r := range rows { // the severity comes first
		word := r.severity.String()
		lines[i+1] = paint(r.severity, word) + strings.TrimPrefix(lines[i+1], word)
	}
	return lines, nil
}

// arrangements are the columns to try, from all of them to the fewest. What
// goes first is what the other outputs tell just as well; the subject goes
// before the sentence does, since the sentence names it too.
func arrangements(rows []alertRow) [][]column {
	var (
		severity  = column{title: "severity", text: func(r *alertRow) string { return r.severity.String() }}
		time      = column{title: "time (UTC)", text: func(r *alertRow) string { return r.date + " " + r.clock }}
		shortTime = column{title: "time (UTC)", text: func(r *alertRow) string { return r.date[len("2006-"):] + " " + r.clock }}
		rule      = column{title: "detector/rule", text: func(r *alertRow) string { return r.detector + "/" + r.rule }}
		detector  = column{title: "detector", text: func(r *alertRow) string { return r.detector }}
		subject   = column{title: "subject", text: func(r *alertRow) string { return r.subject }}
		bare      = column{title: "subject", text: func(r *alertRow) string { return r.bare }}
		what      = column{title: "what", text: func(r *alertRow) string { return r.what }}
		count     = column{title: "count", text: func(r *alertRow) string { return r.count }, right: true}
		place     = column{title: "first flow", text: func(r *alertRow) string { return r.place }}
		baseName  = column{title: "first flow", text: func(r *alertRow) string {
			return r.place[strings.LastIndexAny(r.place, `/\`)+1:]
		}}
	)
	all := [][]column{
		{severity, time, rule, subject, what, count, place},
		{severity, time, rule, subject, what, count, baseName},
		{severity, time, rule, subject, what, count},
		{severity, shortTime, rule, subject, what, count},
		{severity, shortTime, detector, subject, what, count},
		{severity, shortTime, rule, bare, what, count},
		{severity, shortTime, detector, bare, what, count},
		{severity, time, rule, what, count, baseName},
		{severity, shortTime, rule, what, count},
		{severity, shortTime, detector, what, count},
		{severity, shortTime, detector, what},
		{severity, detector, what},
		{severity, what},
	}
	if !slices.ContainsFunc(rows, func(r alertRow) bool { return r.status != "" }) {
		return all
	}
	status := column{title: "", text: func(r *alertRow) string { return r.status }}
	for i := range all { // what is new is worth more than the rest
		all[i] = slices.Insert(all[i], 1, status)
	}
	return all
}

func widest(title string, rows []alertRow, text func(*alertRow) string) int {
	w := width(title)
	for i := range rows {
		w = max(w, width(text(&rows[i])))
	}
	return w
}

// width is how many columns a text takes on a terminal, whatever the locale.
func width(s string) int { return twwidth.WidthWithOptions(s, twwidth.Options{}) }

// shorten cuts a text to a width.
func shorten(s string, to int) string {
	if width(s) <= to {
		return s
	}
	used := 0
	for i, r := range s {
		if used += width(string(r)); used > to-width(ellipsis) {
			return s[:i] + ellipsis
		}
	}
	return s
}

// draw renders the rows, one line each. A cut of zero leaves the sentence whole.
func draw(rows []alertRow, columns []column, cut int) ([]string, error) {
	titles := make([]string, len(columns))
	align := make([]tw.Align, len(columns))
	for i, c := range columns {
		titles[i], align[i] = c.title, tw.AlignLeft
		if c.right {
			align[i] = tw.AlignRight
		}
	}
	// The library looks at the locale when it starts, and would lay the same
	// alerts out differently on another machine.
	twwidth.SetOptions(twwidth.Options{})
	var out bytes.Buffer
	t := tablewriter.NewTable(&out,
		tablewriter.WithConfig(tablewriter.Config{
			Header: tw.CellConfig{
				Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
				Alignment:  tw.CellAlignment{PerColumn: align},
			},
			Row: tw.CellConfig{
				Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone},
				Alignment:  tw.CellAlignment{PerColumn: align},
			},
			Behavior: tw.Behavior{TrimSpace: tw.Off, AutoHide: tw.Off},
		}),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone, Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithPadding(tw.Padding{Right: strings.Repeat(" ", gap)}))
	t.Header(titles)
	for i := range rows {
		cells := make([]string, len(columns))
		for j, c := range columns {
			cells[j] = c.text(&rows[i])
			if c.title == "what" && cut > 0 {
				cells[j] = shorten(cells[j], cut)
			}
		}
		if err := t.Append(cells); err != nil {
			return nil, err
		}
	}
	if err := t.Render(); err != nil {
		return nil, err
	}
	lines := strings.Split(strings.TrimRight(out.String(), "\n"), "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return lines, nil
}
