package report

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"seine/analyzer"
	"seine/analyzer/report/svg"
	"seine/detectors"
)

// t is a label in the language of the page.
func (r *htmlReport) t(label string) string { return r.w.of(label) }

// say writes a text that may come from the input.
func (r *htmlReport) say(s string) { r.Text(clean(s)) }

// field writes an element that holds such a text.
func (r *htmlReport) field(tag, s string, attributes ...string) {
	r.Leaf(tag, clean(s), attributes...)
}

// severityShapes tell severities apart without colours.
var severityShapes = [detectors.Severities]string{"○", "●", "■", "▲", "◆"}

// badge writes a severity as a word with its shape.
func (r *htmlReport) badge(s detectors.Severity, text string) {
	s = min(s, detectors.Severities-1)
	r.Open("span", "class", "badge "+s.String())
	r.Leaf("span", severityShapes[s], "aria-hidden", "true")
	r.Text(" " + text)
	r.Close("span")
}

func (r *htmlReport) head() {
	r.Leaf("a", r.t("To the findings"), "class", "skip", "href", "#findings")
	r.Open("header", "class", "top")
	r.Open("div")
	r.Leaf("p", "Seine", "class", "brand")
	r.Leaf("h1", r.t("What the net brought up"))
	r.Open("p", "class", "lede")
	r.Text(r.verdict())
	r.Close("p")
	if n := findings(&r.all); n > 0 {
		r.Open("p", "class", "badges")
		for s := int(detectors.Severities) - 1; s >= 0; s-- {
			if r.all[s] > 0 {
				r.badge(detectors.Severity(s), thousands(r.all[s])+" "+r.t(detectors.Severity(s).String()))
				r.Text(" ")
			}
		}
		r.Close("p")
	}
	r.Open("button", "id", "theme", "type", "button", "class", "js", "data-light", r.t("Light"), "data-dark", r.t("Dark"))
	r.Text(r.t("Dark"))
	r.Close("button")
	r.Open("nav", "aria-label", r.t("Sections"))
	r.Open("ul")
	for _, l := range [][2]string{{"first", "Look at first"}, {"time", "Over time"}, {"hosts", "Hosts by risk"}, {"findings", "Findings"}, {"traffic", "Traffic"}, {"unseen", "Not observable"}, {"quality", "Data quality"}} {
		if r.taken == 0 && (l[0] == "first" || l[0] == "time") || len(r.s.Ranking) == 0 && l[0] == "hosts" || r.traffic == nil && l[0] == "traffic" {
			continue
		}
		r.Open("li")
		r.Leaf("a", r.t(l[1]), "href", "#"+l[0])
		r.Close("li")
	}
	r.Close("ul")
	r.Close("nav")
	r.Close("div")
	r.Draw(wave)
	r.Close("header")
}

// wave is the net: floats on a line, and meshes below it.
const wave = `<svg class="wave" viewBox="0 0 1200 26" preserveAspectRatio="none" aria-hidden="true" role="presentation"><defs>` +
	`<pattern id="mesh" width="24" height="26" patternUnits="userSpaceOnUse"><path d="M0 2Q6 7 12 2T24 2" fill="none" stroke="currentColor" stroke-width="1.6"/>` +
	`<path d="M0 2L12 14L24 2M0 26L12 14L24 26" fill="none" stroke="currentColor" stroke-width=".7" opacity=".38"/><circle cx="12" cy="2.6" r="1.8" fill="currentColor"/></pattern></defs>` +
	`<rect width="1200" height="26" fill="url(#mesh)"/></svg>`

