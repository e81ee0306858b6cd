package report

import (
	"fmt"
	"slices"

	"seine/analyzer"
)

// unseen tells what this run could not have found.
func (r *htmlReport) unseen() {
	s := r.s
	r.Open("section", "id", "unseen", "aria-labelledby", "h-unseen")
	r.Leaf("h2", r.t("What could not be observed"), "id", "h-unseen")
	r.Leaf("p", r.t("Flows tell who spoke with whom, when and how much, not what was said. What did not pass the sensors is not here, and silence is no proof of innocence."))
	r.Open("ul")
	item := func(text string) {
		r.Open("li")
		r.say(text)
		r.Close("li")
	}
	titles := map[string]string{}
	for _, d := range r.o.Chain {
		titles[d.ID] = d.Title
	}
	for i := range s.Detectors {
		if d := &s.Detectors[i]; d.Skipped != "" {
			text := fmt.Sprintf(r.t("%s did not run: %s."), d.ID, d.Skipped)
			if t := titles[d.ID]; t != "" {
				text += " " + fmt.Sprintf(r.t("So nobody looked for: %s."), t)
			}
			item(text)
		}
	}
	for _, c := range []struct {
		n    uint64
		text string
	}{
		{s.Filtered, "Flows left out by choice (--where, --since, --until, --sample): %s. What they were part of looks smaller, or is missing."},
		{s.Bad, "Rows that could not be read, and that no detector saw: %s."},
		{s.Late, "Flows that came too late for their time window, and count in none: %s."},
		{s.Forgotten, "Addresses forgotten to keep memory bounded, which count as new when they come back: %s."},
		{findings(&s.Hidden), "Alerts below the severity that was asked for, which are not shown: %s."},
		{s.Ignored, "Flows that rules of the user kept from the detectors: %s."},
		{s.Suppressed, "Findings that rules of the user suppress: %s."},
	} {
		if c.n > 0 {
			item(fmt.Sprintf(r.t(c.text), thousands(c.n)))
		}
	}
	for i := range s.Detectors {
		for _, c := range s.Detectors[i].Counts {
			if !c.Ordinary {
				item(fmt.Sprintf("%s: %s %s (%s)", s.Detectors[i].ID, thousands(c.N), c.Name, c.Doc))
			}
		}
	}
	r.Close("ul")
	if len(r.o.Chain) > 0 {
		r.Open("details", "class", "noprint")
		r.Leaf("summary", r.t("Blind spots of each detector"))
		for _, d := range r.o.Chain {
			spots := section(d.Doc, "Blind spots")
			if len(spots) == 0 {
				continue
			}
			r.Open("h4")
			r.say(d.ID + ": " + d.Title)
			r.Close("h4")
			r.Open("ul", "class", "small")
			for _, t := range spots {
				item(t)
			}
			r.Close("ul")
		}
		r.Close("details")
	}
	r.Close("section")
}

// quality tells what was read, and what was wrong with it.
func (r *htmlReport) quality() {
	s := r.s
	r.Open("section", "id", "quality", "aria-labelledby", "h-quality")
	r.Leaf("h2", r.t("Data quality"), "id", "h-quality")
	r.Open("dl", "class", "grid")
	pair := func(name, value string) {
		r.Open("div")
		r.Leaf("dt", r.t(name))
		r.field("dd", value)
		r.Close("div")
	}
	pair("rows read", thousands(records(s)))
	pair("bad rows", thousands(s.Bad))
	pair("skipped (headers, comments)", thousands(s.Skipped))
	if s.Stitched.Records > 0 {
		pair("flows", thousands(s.Rows))
	}
	pair("late flows", thousands(s.Late))
	pair("addresses", thousands(s.Hosts))
	about := ""
	if s.PairsApprox {
		about = "≈ "
	}
	pair("pairs of addresses", about+thousands(s.Pairs))
	if v := s.FlowBytes; v != nil {
		pair("flow size, median", volume(v.Median))
		pair("flow size, 99 %", volume(v.P99))
		pair("flow size, largest", volume(v.Max))
	}
	r.Close("dl")
	r.files(slices.Concat(s.Files, s.Alerts))
	r.badRows(s)
	r.lines("Warnings", s.Warnings)
	r.triage(s)
	r.detectors()
	r.Close("section")
}

