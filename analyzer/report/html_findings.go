package report

import (
	"fmt"
	"slices"
	"strconv"

	"seine/analyzer/explain"
	"seine/analyzer/report/svg"
	"seine/detectors"
	"seine/flow"
)

// findings writes the frame that the script fills, and for print and those
// without a script the most severe findings in full, the others as a table.
func (r *htmlReport) findings() {
	r.Open("section", "id", "findings", "aria-labelledby", "h-findings")
	r.Leaf("h2", r.t("Findings"), "id", "h-findings")
	if r.taken == 0 {
		r.Leaf("p", emptyLine(r.s))
		r.Close("section")
		return
	}
	if more := r.taken - len(r.kept); more > 0 {
		left := r.all
		for _, k := range r.kept {
			left[min(k.Severity, detectors.Severities-1)]--
		}
		r.Leaf("p", fmt.Sprintf(r.t("The page tells the %s most severe findings. %s more are counted above and not listed: %s. Other outputs, such as ndjson, have all of them."),
			thousands(uint64(len(r.kept))), thousands(uint64(more)), bySeverity(&left, false)), "class", "notice")
	}
	r.controls()
	r.Open("div", "id", "list", "class", "js noprint")
	r.Close("div")
	r.Open("p", "class", "js noprint")
	r.Leaf("button", r.t("Show more"), "id", "more", "type", "button", "?hidden", "hidden")
	r.Close("p")
	r.Open("div", "class", "plain")
	n := min(len(r.kept), plainShown)
	for i := range n {
		r.finding(r.kept[i].Alert, i)
	}
	r.rest(n)
	r.Close("div")
	r.Close("section")
}

func (r *htmlReport) controls() {
	r.Open("form", "id", "controls", "class", "js noprint card", "role", "search", "aria-label", r.t("Filter the findings"))
	r.Open("div", "class", "row")
	r.Leaf("label", r.t("Search"), "for", "q")
	r.Input("id", "q", "type", "search", "autocomplete", "off", "spellcheck", "false", "placeholder", r.t("address, port, word …"), "aria-describedby", "keys")
	r.Leaf("label", r.t("Host"), "for", "host")
	r.Input("id", "host", "type", "text", "autocomplete", "off", "spellcheck", "false", "size", "14")
	r.Leaf("label", r.t("Detector"), "for", "detector")
	r.Open("select", "id", "detector")
	r.Leaf("option", r.t("all"), "value", "")
	r.Close("select")
	r.Leaf("label", r.t("Sort"), "for", "sort")
	r.Open("select", "id", "sort")
	for _, o := range [][2]string{{"severity", "severity"}, {"early", "earliest first"}, {"late", "latest first"}, {"risk", "risk of the host"}, {"count", "most often met"}} {
		r.Leaf("option", r.t(o[1]), "value", o[0])
	}
	r.Close("select")
	r.Close("div")
	r.Open("fieldset", "class", "row")
	r.Leaf("legend", r.t("Severity"), "class", "hide")
	for s := int(detectors.Severities) - 1; s >= 0; s-- {
		if r.all[s] > 0 {
			r.Open("label", "class", "pick")
			r.Input("type", "checkbox", "name", "severity", "value", strconv.Itoa(s), "?checked", "checked")
			r.badge(detectors.Severity(s), r.t(detectors.Severity(s).String()))
			r.Close("label")
		}
	}
	for _, st := range r.statuses() {
		r.Open("label", "class", "pick")
		r.Input("type", "checkbox", "name", "status", "value", st.String(), "?checked", "checked")
		r.Leaf("span", r.t(st.String()))
		r.Close("label")
	}
	r.Leaf("button", r.t("Reset"), "type", "button", "id", "all")
	r.Leaf("span", "", "id", "shown", "role", "status", "class", "small muted")
	r.Close("fieldset")
	r.Leaf("p", r.t("Keys: / search, j and k next and previous finding, Enter opens."), "id", "keys", "class", "small muted")
	r.Close("form")
}

// statuses are those that occur, if any finding was compared.
func (r *htmlReport) statuses() (all []detectors.Status) {
	var seen [detectors.Gone + 1]bool
	for _, k := range r.kept {
		if k.Status <= detectors.Gone {
			seen[k.Status] = true
		}
	}
	for s := detectors.New; s <= detectors.Gone; s++ {
		if seen[s] {
			all = append(all, s)
		}
	}
	return all
}

