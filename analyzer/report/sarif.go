package report

import (
	"bufio"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow"
)

func sarifFormat() *Format {
	return &Format{
		Name:  "sarif",
		Title: "SARIF 2.1.0, for code scanning pages, CI and editors",
		Doc: "One run of the Static Analysis Results Interchange Format 2.1.0 (OASIS). Each rule of the detectors that ran is a " +
			"`reportingDescriptor` with its ATT&CK techniques as tags and a `security-severity`; each alert is a `result` in the order " +
			"of the input. Its location is the first flow of its evidence, file and row (`region.startLine`), the others are " +
			"`relatedLocations`; `partialFingerprints.seineAlertId/v1` is its id, `baselineState` its status against an earlier run " +
			"(`--baseline`), `occurrenceCount` how often it was met, `rank` its confidence in percent. `level` is error for critical and " +
			"high, warning for medium, note for low and info; the severity itself, the facts and the subject stand in `properties`. " +
			"Bad rows, errors and detectors that could not run are notifications of the `invocation`. In texts the signs that SARIF gives " +
			"a meaning, braces and links, are taken apart or doubled.",
		Ext: []string{".sarif", ".sarif.json"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			s := &sarif{w: bufio.NewWriterSize(w, bufferSize), o: o, enc: newEncoder(o), index: map[string]int{}, files: map[uint32]int{}}
			for _, d := range o.Chain {
				for i := range d.Rules {
					s.rule(d, &d.Rules[i])
				}
			}
			return s
		},
	}
}

// A sarif writes its results as they come, then what they refer to: members
// of an object have no order in JSON.
type sarif struct {
	w     *bufio.Writer
	o     Options
	enc   *encoder
	buf   []byte
	begun bool
	rules []sarifRule
	index map[string]int // of rules by id
	files map[uint32]int // places in artifacts
	order []uint32
}

type sarifRule struct {
	detector *detectors.Detector
	rule     *detectors.Rule
}

// ruleID names a rule of a detector in other tools' tables.
func ruleID(d *detectors.Detector, r *detectors.Rule) string { return d.ID + "/" + r.ID }

func (s *sarif) rule(d *detectors.Detector, r *detectors.Rule) int {
	id := ruleID(d, r)
	i, ok := s.index[id]
	if !ok {
		i = len(s.rules)
		s.index[id] = i
		s.rules = append(s.rules, sarifRule{d, r})
	}
	return i
}

// sarifLevel is the level of a severity.
func sarifLevel(s detectors.Severity) string {
	switch s {
	case detectors.Critical, detectors.High:
		return "error"
	case detectors.Medium:
		return "warning"
	}
	return "note"
}

// securitySeverity is the middle of the range that code scanning gives the
// name of a severity.
func securitySeverity(s detectors.Severity) string {
	return [...]string{"0.0", "2.0", "5.5", "8.0", "9.5"}[min(s, detectors.Critical)]
}

// sarifText takes apart what is no plain text in a message: placeholders and
// embedded links.
func sarifText(s string) string {
	return strings.NewReplacer("{", "{{", "}", "}}", "](", "] (").Replace(clean(s))
}

// fileURI is the URI reference of an input.
func fileURI(name string) string {
	if u, err := url.Parse(name); err == nil && strings.Contains(name, "://") && u.Host != "" {
		return u.String()
	}
	path := filepath.ToSlash(name)
	switch {
	case name == "":
		return "unknown"
	case name == flow.Stdin:
		return "stdin"
	case strings.HasPrefix(path, "/"):
		return "file://" + (&url.URL{Path: "/" + strings.TrimLeft(path, "/")}).EscapedPath()
	case len(path) > 2 && path[1] == ':' && path[2] == '/':
		return "file:///" + (&url.URL{Path: path}).EscapedPath()
	}
	return (&url.URL{Path: path}).String()
}

func (s *sarif) Alert(a *detectors.Alert) error {
	o := object{b: s.next(s.buf[:0])}
	o.open()
	o.text("ruleId", ruleID(a.Detector, a.Rule))
	o.number("ruleIndex", uint64(s.rule(a.Detector, a.Rule)))
	o.text("level", sarifLevel(a.Severity))
	o.message("message", sarifText(a.Summary))
	shown := shownEvidence(a, s.o.Evidence)
	o.array("locations", min(len(shown), 1), func(i int) { s.location(&o, &shown[i], "") })
	if len(shown) > 1 {
		o.array("relatedLocations", len(shown)-1, func(i int) { s.location(&o, &shown[i+1], "further evidence") })
	}
	o.key("partialFingerprints")
	o.open()
	o.text("seineAlertId/v1", string(a.AppendID(nil)))
	o.shut()
	if a.Count > 0 {
		o.number("occurrenceCount", min(a.Count, 1<<31-1))
	}
	switch a.Status {
	case detectors.New:
		o.text("baselineState", "new")
	case detectors.Known:
		o.text("baselineState", "unchanged")
	case detectors.Gone:
		o.text("baselineState", "absent")
	}
	if c := confidence(a); c > 0 {
		o.float("rank", 100*c)
	}
	o.key("properties")
	o.open()
	o.text("severity", a.Severity.String())
	o.text("security-severity", securitySeverity(a.Severity))
	if c := confidence(a); c > 0 {
		o.float("confidence", c)
	}
	o.text("time", a.Time.String())
	o.text("first_seen", a.FirstSeen.String())
	o.text("last_seen", a.LastSeen.String())
	o.number("flows", a.Flows)
	o.texts("attack", a.Rule.ATTACK)
	o.key("subject")
	o.open()
	o.subject(&a.Subject)
	o.shut()
	o.facts("facts", a.Facts)
	o.b = appendAnnotations(o.b, a.Annotations)
	o.shut()
	o.shut()
	s.buf = o.b
	_, err := s.w.Write(s.buf)
	return err
}