// triage tells what rules of the user hid, and what an earlier run had.
func (r *htmlReport) triage(s *analyzer.Summary) {
	var lines []string
	for i := range s.Rules {
		u := &s.Rules[i]
		name := u.Kind
		if u.ID != "" {
			name += " " + u.ID
		}
		line := fmt.Sprintf("%s (%s): %s × – %s", name, u.Place, thousands(u.Hidden), u.Reason)
		if u.Author != "" {
			line += ", " + u.Author
		}
		if u.HasExpires {
			line += ", " + r.t("until") + " " + u.Expires.String()
		}
		if u.Over {
			line += " (" + r.t("expired") + ")"
		}
		lines = append(lines, line)
	}
	r.lines("Rules of triage, and how often each hid something", lines)
	if c := s.Compared; c != nil {
		r.Leaf("h3", r.t("Against the earlier run"))
		r.Leaf("p", fmt.Sprintf(r.t("New: %s. Known: %s. Gone: %s."), thousands(findings(&c.New)), thousands(findings(&c.Known)), thousands(uint64(len(c.Gone)))))
		gone := make([]string, len(c.Gone))
		for i := range c.Gone {
			g := &c.Gone[i]
			gone[i] = fmt.Sprintf("%s %s/%s %s: %s", g.Severity, g.Detector, g.Rule, g.Subject, g.Summary)
		}
		r.lines("Gone since", gone)
	}
}

func (r *htmlReport) files(files []analyzer.FileSummary) {
	if len(files) == 0 {
		return
	}
	r.Leaf("h3", r.t("Files"))
	r.Open("div", "class", "scroll")
	r.Open("table")
	r.Open("tr")
	for i, t := range []string{"file", "format", "rows", "bad", "skipped", "notes"} {
		class := ""
		if i > 1 && i < 5 {
			class = "n"
		}
		r.Leaf("th", r.t(t), "scope", "col", "class", class)
	}
	r.Close("tr")
	for i := range files[:min(len(files), pageLines)] {
		f := &files[i]
		r.Open("tr")
		r.field("td", f.Name, "class", "mono")
		kind := f.Format
		if f.Packing != "" {
			kind += " (" + f.Packing + ")"
		}
		if f.Ignored {
			kind = r.t("no flow data")
		}
		r.field("td", kind)
		r.Leaf("td", thousands(f.Rows), "class", "n")
		r.Leaf("td", thousands(f.Bad), "class", "n")
		r.Leaf("td", thousands(f.Skipped), "class", "n")
		r.Open("td")
		if f.Error != "" {
			r.field("p", r.t("error")+": "+f.Error)
		}
		for _, n := range f.Notes[:min(len(f.Notes), 10)] {
			r.field("p", n)
		}
		r.Close("td")
		r.Close("tr")
	}
	r.Close("table")
	r.Close("div")
	r.more(len(files) - pageLines)
}

// more tells how many are not listed, if any.
func (r *htmlReport) more(n int) {
	if n > 0 {
		r.Leaf("p", fmt.Sprintf(r.t("and %s more"), thousands(uint64(n))), "class", "small muted")
	}
}

func (r *htmlReport) badRows(s *analyzer.Summary) {
	var lines []string
	n := 0
	for i := range s.Files {
		for _, b := range s.Files[i].BadRows {
			if n++; n <= pageLines {
				lines = append(lines, fmt.Sprintf("%s:%d: %s", s.Files[i].Name, b.Row, b.Reason))
			}
		}
	}
	r.lines("Bad rows, the first of each file", lines)
}

func (r *htmlReport) lines(title string, lines []string) {
	if len(lines) == 0 {
		return
	}
	r.Open("details", "?open", "open")
	r.Leaf("summary", r.t(title))
	r.Open("ul", "class", "small")
	for _, l := range lines[:min(len(lines), pageLines)] {
		r.Open("li")
		r.say(l)
		r.Close("li")
	}
	r.Close("ul")
	r.more(len(lines) - pageLines)
	r.Close("details")
}

// detectors lists what each detector raised.
func (r *htmlReport) detectors() {
	if len(r.s.Detectors) == 0 {
		return
	}
	r.Open("details")
	r.Leaf("summary", r.t("Detectors"))
	r.Open("div", "class", "scroll")
	r.Open("table")
	r.tableHead("detector", "alerts before folding", "notes")
	for i := range r.s.Detectors {
		d := &r.s.Detectors[i]
		r.Open("tr")
		r.field("td", d.ID)
		raised := bySeverity(&d.Raised, false)
		if raised == "" {
			raised = "–"
		}
		r.Leaf("td", raised)
		r.Open("td")
		if d.Skipped != "" {
			r.field("p", r.t("did not run")+": "+d.Skipped)
		}
		for _, c := range d.Counts {
			r.field("p", fmt.Sprintf("%s %s: %s", thousands(c.N), c.Name, c.Doc))
		}
		r.Close("td")
		r.Close("tr")
	}
	r.Close("table")
	r.Close("div")
	r.Close("details")
}

func (r *htmlReport) foot() {
	r.Open("footer")
	version := "Seine"
	if r.o.Version != "" {
		version += " " + r.o.Version
	}
	r.field("p", version+". "+r.t("All times are UTC. This page fetches nothing; the alerts are in it as JSON, in the layout")+" "+alertLayout+".")
	r.Close("footer")
}