// finding writes a finding in full.
func (r *htmlReport) finding(a *detectors.Alert, place int) {
	told := r.teller.Tell(a, r.o.Names)
	severity := min(a.Severity, detectors.Severities-1)
	r.Open("article", "class", "f card "+severity.String(), "id", fmt.Sprintf("p-%d", place))
	r.Open("h3")
	r.badge(severity, r.t(severity.String()))
	r.say(" " + told.Title)
	if a.Status != detectors.NotCompared {
		r.Text(" ")
		r.Leaf("span", r.t(a.Status.String()), "class", "tag")
	}
	r.Close("h3")
	r.Open("p", "class", "small muted")
	r.say(r.when(a) + " · " + a.Detector.ID + "/" + a.Rule.ID + " · " + a.Subject.String())
	r.Close("p")
	r.field("p", a.Summary, "class", "summary")
	if told.What != a.Summary && told.What != "" {
		r.field("p", told.What)
	}
	for i := range a.Charts {
		if d := picture(&a.Charts[i]); d != "" {
			r.Open("figure", "class", "chart")
			r.Draw(d)
			r.field("figcaption", a.Charts[i].Title, "class", "small muted")
			r.Close("figure")
		}
	}
	if told.Measured != "" {
		r.Leaf("h4", r.t("Measured against"))
		r.field("p", told.Measured)
	}
	r.facts(a)
	if told.Why != "" {
		r.Leaf("h4", r.t("Why it matters"))
		r.field("p", told.Why)
	}
	r.list("What else it could be", told.Else)
	r.list("What to check next", told.Next)
	if len(a.Annotations) > 0 {
		r.Leaf("h4", r.t("Known of the addresses"))
		for i := range a.Annotations {
			n := &a.Annotations[i]
			r.Open("p", "class", "small")
			r.field("span", n.IP.String()+" ", "class", "mono")
			r.field("span", n.Key+": "+n.Value)
			r.field("span", " ("+n.Source+")", "class", "muted")
			r.Close("p")
		}
	}
	r.evidence(a, &told)
	r.Close("article")
}

// when tells when a finding was met, how often, and how sure it is.
func (r *htmlReport) when(a *detectors.Alert) string {
	s := string(r.enc.time(nil, a.FirstSeen))
	if a.LastSeen != a.FirstSeen {
		s += " – " + string(r.enc.time(nil, a.LastSeen))
	}
	if a.Count > 1 {
		s += " · " + fmt.Sprintf(r.t("met %s times"), thousands(a.Count))
	}
	if a.Confidence > 0 {
		s += " · " + r.t("confidence") + " " + strconv.FormatFloat(a.Confidence, 'f', 2, 64)
	}
	return s
}

func (r *htmlReport) list(title string, items []string) {
	if len(items) == 0 {
		return
	}
	r.Leaf("h4", r.t(title))
	r.Open("ul")
	for _, s := range items {
		r.Open("li")
		r.say(s)
		r.Close("li")
	}
	r.Close("ul")
}

// facts writes the numbers that were held against a threshold as a table, and
// the others below it.
func (r *htmlReport) facts(a *detectors.Alert) {
	rows := factRows(a.Facts)
	if len(rows) == 0 {
		return
	}
	held := slices.ContainsFunc(rows, func(f factRow) bool { return f.limit != "" })
	r.Leaf("h4", r.t("Numbers and thresholds"))
	if held {
		r.Open("table", "class", "facts")
		r.tableHead("number", "value", "threshold")
		for _, f := range rows {
			if f.limit != "" {
				r.Open("tr")
				r.field("td", f.name)
				r.field("td", f.value)
				r.field("td", f.limit)
				r.Close("tr")
			}
		}
		r.Close("table")
	}
	alone := slices.DeleteFunc(rows, func(f factRow) bool { return f.limit != "" })
	if len(alone) == 0 {
		return
	}
	r.Open("ul", "class", "kv")
	for _, f := range alone {
		class := ""
		if len(f.value) > wideFact {
			class = "wide"
		}
		r.Open("li", "class", class)
		r.field("span", f.name, "class", "muted")
		r.say(" " + f.value)
		r.Close("li")
	}
	r.Close("ul")
}

// wideFact is the length from which a number, which then is a list or a text,
// gets a line of its own.
const wideFact = 32

func (r *htmlReport) tableHead(titles ...string) {
	r.Open("tr")
	for _, t := range titles {
		r.Leaf("th", r.t(t), "scope", "col")
	}
	r.Close("tr")
}