// location appends the place of a flow.
func (s *sarif) location(o *object, r *flow.Record, message string) {
	o.open()
	o.key("physicalLocation")
	o.open()
	o.key("artifactLocation")
	o.open()
	o.text("uri", fileURI(s.o.Names.File(r.File)))
	at, ok := s.files[r.File]
	if !ok {
		at = len(s.order)
		s.files[r.File], s.order = at, append(s.order, r.File)
	}
	o.number("index", uint64(at))
	o.shut()
	if r.Row > 0 {
		o.key("region")
		o.open()
		o.number("startLine", min(r.Row, 1<<31-1))
		o.shut()
	}
	o.shut()
	if message != "" {
		o.message("message", message)
	}
	o.shut()
}

func (o *object) message(name, text string) {
	o.key(name)
	o.open()
	o.text("text", text)
	o.shut()
}

// next appends what comes before a result.
func (s *sarif) next(b []byte) []byte {
	if s.begun {
		return append(b, ",\n"...)
	}
	s.begun = true
	return append(b, `{"$schema":"https://json.schemastore.org/sarif-2.1.0.json","version":"2.1.0","runs":[{"results":[`+"\n"...)
}

func (s *sarif) Close(sum *analyzer.Summary) error {
	o := object{b: s.buf[:0]}
	if !s.begun {
		o.b = s.next(o.b)
	}
	o.b = append(o.b, "\n]"...)
	o.array("artifacts", len(s.order), func(i int) {
		o.open()
		o.key("location")
		o.open()
		o.text("uri", fileURI(s.o.Names.File(s.order[i])))
		o.shut()
		o.shut()
	})
	o.text("columnKind", "unicodeCodePoints")
	o.key("tool")
	o.open()
	o.key("driver")
	o.open()
	o.text("name", "Seine")
	if s.o.Version != "" {
		o.text("version", s.o.Version)
	}
	o.array("rules", len(s.rules), func(i int) {
		o.b = append(o.b, '\n')
		o.sarifRule(s.rules[i])
	})
	o.shut()
	o.shut()
	o.array("invocations", 1, func(int) { s.invocation(&o, sum) })
	o.b = append(o.b, "}]}\n"...)
	s.buf = o.b
	if _, err := s.w.Write(s.buf); err != nil {
		return err
	}
	return s.w.Flush()
}

func (o *object) sarifRule(r sarifRule) {
	title := r.rule.Title
	if title == "" {
		title = ruleID(r.detector, r.rule)
	}
	o.open()
	o.text("id", ruleID(r.detector, r.rule))
	o.message("shortDescription", sarifText(title))
	if r.detector.Title != "" {
		o.message("fullDescription", sarifText(r.detector.Title))
		o.key("help")
		o.open()
		o.text("text", sarifText("Run \"seine explain "+r.detector.ID+"\": what it finds, how it decides, what it takes for harmless, what to do next."))
		o.shut()
	}
	o.key("defaultConfiguration")
	o.open()
	o.text("level", sarifLevel(r.rule.Severity))
	o.shut()
	o.key("properties")
	o.open()
	o.text("security-severity", securitySeverity(r.rule.Severity))
	o.texts("tags", append([]string{"security"}, r.rule.ATTACK...))
	o.shut()
	o.shut()
}

// invocation tells how the run went.
func (s *sarif) invocation(o *object, sum *analyzer.Summary) {
	type note struct{ level, text, uri string }
	var notes []note
	done := true
	if sum != nil {
		done = !sum.Interrupted
		for i := range sum.Files {
			f := &sum.Files[i]
			if f.Error != "" && !f.Ignored {
				notes = append(notes, note{"error", f.Error, f.Name})
				done = false
			}
			for _, bad := range f.BadRows {
				notes = append(notes, note{"warning", "bad row " + thousands(bad.Row) + ": " + bad.Reason, f.Name})
			}
		}
		for _, d := range sum.Detectors {
			if d.Skipped != "" {
				notes = append(notes, note{"note", d.ID + " did not run: " + d.Skipped, ""})
			}
		}
		for _, w := range sum.Warnings {
			notes = append(notes, note{"warning", w, ""})
		}
	}
	o.open()
	o.flag("executionSuccessful", done)
	if len(notes) > 0 {
		o.array("toolExecutionNotifications", len(notes), func(i int) {
			o.open()
			o.text("level", notes[i].level)
			o.message("message", sarifText(notes[i].text))
			if notes[i].uri != "" {
				o.array("locations", 1, func(int) {
					o.open()
					o.key("physicalLocation")
					o.open()
					o.key("artifactLocation")
					o.open()
					o.text("uri", fileURI(notes[i].uri))
					o.shut()
					o.shut()
					o.shut()
				})
			}
			o.shut()
		})
	}
	o.shut()
}