// verdict is the first thing to know, in a sentence or two.
func (r *htmlReport) verdict() string {
	var b strings.Builder
	files := 0
	for i := range r.s.Files {
		if !r.s.Files[i].Ignored {
			files++
		}
	}
	replayed := len(r.s.Alerts) > 0 && r.s.Rows == 0
	switch {
	case replayed:
		fmt.Fprintf(&b, r.t("Findings of an earlier run, read back: %s."), thousands(uint64(r.taken)))
	case r.taken == 0 && r.s.Rows == 0:
		b.WriteString(r.t("No flows were read, so nothing can be said."))
	case r.taken == 0:
		fmt.Fprintf(&b, r.t("Nothing was found in %s flows."), thousands(r.s.Rows))
	case r.taken == 1 && r.s.Rows == 1:
		b.WriteString(r.t("One finding in one flow."))
	case r.taken == 1:
		fmt.Fprintf(&b, r.t("One finding in %s flows."), thousands(r.s.Rows))
	default:
		fmt.Fprintf(&b, r.t("%s findings in %s flows."), thousands(uint64(r.taken)), thousands(r.s.Rows))
	}
	switch {
	case replayed:
	case files == 1:
		b.WriteString(" " + r.t("One file was read"))
	default:
		fmt.Fprintf(&b, " "+r.t("%s files were read"), thousands(uint64(files)))
	}
	if r.s.HasSpan && !replayed {
		const minute = "2006-01-02 15:04"
		fmt.Fprintf(&b, r.t(", with flows from %s to %s UTC"), r.s.First.UTC().Format(minute), r.s.Last.UTC().Format(minute))
		if d := r.s.Last - r.s.First; d > 0 {
			fmt.Fprintf(&b, " (%s)", span(time.Duration(d)))
		}
	}
	if !replayed {
		b.WriteByte('.')
	}
	if n := r.s.Accused; n > 0 {
		b.WriteByte(' ')
		if n == 1 {
			b.WriteString(r.t("One host stands out."))
		} else {
			fmt.Fprintf(&b, r.t("%s hosts stand out."), thousands(n))
		}
	}
	if r.s.Interrupted {
		b.WriteString(" " + r.t("The run was interrupted: this is what had been found until then."))
	}
	return b.String()
}

func (r *htmlReport) lookFirst() {
	first := r.first()
	if len(first) == 0 {
		return
	}
	r.Open("section", "id", "first", "aria-labelledby", "h-first")
	r.Leaf("h2", r.t("Look at this first"), "id", "h-first")
	r.Open("ol", "class", "first card")
	for _, a := range first {
		told := r.teller.Tell(a, r.o.Names)
		r.Open("li")
		r.badge(a.Severity, r.t(a.Severity.String()))
		r.Open("a", "class", "lead", "href", "#f-"+string(appendID(nil, a)))
		r.say(told.Title)
		r.Close("a")
		r.field("p", firstSentence(told.What, a.Summary))
		if host, ok := a.Accused(); ok && r.scores[host] > 0 {
			r.Open("p", "class", "small muted")
			r.Text(fmt.Sprintf(r.t("%s has a risk of %s of 100."), clean(host.String()), score(r.scores[host])))
			r.Close("p")
		}
		r.Close("li")
	}
	r.Close("ol")
	r.Close("section")
}

// firstSentence is what of a finding fits into a card.
func firstSentence(what, summary string) string {
	if what == "" {
		what = summary
	}
	const most = 260
	if i := strings.Index(what, ". "); i > 60 {
		what = what[:i+1]
	}
	n := 0
	for i := range what {
		if n++; n > most {
			return strings.TrimRight(what[:i], " ,;:") + " …"
		}
	}
	return what
}

// first are the findings to look at first: the most severe and surest about
// the riskiest hosts, new ones before known ones, one for each host and
// detector, at most two for each host.
func (r *htmlReport) first() []*detectors.Alert {
	const shown, looked = 5, 2000
	var best []*detectors.Alert
	worth := func(a *detectors.Alert) float64 {
		sure := a.Confidence
		if !(sure > 0) {
			sure = 0.5
		}
		v := 100*float64(min(a.Severity, detectors.Severities-1)) + 60*min(sure, 1)
		if host, ok := a.Accused(); ok {
			v += 0.4 * r.scores[host]
		}
		if a.Status == detectors.Known {
			v -= 150
		}
		return v
	}
	candidates := r.kept[:min(len(r.kept), looked)]
	taken := make([]bool, len(candidates))
	type about struct{ host, detector string }
	hosts, pairs := map[string]int{}, map[about]bool{}
	for len(best) < shown {
		at, most := -1, 0.0
		for i, k := range candidates {
			if taken[i] || k.Severity < detectors.Low {
				continue
			}
			if v := worth(k.Alert); at < 0 || v > most {
				at, most = i, v
			}
		}
		if at < 0 {
			break
		}
		taken[at] = true
		a := candidates[at].Alert
		host := a.Subject.String()
		if h, ok := a.Accused(); ok {
			host = h.String()
		}
		if hosts[host] >= 2 || pairs[about{host, a.Detector.ID}] {
			continue
		}
		hosts[host]++
		pairs[about{host, a.Detector.ID}] = true
		best = append(best, a)
	}
	return best
}