func (r *htmlReport) evidence(a *detectors.Alert, told *explain.Told) {
	if len(a.Evidence) > 0 {
		r.Leaf("h4", r.t("Flows behind it"))
		r.Open("div", "class", "scroll")
		r.Open("table")
		r.tableHead("time", "protocol", "flow", "state", "volume", "file and row")
		shown := shownEvidence(a, r.o.Evidence)
		t := tableSink{o: r.o, enc: r.enc}
		for i := range shown {
			r.Open("tr")
			for _, c := range t.flowCells(&shown[i]) {
				r.field("td", c)
			}
			r.Close("tr")
		}
		r.Close("table")
		r.Close("div")
		if more := max(a.Flows, uint64(len(shown))) - uint64(len(shown)); more > 0 {
			r.Leaf("p", fmt.Sprintf(r.t("and %s more flows"), thousands(more)), "class", "small muted")
		}
	}
	if told.Look != "" {
		r.Leaf("h4", r.t("To see the flows"))
		r.Open("p")
		r.field("code", told.Look)
		r.Close("p")
	}
	r.Open("p", "class", "small muted")
	r.Text("id " + string(appendID(nil, a)))
	for i, id := range a.Rule.ATTACK {
		if i == 0 {
			r.Text(" · ATT&CK")
		}
		r.say(" " + id)
	}
	r.Close("p")
}

// rest lists the findings that are not written out, for print and those
// without a script, as far as a printer has paper.
func (r *htmlReport) rest(from int) {
	const most = 500
	rest := r.kept[from:]
	if len(rest) == 0 {
		return
	}
	shown := rest[:min(len(rest), most)]
	r.Leaf("h3", fmt.Sprintf(r.t("%s more findings"), thousands(uint64(len(rest)))))
	r.Open("div", "class", "scroll")
	r.Open("table")
	r.tableHead("severity", "time", "detector", "what")
	for _, k := range shown {
		r.Open("tr")
		r.Leaf("td", r.t(min(k.Severity, detectors.Severities-1).String()))
		r.Leaf("td", string(r.enc.time(nil, k.Time.Floor(flow.Second))))
		r.field("td", k.Detector.ID+"/"+k.Rule.ID)
		r.field("td", k.Summary)
		r.Close("tr")
	}
	r.Close("table")
	r.Close("div")
	if len(rest) > most {
		r.Leaf("p", fmt.Sprintf(r.t("and %s more"), thousands(uint64(len(rest)-most))), "class", "muted")
	}
}

// picture draws a chart of an alert; empty if there is nothing to draw.
func picture(c *detectors.Chart) string {
	if len(c.Values) == 0 || len(c.Values) > detectors.MaxChart {
		return ""
	}
	format := unitFormat(c.Y.Unit)
	o := svg.Options{Title: clean(c.Title), XName: axisName(c.X), YName: axisName(c.Y), Format: format}
	if c.HasMark {
		o.Mark = &svg.Place{At: c.Mark, Label: clean(c.MarkLabel)}
	}
	if c.HasLevel {
		o.Level = &svg.Place{At: c.Level, Label: clean(c.LevelLabel)}
	}
	labels := cleaned(c.X.Labels)
	switch {
	case c.Kind == detectors.Matrix:
		if len(labels)*len(c.Y.Labels) != len(c.Values) {
			return ""
		}
		return svg.Matrix(labels, cleaned(c.Y.Labels), c.Values, o)
	case c.Kind == detectors.Timeline:
		o.XName = ""
		return svg.Series(c.X.At, c.Values, o)
	case len(c.X.At) > 0:
		return svg.Columns(c.X.At, c.Values, o)
	}
	return svg.Bars(labels, c.Values, o)
}

// unitFormat writes numbers of a unit.
func unitFormat(unit string) func(float64) string {
	if unit == "bytes" || unit == "B" {
		return svg.Bytes
	}
	return svg.Number
}

func axisName(a detectors.Axis) string {
	name := clean(a.Name)
	if a.Unit != "" && a.Unit != a.Name && a.Unit != "bytes" && a.Unit != "B" {
		name += " (" + clean(a.Unit) + ")"
	}
	return name
}

func cleaned(texts []string) []string {
	out := make([]string, len(texts))
	for i, t := range texts {
		out[i] = clean(t)
	}
	return out
}
