package report

import (
	"cmp"
	_ "embed" // the style and the script are files, so that editors check them
	"fmt"
	"io"
	"slices"

	"seine/analyzer"
	"seine/analyzer/explain"
	"seine/analyzer/report/page"
	"seine/analyzer/stats"
	"seine/detectors"
	"seine/flow"
)

// Bounds of a page.
const (
	pageFindings = 10_000 // told in full; beyond, the least severe are only counted
	pageEvidence = 20     // flows of a finding
	plainShown   = 25     // findings that are written out, for print and where no script runs
	pageHosts    = 100
	firstHosts   = 8   // that are not folded away
	pageLines    = 100 // of each kind of warning, file, bad row
	pageChunk    = 50  // findings in one block of details
)

func htmlFormat() *Format {
	return &Format{
		Name:    "html",
		Hosts:   true,
		Traffic: true,
		Title:   "a page to hand to somebody: what to look at first, hosts, charts, every finding explained",
		Doc: "One self-contained file that fetches nothing and works from the disk, in light and dark, and in print: " +
			"what to look at first, the findings over time, the hosts by risk with their story, each finding with its " +
			"numbers against their thresholds, its chart, the flows behind it, what else it could be and what to do " +
			"next, then what the flows sum up to, what could not be observed and how good the input was. " +
			"The script of the page builds the details of a finding when it is opened, from blocks of JSON that hold each alert in the layout `" +
			alertLayout + "`; a content security policy lets nothing else run. Without a script the most severe findings are there in full. " +
			"Of more than 10,000 findings the most severe are told, and the others are counted; a finding cites at most 20 flows. " +
			"`--lang` chooses the language.",
		Ext: []string{".html", ".htm"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			return &htmlSink{w: w, o: o}
		},
	}
}

var (
	//go:embed html.css
	htmlStyle string
	//go:embed html.js
	htmlScript string
)

// An htmlSink keeps the findings that the page will tell, at most twice as
// many, and counts the others.
type htmlSink struct {
	w     io.Writer
	o     Options
	kept  []ranked
	taken int
	all   [detectors.Severities]uint64
	times calendar
}

// Alert implements analyzer.Sink.
func (h *htmlSink) Alert(a *detectors.Alert) error {
	limit := pageEvidence
	if h.o.Evidence > 0 {
		limit = min(limit, h.o.Evidence)
	}
	if len(a.Evidence) > limit { // what is kept must not grow with what an alert cites
		c := *a
		c.Evidence = slices.Clone(a.Evidence[:limit])
		c.Flows = max(c.Flows, uint64(len(a.Evidence)))
		a = &c
	}
	h.kept = append(h.kept, ranked{a, h.taken})
	h.taken++
	severity := min(a.Severity, detectors.Severities-1)
	h.all[severity]++
	h.times.add(a.Time, severity)
	if len(h.kept) >= 2*pageFindings {
		h.rank()
	}
	return nil
}

// rank sorts what is kept, the most severe first, and drops what the page has
// no room for.
func (h *htmlSink) rank() {
	slices.SortFunc(h.kept, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(b.Severity, a.Severity), cmp.Compare(a.Time, b.Time), cmp.Compare(a.place, b.place))
	})
	if len(h.kept) > pageFindings {
		clear(h.kept[pageFindings:])
		h.kept = h.kept[:pageFindings]
	}
}

// Close implements analyzer.Sink.
func (h *htmlSink) Close(s *analyzer.Summary) error {
	h.rank()
	if s == nil {
		s = &analyzer.Summary{}
	}
	w := words[h.o.Lang]
	title := w.of("Seine report")
	if s.HasSpan {
		title += " " + s.First.UTC().Format("2006-01-02")
	}
	p := page.Page{Title: title, Lang: h.o.Lang, Style: htmlStyle, Script: htmlScript}
	var traffic *stats.Result
	if h.o.Traffic != nil {
		if traffic = h.o.Traffic(); traffic != nil && traffic.Total.Flows == 0 {
			traffic = nil
		}
	}
	if traffic != nil {
		p.Style += statsStyle
	}
	r := &htmlReport{
		Writer: p.Begin(h.w), w: w, o: h.o, s: s, kept: h.kept, taken: h.taken, all: h.all, times: &h.times,
		traffic: traffic, enc: newEncoder(h.o), teller: explain.New(h.o.Lang), scores: map[flow.Addr]float64{},
	}
	for i := range s.Ranking {
		r.scores[s.Ranking[i].Addr] = s.Ranking[i].Score
	}
	r.write()
	return r.End()
}

// An htmlReport is a page in the making.
type htmlReport struct {
	*page.Writer
	w       wordList
	o       Options
	s       *analyzer.Summary
	kept    []ranked
	taken   int
	all     [detectors.Severities]uint64
	times   *calendar
	traffic *stats.Result // nil where the flows were not seen
	enc     *encoder
	teller  *explain.Teller
	scores  map[flow.Addr]float64
}

func (r *htmlReport) write() {
	r.head()
	r.Open("main", "id", "main")
	r.lookFirst()
	r.timeline()
	r.hosts()
	r.findings()
	r.flows()
	r.unseen()
	r.quality()
	r.Close("main")
	r.foot()
	r.data()
}

// flows tells what all flows sum up to, the tables folded away.
func (r *htmlReport) flows() {
	if r.traffic == nil {
		return
	}
	r.Open("section", "id", "traffic", "aria-labelledby", "traffic-title")
	r.Leaf("h2", r.t("Traffic"), "id", "traffic-title")
	r.Open("div", "lang", "en")
	writeTotals(r.Writer, r.traffic)
	r.Open("details")
	r.Leaf("summary", r.t("The most by each"))
	for i := range r.traffic.Tables {
		trafficTable(r.Writer, &r.traffic.Tables[i], fmt.Sprintf("t%d", i+1))
	}
	r.Close("details")
	r.Close("div")
	r.Close("section")
}