func (r *htmlReport) timeline() {
	at, by := r.times.counts(r.s.HasSpan, r.s.First, r.s.Last)
	if len(at) == 0 {
		return
	}
	r.Open("section", "id", "time", "aria-labelledby", "h-time")
	r.Leaf("h2", r.t("Findings over time"), "id", "h-time")
	var layers []svg.Layer
	for s := int(detectors.Severities) - 1; s >= 0; s-- {
		if r.all[s] > 0 {
			name := detectors.Severity(s).String()
			layers = append(layers, svg.Layer{Name: r.t(name), Class: "s-" + name, Values: by[s]})
		}
	}
	width := calendarSteps[r.times.step]
	most, busiest := 0.0, 0
	for i := range at {
		sum := 0.0
		for s := range by {
			sum += by[s][i]
		}
		if sum > most {
			most, busiest = sum, i
		}
	}
	each := r.t("each column is") + " " + roundSpan(width)
	r.Open("figure", "class", "card chart")
	r.Draw(svg.Stack(at, layers, svg.Options{
		Title: r.t("Findings over time"), YName: r.t("findings") + ", " + each, Width: 1000, Height: 210,
		Desc: fmt.Sprintf("%s; %s: %s UTC, %.0f", each, r.t("the most are at"), time.Unix(int64(at[busiest]), 0).UTC().Format("2006-01-02 15:04"), most),
	}))
	r.Open("figcaption", "class", "badges small")
	for s := int(detectors.Severities) - 1; s >= 0; s-- {
		if r.all[s] > 0 {
			name := detectors.Severity(s).String()
			r.Open("span", "class", "key")
			r.Draw(`<svg class="s swatch" viewBox="0 0 12 12" width="12" height="12" aria-hidden="true"><rect class="s-` + name + `" width="12" height="12" rx="2"/></svg>`)
			r.Text(" " + r.t(name) + " ")
			r.Close("span")
		}
	}
	r.Close("figcaption")
	r.Close("figure")
	r.Open("details", "class", "small noprint")
	r.Leaf("summary", r.t("The same as a table"))
	r.Open("div", "class", "scroll")
	r.Open("table")
	r.Open("tr")
	r.Leaf("th", r.t("time")+" (UTC)", "scope", "col")
	for _, l := range layers {
		r.Leaf("th", l.Name, "scope", "col", "class", "n")
	}
	r.Close("tr")
	for i := range at {
		sum := 0.0
		for s := range by {
			sum += by[s][i]
		}
		if sum == 0 {
			continue
		}
		r.Open("tr")
		r.Leaf("td", time.Unix(int64(at[i]), 0).UTC().Format("2006-01-02 15:04:05"))
		for _, l := range layers {
			r.Leaf("td", strconv.FormatFloat(l.Values[i], 'f', 0, 64), "class", "n")
		}
		r.Close("tr")
	}
	r.Close("table")
	r.Close("div")
	r.Close("details")
	r.Close("section")
}

// roundSpan writes the width of a bin.
func roundSpan(seconds int64) string {
	switch {
	case seconds >= 86400:
		return strconv.FormatInt(seconds/86400, 10) + " d"
	case seconds >= 3600:
		return strconv.FormatInt(seconds/3600, 10) + " h"
	case seconds >= 60:
		return strconv.FormatInt(seconds/60, 10) + " min"
	}
	return strconv.FormatInt(seconds, 10) + " s"
}

// score writes a risk, which is never certain.
func score(v float64) string { return strconv.FormatFloat(min(v, 99.9), 'f', 1, 64) }

