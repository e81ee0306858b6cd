package eval

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"
)

// WriteText writes the outcome for people: a line per capture, a line per
// detector over all of them, and what was said of whom where verbose.
func WriteText(w io.Writer, all []*Result, verbose bool) error {
	sum := Sum("all", all)
	rows := [][]string{scoreHeader("capture")}
	for _, r := range all {
		if r.Error != "" {
			rows = append(rows, append([]string{printable(r.ID), "error: " + printable(r.Error)}, make([]string, len(rows[0])-2)...))
			continue
		}
		rows = append(rows, scoreRow(printable(r.ID), &r.Total))
	}
	if len(all) > 1 {
		rows = append(rows, scoreRow("all", &sum.Total))
	}
	if err := table(w, rows); err != nil {
		return err
	}
	rows = [][]string{scoreHeader("detector")}
	for i := range sum.Detectors {
		rows = append(rows, scoreRow(sum.Detectors[i].Name, &sum.Detectors[i]))
	}
	rows = append(rows, scoreRow("all", &sum.Total), scoreRow(sum.Everything.Name, &sum.Everything), scoreRow(sum.Nothing.Name, &sum.Nothing))
	fmt.Fprintln(w)
	if err := table(w, rows); err != nil {
		return err
	}
	rows = [][]string{{"capture", "host", "is", "named"}}
	for _, r := range all {
		for _, f := range r.Findings {
			named := strings.Join(f.Rules, ", ")
			if named == "" {
				if !verbose && f.Class == Benign {
					continue
				}
				named = "nothing"
			}
			if !verbose && f.Class == Malicious && len(f.Rules) > 0 {
				continue
			}
			rows = append(rows, []string{printable(r.ID), f.Host, f.Class.String(), named})
		}
	}
	if len(rows) > 1 {
		if _, err := fmt.Fprintln(w, "\nmissed, or accused wrongly"+map[bool]string{true: ", or found"}[verbose]+":"); err != nil {
			return err
		}
		return table(w, rows)
	}
	return nil
}

// String names the class.
func (c Class) String() string { return [...]string{"unlabelled", "malicious", "benign"}[c] }

func scoreHeader(first string) []string {
	return []string{first, "TP", "FP", "FN", "TN", "precision", "recall", "F1", "FPR", "hours P", "hours R", "others", "alerts", "per 100 host-days", "delay"}
}

func scoreRow(name string, s *Score) []string {
	num := func(v float64, ok bool) string {
		if !ok {
			return "-"
		}
		return fmt.Sprintf("%.2f", v)
	}
	m := s.Hosts
	delay := "-"
	if s.HasDelay {
		delay = time.Duration(s.Delay * float64(time.Second)).Round(time.Second).String()
	}
	rate := "-"
	if v, ok := s.Rate(); ok {
		rate = fmt.Sprintf("%.1f", v)
	}
	return []string{
		name, fmt.Sprint(m.TP), fmt.Sprint(m.FP), fmt.Sprint(m.FN), fmt.Sprint(m.TN),
		num(m.Precision()), num(m.Recall()), num(m.F1()), num(m.FalsePositiveRate()),
		num(s.Windows.Precision()), num(s.Windows.Recall()),
		fmt.Sprint(s.Others), fmt.Sprint(s.Alerts), rate, delay,
	}
}

// printable drops what could command a terminal.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return '?'
		}
		return r
	}, s)
}

// table writes rows, the first of which is the header.
func table(w io.Writer, rows [][]string) error {
	right := make([]tw.Align, len(rows[0]))
	for i := range right {
		right[i] = tw.AlignRight
		if i == 0 || rows[0][i] == "host" || rows[0][i] == "is" || rows[0][i] == "named" {
			right[i] = tw.AlignLeft
		}
	}
	t := tablewriter.NewTable(w,
		tablewriter.WithConfig(tablewriter.Config{
			Header:   tw.CellConfig{Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone}, Alignment: tw.CellAlignment{PerColumn: right}},
			Row:      tw.CellConfig{Formatting: tw.CellFormatting{AutoWrap: tw.WrapNone}, Alignment: tw.CellAlignment{PerColumn: right}},
			Behavior: tw.Behavior{TrimSpace: tw.Off, AutoHide: tw.Off},
		}),
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{
			Borders: tw.BorderNone, Symbols: tw.NewSymbols(tw.StyleNone),
			Settings: tw.Settings{Separators: tw.SeparatorsNone, Lines: tw.LinesNone},
		})),
		tablewriter.WithPadding(tw.Padding{Right: "  "}))
	t.Header(rows[0])
	for _, r := range rows[1:] {
		if err := t.Append(r); err != nil {
			return err
		}
	}
	return t.Render()
}