func (r *htmlReport) hosts() {
	all := r.s.Ranking[:min(len(r.s.Ranking), pageHosts)]
	if len(all) == 0 {
		return
	}
	r.Open("section", "id", "hosts", "aria-labelledby", "h-hosts")
	r.Leaf("h2", r.t("Hosts by risk"), "id", "h-hosts")
	r.Leaf("p", r.t("How likely a host is up to something, from 0 to 100, by what the findings say of it. A score is a rank, not a proof."), "class", "small muted")
	known := r.annotations()
	n := min(len(all), firstHosts)
	for i := range n {
		r.host(&all[i], known)
	}
	if len(all) > n {
		r.Open("details", "class", "more")
		r.Leaf("summary", fmt.Sprintf(r.t("%d more hosts"), len(all)-n))
		for i := n; i < len(all); i++ {
			r.host(&all[i], known)
		}
		r.Close("details")
	}
	if more := r.s.Accused - min(r.s.Accused, uint64(len(all))); more > 0 {
		r.Leaf("p", fmt.Sprintf(r.t("%s hosts of less risk are not listed; seine hosts writes the whole ranking."), thousands(more)), "class", "small muted")
	}
	r.Close("section")
}

// annotations are what is known of addresses, the first few of each.
func (r *htmlReport) annotations() map[string][]detectors.Annotation {
	known := map[string][]detectors.Annotation{}
	for _, k := range r.kept {
		for _, n := range k.Annotations {
			ip := n.IP.String()
			dup := false
			for _, o := range known[ip] {
				dup = dup || o.Key == n.Key && o.Value == n.Value
			}
			if !dup && len(known[ip]) < 8 {
				known[ip] = append(known[ip], n)
			}
		}
	}
	return known
}

func (r *htmlReport) host(h *analyzer.HostRisk, known map[string][]detectors.Annotation) {
	ip := h.Addr.String()
	r.Open("article", "class", "host card")
	r.Open("div", "class", "hosthead")
	r.Open("div", "class", "risk")
	r.Leaf("strong", score(h.Score))
	r.Draw(fmt.Sprintf(`<svg class="s meter" viewBox="0 0 100 8" width="100" height="8" preserveAspectRatio="none" aria-hidden="true"><rect class="s-track" width="100" height="8" rx="4"/><rect class="s-fill" width="%.1f" height="8" rx="4"/></svg>`, min(max(h.Score, 0), 100)))
	r.Close("div")
	r.Open("div", "class", "who")
	r.field("h3", ip, "class", "mono")
	if notes := known[ip]; len(notes) > 0 {
		r.Open("p", "class", "small")
		r.notes(notes)
		r.Close("p")
	}
	r.Open("p", "class", "badges")
	for s := int(detectors.Severities) - 1; s >= 0; s-- {
		if h.Findings[s] > 0 {
			r.badge(detectors.Severity(s), thousands(h.Findings[s])+" "+r.t(detectors.Severity(s).String()))
			r.Text(" ")
		}
	}
	r.Close("p")
	r.Close("div")
	r.Open("a", "class", "js noprint filter", "href", "#findings", "data-host", clean(ip))
	r.Text(r.t("Its findings"))
	r.Close("a")
	r.Close("div")
	if len(h.Tactics) > 0 {
		r.Open("p", "class", "tactics small")
		chain := h.Chain
		sep := " · "
		if len(chain) > 0 {
			sep = " → "
		} else {
			chain = h.Tactics
		}
		r.Leaf("span", r.t("tactics")+": ", "class", "muted")
		for i, t := range chain {
			if i > 0 {
				r.Text(sep)
			}
			r.field("span", t.Name, "title", t.ID)
		}
		r.Close("p")
	}
	if len(h.Story) > 0 {
		r.Open("ul", "class", "story small")
		for _, s := range h.Story {
			r.Open("li")
			r.say(s)
			r.Close("li")
		}
		r.Close("ul")
	}
	if n := findings(&h.Targeted); n == 1 {
		r.Leaf("p", r.t("It is also the target of one finding."), "class", "small muted")
	} else if n > 1 {
		r.Leaf("p", fmt.Sprintf(r.t("It is also the target of %s findings."), thousands(n)), "class", "small muted")
	}
	r.Close("article")
}

// notes writes annotations in a line.
func (r *htmlReport) notes(notes []detectors.Annotation) {
	for i := range notes {
		if i > 0 {
			r.Text(" · ")
		}
		r.field("span", notes[i].Key+": ", "class", "muted")
		r.field("span", notes[i].Value, "title", clean(notes[i].Source))
	}
}