type jsonMatrix struct {
	TP        uint64   `json:"tp"`
	FP        uint64   `json:"fp"`
	FN        uint64   `json:"fn"`
	TN        uint64   `json:"tn"`
	Precision *float64 `json:"precision"`
	Recall    *float64 `json:"recall"`
	F1        *float64 `json:"f1"`
	FPR       *float64 `json:"false_positive_rate"`
}

type jsonScore struct {
	Name    string     `json:"name"`
	Hosts   jsonMatrix `json:"hosts"`
	Windows jsonMatrix `json:"host_windows"`
	Others  uint64     `json:"other_hosts_accused"`
	Alerts  uint64     `json:"alerts"`
	Rate    *float64   `json:"alerts_per_100_host_days"`
	Delay   *float64   `json:"median_delay_s"`
}

type jsonFinding struct {
	Host  string   `json:"host"`
	Class string   `json:"class"`
	Rules []string `json:"rules"`
}

type jsonResult struct {
	ID         string        `json:"id"`
	Error      string        `json:"error,omitempty"`
	Days       float64       `json:"days"`
	Hosts      int           `json:"hosts"`
	Internal   int           `json:"internal_hosts"`
	Truncated  bool          `json:"truncated"`
	Total      jsonScore     `json:"total"`
	Detectors  []jsonScore   `json:"detectors"`
	Everything jsonScore     `json:"accuse_everybody"`
	Nothing    jsonScore     `json:"accuse_nobody"`
	Findings   []jsonFinding `json:"findings,omitempty"`
}

func pointer(v float64, ok bool) *float64 {
	if !ok {
		return nil
	}
	return &v
}

func (m Matrix) json() jsonMatrix {
	return jsonMatrix{
		m.TP, m.FP, m.FN, m.TN,
		pointer(m.Precision()), pointer(m.Recall()), pointer(m.F1()), pointer(m.FalsePositiveRate()),
	}
}

func (s *Score) json() jsonScore {
	return jsonScore{s.Name, s.Hosts.json(), s.Windows.json(), s.Others, s.Alerts, pointer(s.Rate()), pointer(s.Delay, s.HasDelay)}
}

func (r *Result) json() jsonResult {
	j := jsonResult{
		ID: r.ID, Error: r.Error, Days: r.Days, Hosts: r.Hosts, Internal: r.Internal, Truncated: r.Truncated,
		Total: r.Total.json(), Detectors: []jsonScore{}, Everything: r.Everything.json(), Nothing: r.Nothing.json(),
	}
	for i := range r.Detectors {
		j.Detectors = append(j.Detectors, r.Detectors[i].json())
	}
	for _, f := range r.Findings {
		rules := f.Rules
		if rules == nil {
			rules = []string{}
		}
		j.Findings = append(j.Findings, jsonFinding{f.Host, f.Class.String(), rules})
	}
	return j
}

// WriteJSON writes the outcome as one JSON document.
func WriteJSON(w io.Writer, all []*Result) error {
	doc := struct {
		Schema   string       `json:"schema"`
		All      jsonResult   `json:"all"`
		Captures []jsonResult `json:"captures"`
	}{Schema: "seine.eval/1", All: Sum("all", all).json(), Captures: []jsonResult{}}
	for _, r := range all {
		doc.Captures = append(doc.Captures, r.json())
	}
	e := json.NewEncoder(w)
	e.SetIndent("", " ")
	return e.Encode(doc)
}
