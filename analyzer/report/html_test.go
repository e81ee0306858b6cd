package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"seine/analyzer"
	"seine/analyzer/report/page"
	"seine/detectors"
	"seine/flow"
)

// pageAttacks are texts that would act if a page took them for more than text.
var pageAttacks = append([]string{
	`<script>document.title='owned'</script>`, `</script><script>document.title='owned'</script>`, `</title><script>document.title='owned'</script>`,
	`</style><script>document.title='owned'</script>`, `<!--<script>`, `-->`, `]]><script>document.title='owned'</script>`,
	`"><img src=x onerror="document.title='owned'">`, `' onmouseover='document.title="owned"' x='`, `<svg onload=document.title='owned'>`,
	`javascript:document.title='owned'`, `<a href="javascript:document.title='owned'">x</a>`, `<iframe src="https://example.org/owned">`,
	`<link rel=stylesheet href=https://example.org/owned.css>`, `<base href=https://example.org/>`, `<meta http-equiv=refresh content="0;url=https://example.org">`,
	`url(https://example.org/owned)`, `&lt;script&gt;`, `&#60;script&#62;`, `${alert(1)}{{7*7}}`, `\u003cscript\u003e`, "\u2028</script>\u2029",
	strings.Repeat("long ", 400), "=HYPERLINK(\"https://example.org\")",
}, attacks...)

var pageLexicon = lexicon{files: pageAttacks, texts: append([]string{""}, pageAttacks...)}

// hostilePage is a page whose every text is an attack: those of the input and
// those of files and rules of the user.
func hostilePage() ([]*detectors.Alert, *analyzer.Summary, Options) {
	t0 := moment("2017-01-27T16:24:49.5Z")
	o := Options{Names: pageLexicon, Version: pageAttacks[0]}
	var alerts []*detectors.Alert
	for i, s := range pageAttacks {
		d := &detectors.Detector{ID: s, Title: s, Doc: "# x\n\n## Blind spots\n\n- " + s + "\n\n## What to do next\n\n" + s + "\n", Rules: []detectors.Rule{
			{ID: s, Title: s, Severity: detectors.Severity(i % int(detectors.Severities)), ATTACK: []string{s}},
		}}
		o.Chain = append(o.Chain, d)
		text := flow.Symbol(i + 1)
		alerts = append(alerts, &detectors.Alert{
			Detector: d, Rule: &d.Rules[0], Severity: max(d.Rules[0].Severity, detectors.Low),
			Subject: detectors.Address(addr("192.0.2.1"), detectors.RoleSrc), Summary: s,
			Facts: []detectors.Fact{detectors.Text(s, s), detectors.Text("limit", s), detectors.Texts("words", []string{s, "end"})},
			Time:  t0, HasTime: true, Count: 1, FirstSeen: t0, LastSeen: t0, Flows: 1,
			Annotations: []detectors.Annotation{{IP: addr("192.0.2.1"), Key: s, Value: s, Source: s}},
			Charts: []detectors.Chart{
				{Kind: detectors.Bars, Title: s, X: detectors.Axis{Name: s, Unit: s, Labels: []string{s, "b"}}, Y: detectors.Axis{Name: s}, Values: []float64{1, 2}},
				{Kind: detectors.Timeline, Title: s, X: detectors.Axis{Name: s, At: []float64{1e9, 1e9 + 60}}, Y: detectors.Axis{Name: s, Unit: s}, Values: []float64{1, 2},
					Mark: 1e9, MarkLabel: s, HasMark: true, Level: 1, LevelLabel: s, HasLevel: true},
				{Kind: detectors.Matrix, Title: s, X: detectors.Axis{Labels: []string{s}}, Y: detectors.Axis{Labels: []string{s, "b"}}, Values: []float64{3, 1}},
			},
			Evidence: []flow.Record{{
				Start: t0, Src: addr("192.0.2.1"), Dst: addr("192.0.2.2"), RawState: text, Service: text, Label: text,
				UID: flow.MakeUID([]byte(s)), File: uint32(i), Row: uint64(i + 1),
				Has: flow.HasStart | flow.HasAddrs | flow.HasState | flow.HasService | flow.HasLabel | flow.HasUID,
			}},
		})
	}
	s := &analyzer.Summary{Rows: 1, Bad: 99, HasSpan: true, First: t0, Last: t0, Warnings: pageAttacks}
	for i, text := range pageAttacks {
		s.Files = append(s.Files, analyzer.FileSummary{
			Name: text, Format: text, Packing: text, Error: text, Notes: []string{text}, BadRows: []flow.BadRow{{Row: uint64(i), Reason: text}},
		})
		s.Detectors = append(s.Detectors, analyzer.DetectorSummary{ID: text, Skipped: text, Counts: []analyzer.Count{{Name: text, Doc: text, N: 1}}})
	}
	for _, text := range pageAttacks {
		s.Alerts = append(s.Alerts, analyzer.FileSummary{Name: text, Format: text})
		s.Rules = append(s.Rules, analyzer.RuleUse{Kind: text, Place: text, ID: text, Reason: text, Author: text, Hidden: 1})
	}
	s.Compared = &analyzer.Comparison{Gone: []analyzer.GoneFinding{{ID: pageAttacks[0], Detector: pageAttacks[0], Rule: pageAttacks[0], Subject: pageAttacks[0], Summary: pageAttacks[0]}}}
	rank(s, alerts)
	return alerts, s, o
}

// A tag is the begin of an element of a page.
type tag struct {
	name       string
	attributes map[string]string
	text       string // of a script, style or title
}

var (
	tagForm  = regexp.MustCompile(`^<([a-z][a-z0-9A-Z]*)((?: [a-zA-Z-]+(?:="[^"<>]*")?)*) ?/?>`)
	attrForm = regexp.MustCompile(` ([a-zA-Z-]+)(?:="([^"]*)")?`)
	voids    = []string{"meta", "link", "input", "wbr"}
	entity   = regexp.MustCompile(`^&(amp|lt|gt|#34|#39);`)
)

// scan reads a page as strictly as a page is written: any "<" that does not
// begin a tag, any other entity, and any element that is not closed where it
// should be, is an error.
func scan(t *testing.T, doc string) (tags []tag, texts []string) {
	t.Helper()
	rest, found := strings.CutPrefix(doc, "<!doctype html>\n")
	if !found {
		t.Fatal("no doctype")
	}
	var open []string
	for rest != "" {
		if rest[0] != '<' {
			end := strings.IndexByte(rest, '<')
			if end < 0 {
				end = len(rest)
			}
			texts = append(texts, rest[:end])
			rest = rest[end:]
			continue
		}
		if name, ok := strings.CutPrefix(rest, "</"); ok {
			name, after, _ := strings.Cut(name, ">")
			if len(open) == 0 || open[len(open)-1] != name {
				t.Fatalf("</%.40s> within %v", name, open)
			}
			open, rest = open[:len(open)-1], after
			continue
		}
		m := tagForm.FindStringSubmatch(rest)
		if m == nil {
			t.Fatalf("no tag: %.120q", rest)
		}
		rest = rest[len(m[0]):]
		e := tag{name: m[1], attributes: map[string]string{}}
		for _, a := range attrForm.FindAllStringSubmatch(m[2], -1) {
			e.attributes[a[1]] = a[2]
			texts = append(texts, a[2])
		}
		if !slices.Contains(voids, e.name) && !strings.HasSuffix(m[0], "/>") {
			if e.name == "script" || e.name == "style" {
				var ok bool
				if e.text, rest, ok = strings.Cut(rest, "</"+e.name+">"); !ok {
					t.Fatalf("%s is not closed", e.name)
				}
			} else {
				open = append(open, e.name)
			}
		}
		tags = append(tags, e)
	}
	if len(open) > 0 {
		t.Fatalf("not closed: %v", open)
	}
	return tags, texts
}

// allowed are the elements and attributes that a page consists of.
var (
	allowedTags = strings.Fields("html head meta link title style body a header div p span h1 h2 h3 h4 button nav ul ol li main section article " +
		"figure figcaption details summary table tr th td strong form label input select option fieldset legend dl dt dd code footer script " +
		"svg desc text path rect defs pattern circle")
	allowedAttributes = strings.Fields("lang class charset http-equiv content name rel href id type for role aria-label aria-labelledby aria-hidden " +
		"aria-describedby data-light data-dark data-host scope title value placeholder autocomplete spellcheck size checked open hidden viewBox width height " +
		"x y d rx cx cy r fill stroke stroke-width opacity text-anchor transform preserveAspectRatio patternUnits")
)

// checkPage fails unless a page is nothing but what a page consists of. It
// gives its blocks of JSON by their ids.
func checkPage(t *testing.T, doc []byte) map[string]json.RawMessage {
	t.Helper()
	tags, texts := scan(t, string(doc))
	blocks := map[string]json.RawMessage{}
	style, script, policy := "", "", ""
	for _, e := range tags {
		if !slices.Contains(allowedTags, e.name) {
			t.Errorf("element %s", e.name)
		}
		for name, value := range e.attributes {
			if !slices.Contains(allowedAttributes, name) {
				t.Errorf("%s has an attribute %s=%q", e.name, name, value)
			}
			if name == "href" && value != "data:," && !strings.HasPrefix(value, "#") {
				t.Errorf("a link to %q", value)
			}
		}
		switch {
		case e.name == "style":
			style += e.text
		case e.name == "script" && e.attributes["type"] == "application/json":
			if strings.ContainsAny(e.text, "<>") {
				t.Errorf("block %s holds markup", e.attributes["id"])
			}
			if !json.Valid([]byte(e.text)) {
				t.Errorf("block %s is no JSON", e.attributes["id"])
			}
			blocks[e.attributes["id"]] = json.RawMessage(e.text)
		case e.name == "script":
			if script != "" || len(e.attributes) > 0 {
				t.Errorf("a further script: %v", e.attributes)
			}
			script = e.text
		case e.attributes["http-equiv"] != "":
			policy = strings.ReplaceAll(e.attributes["content"], "&#39;", "'")
		}
	}
	if policy != page.Policy(style, script) {
		t.Errorf("the policy is %q and would stop the page", policy)
	}
	for _, s := range texts {
		for i, r := range s {
			if r == '&' && !entity.MatchString(s[i:]) {
				t.Errorf("entity in %.80q", s)
			}
			if r != '\n' && unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) || r == '>' {
				t.Errorf("%q in %.80q", r, s)
			}
		}
	}
	return blocks
}

// A told is a finding in a block of details.
type toldFinding struct {
	Alert map[string]any
	Facts [][]string
}

// inside are the findings of a page.
func inside(t *testing.T, blocks map[string]json.RawMessage) (all []toldFinding) {
	t.Helper()
	for i := 0; ; i++ {
		b, ok := blocks[fmt.Sprintf("d%d", i)]
		if !ok {
			return all
		}
		var some []toldFinding
		if err := json.Unmarshal(b, &some); err != nil {
			t.Fatal(err)
		}
		all = append(all, some...)
	}
}

func htmlPage(t testing.TB, o Options, alerts []*detectors.Alert, s *analyzer.Summary) []byte {
	t.Helper()
	return write(t, "html", o, alerts, s)
}

func TestNothingHostileBecomesPartOfAPage(t *testing.T) {
	alerts, s, o := hostilePage()
	for _, lang := range []string{"", "fr"} {
		o.Lang = lang
		blocks := checkPage(t, htmlPage(t, o, alerts, s))
		all := inside(t, blocks)
		if len(all) != len(alerts) {
			t.Fatalf("%d findings of %d", len(all), len(alerts))
		}
		want := map[string]int{}
		for _, text := range pageAttacks {
			want[valid(text)]++
		}
		for _, f := range all { // what went in comes out, as text
			summary, _ := f.Alert["summary"].(string)
			if want[summary]--; want[summary] < 0 {
				t.Errorf("sentence %q", summary)
			}
			if len(f.Facts) == 0 || f.Facts[0][1] != summary {
				t.Errorf("facts %q", f.Facts)
			}
		}
	}
}

// valid is a text as JSON can hold it.
func valid(s string) string {
	var back string
	_ = json.Unmarshal(quote(nil, s), &back)
	return back
}

// TestPages compares small pages with golden files, without their style and
// script.
func TestPages(t *testing.T) {
	some := charted()
	for _, c := range []struct {
		name   string
		o      Options
		alerts []*detectors.Alert
		s      *analyzer.Summary
	}{
		{"page.html", Options{Names: names, Version: "1.0", Chain: []*detectors.Detector{fanout, beacon}}, some, summary(some)},
		{"page-french.html", Options{Names: names, Version: "1.0", Lang: "fr"}, some, summary(some)},
		{"page-empty.html", Options{Names: names}, nil, &analyzer.Summary{}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := htmlPage(t, c.o, c.alerts, c.s)
			checkPage(t, got)
			if !bytes.Equal(got, htmlPage(t, c.o, c.alerts, c.s)) {
				t.Error("the same findings give another page")
			}
			golden(t, c.name, withoutAssets(got))
		})
	}
}

var assets = regexp.MustCompile(`(?s)(<style>).*?(</style>)|(<script>).*?(</script>)|(sha256-)[A-Za-z0-9+/=]+`)

// withoutAssets leaves out what changes with every touch of the style.
func withoutAssets(doc []byte) []byte { return assets.ReplaceAll(doc, []byte("$1$3$5…$2$4")) }

// charted are the normal findings with what else a finding can carry.
func charted() []*detectors.Alert {
	all := normal()
	all[1].Status = detectors.New
	all[1].Annotations = []detectors.Annotation{{IP: addr("2001:db8::1"), Key: "asset", Value: "till 7", Source: "assets.csv:7"}}
	all[1].Charts = []detectors.Chart{{
		Kind: detectors.Bars, Title: "Gaps between calls", X: detectors.Axis{Name: "gap", Unit: "s", At: []float64{58, 59, 60, 61}},
		Y: detectors.Axis{Name: "calls"}, Values: []float64{2, 40, 1300, 97}, Mark: 60.25, MarkLabel: "period 60.25 s", HasMark: true,
	}}
	all[0].Status = detectors.Known
	all[0].Charts = []detectors.Chart{{
		Kind: detectors.Matrix, Title: "Targets and ports", X: detectors.Axis{Name: "port", Labels: []string{"22/tcp", "80/tcp"}},
		Y: detectors.Axis{Name: "target", Labels: []string{"192.168.100.15"}}, Values: []float64{2, 3},
	}}
	return all
}

func TestAPageTellsWhatToLookAtFirst(t *testing.T) {
	some := charted()
	doc := string(htmlPage(t, Options{Names: names}, some, summary(some)))
	_, after, _ := strings.Cut(doc, `id="first"`)
	first, _, _ := strings.Cut(after, "</section>")
	var links []string
	for _, m := range regexp.MustCompile(`href="#f-([0-9a-f]{16})"`).FindAllStringSubmatch(first, -1) {
		links = append(links, m[1])
	}
	var want []string
	for _, a := range []*detectors.Alert{some[1], some[0], some[3], some[2]} { // critical, high, then low; the known one goes back
		want = append(want, string(appendID(nil, a)))
	}
	if len(links) != 4 || links[0] != want[0] || !slices.Equal(sorted(links), sorted(want)) {
		t.Errorf("%v, want %v", links, want)
	}
}

func sorted(s []string) []string { return slices.Sorted(slices.Values(s)) }

func TestFindingsReadBackAreToldAsSuch(t *testing.T) {
	some := normal()
	s := &analyzer.Summary{Alerts: []analyzer.FileSummary{{Name: "alerts.ndjson", Rows: 4}}}
	rank(s, some)
	doc := string(htmlPage(t, Options{Names: names}, some, s))
	if !strings.Contains(doc, "Findings of an earlier run, read back: 4. 2 hosts stand out.") || !strings.Contains(doc, "alerts.ndjson") {
		t.Error("the page does not say where the findings are from")
	}
}

// TestAPageIsBounded hands a page twice as many findings as it tells, and a
// few: it keeps the most severe, and says how many it does not tell.
func TestAPageIsBounded(t *testing.T) {
	t0 := moment("2017-01-27T00:00:00Z")
	h := htmlFormat().New(&bytes.Buffer{}, Options{Names: names}).(*htmlSink)
	var out bytes.Buffer
	h.w = &out
	rows := make([]flow.Record, 300)
	for i := range 2*pageFindings + 500 {
		severity := detectors.Low
		if i%7 == 0 {
			severity = detectors.High
		}
		at := t0 + flow.Time(i)*flow.Second
		if err := h.Alert(&detectors.Alert{
			Detector: fanout, Rule: &fanout.Rules[0], Severity: severity, Summary: "s", Subject: detectors.Address(flow.AddrFrom4(uint32(i)), detectors.RoleSrc),
			Time: at, FirstSeen: at, LastSeen: at, Count: 1, Evidence: rows,
		}); err != nil {
			t.Fatal(err)
		}
		if len(h.kept) > 2*pageFindings {
			t.Fatalf("%d findings are kept", len(h.kept))
		}
	}
	if n := len(h.kept[0].Evidence); n != pageEvidence {
		t.Errorf("%d flows of a finding are kept", n)
	}
	if err := h.Close(&analyzer.Summary{Rows: 1}); err != nil {
		t.Fatal(err)
	}
	all := inside(t, checkPage(t, out.Bytes()))
	high := 0
	for _, f := range all {
		if f.Alert["severity"] == "high" {
			high++
		}
	}
	if len(all) != pageFindings || high != (2*pageFindings+500+6)/7 {
		t.Errorf("%d findings, %d high", len(all), high)
	}
	for _, want := range []string{"20,500 findings in 1 flows", "The page tells the 10,000 most severe findings. 10,500 more", "10,500 low"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("the page does not say %q", want)
		}
	}
}

// TestEveryLabelIsTranslated looks through the sources for labels.
func TestEveryLabelIsTranslated(t *testing.T) {
	files, err := filepath.Glob("html*.go")
	if err != nil {
		t.Fatal(err)
	}
	label := regexp.MustCompile(`(?:r\.t|w\.of|r\.lines|r\.list|pair)\(("(?:[^"\\]|\\.)*")`)
	list := regexp.MustCompile(`r\.tableHead\(([^)]*)\)`)
	used := slices.Clone(scriptWords)
	for _, f := range files {
		src, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range label.FindAllSubmatch(src, -1) {
			s, err := strconv.Unquote(string(m[1]))
			if err != nil {
				t.Fatal(err)
			}
			used = append(used, s)
		}
		for _, m := range list.FindAllSubmatch(src, -1) {
			for _, s := range regexp.MustCompile(`"([^"]*)"`).FindAllStringSubmatch(string(m[1]), -1) {
				used = append(used, s[1])
			}
		}
	}
	if len(used) < 80 {
		t.Fatalf("only %d labels found", len(used))
	}
	verbs := regexp.MustCompile(`%[a-z.0-9]+`)
	for _, s := range used {
		f, ok := french[s]
		if !ok {
			t.Errorf("%q has no French", s)
		}
		if !slices.Equal(verbs.FindAllString(s, -1), verbs.FindAllString(f, -1)) {
			t.Errorf("%q and %q take other values", s, f)
		}
	}
}

// TestColoursAreLegible works out the contrast of texts with what is behind
// them, as WCAG 2 does, for the light and the dark page.
func TestColoursAreLegible(t *testing.T) {
	doc := string(htmlPage(t, Options{Names: names}, nil, &analyzer.Summary{}))
	_, css, _ := strings.Cut(doc, "<style>")
	blocks := regexp.MustCompile(`(?s)(:root|:root:not\(\[data-theme=light\]\)|:root\[data-theme=dark\])\{(--bg.*?)\}`).FindAllStringSubmatch(css, -1)
	if len(blocks) != 3 {
		t.Fatalf("%d sets of colours", len(blocks))
	}
	if blocks[1][2] != blocks[2][2] {
		t.Error("dark by the system is not dark by the button")
	}
	for i, b := range blocks[:2] {
		colours := map[string]float64{}
		for _, m := range regexp.MustCompile(`--([a-z-]+):#([0-9a-f]{3,6})`).FindAllStringSubmatch(b[2], -1) {
			colours[m[1]] = luminance(t, m[2])
		}
		pairs := [][2]string{{"ink", "bg"}, {"ink", "card"}, {"ink", "soft"}, {"muted", "bg"}, {"muted", "card"}, {"muted", "soft"}, {"link", "card"}, {"link", "bg"},
			{"accent", "card"}, {"mark", "card"}}
		for s := range detectors.Severities {
			pairs = append(pairs, [2]string{s.String(), s.String() + "-bg"})
		}
		for _, p := range pairs {
			a, okA := colours[p[0]]
			b, okB := colours[p[1]]
			if ratio := (max(a, b) + 0.05) / (min(a, b) + 0.05); !okA || !okB || ratio < 4.5 {
				t.Errorf("set %d: %s on %s has a contrast of %.2f", i, p[0], p[1], ratio)
			}
		}
	}
}

func luminance(t *testing.T, hex string) float64 {
	if len(hex) == 3 {
		hex = strings.Join([]string{hex[:1], hex[:1], hex[1:2], hex[1:2], hex[2:], hex[2:]}, "")
	}
	v, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		t.Fatal(err)
	}
	channel := func(shift int) float64 {
		c := float64(v>>shift&255) / 255
		if c <= 0.04045 {
			return c / 12.92
		}
		return math.Pow((c+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0)
}

func TestACalendarLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var c calendar
		n := rapid.IntRange(1, 200).Draw(t, "n")
		width := rapid.SampledFrom([]int64{1e9, 1e12, 1e16, 1 << 62}).Draw(t, "width")
		lowest := flow.MaxTime
		for range n {
			at := flow.Time(rapid.Int64Range(-width, width).Draw(t, "at"))
			lowest = min(lowest, at)
			c.add(at, detectors.Severity(rapid.IntRange(0, 4).Draw(t, "severity")))
		}
		at, by := c.counts(false, 0, 0)
		sum := 0.0
		for s := range by {
			for _, v := range by[s] {
				sum += v
			}
		}
		if sum != float64(n) || len(at) > drawnBins || at[0] > float64(lowest)/1e9 {
			t.Fatalf("%v of %d in %d bins from %v", sum, n, len(at), at[0])
		}
	})
}

func TestCalendarIsBounded(t *testing.T) {
	var c calendar
	for i := range 3 * calendarBins {
		c.add(flow.Time(i)*flow.Second, detectors.Low)
		if len(c.bins) > calendarBins {
			t.Fatalf("%d bins", len(c.bins))
		}
	}
}

func TestFactsStandBesideTheirThresholds(t *testing.T) {
	rows := factRows([]detectors.Fact{
		detectors.Int("ports", 101), detectors.Int("limit", 100), detectors.Float("pcr", 0.9), detectors.Float("pcr_limit", 0.7),
		detectors.Int("min_share", 3), detectors.Float("share", 5), detectors.Int("max_bytes_up", 7), detectors.Int("bytes_up", 9),
		detectors.Int("rate_limit", 4), detectors.Text("kind", "x"),
	})
	want := []factRow{
		{"ports", "101", "100"}, {"pcr", "0.9", "0.7"}, {"share", "5", "≥ 3"}, {"bytes up", "9", "≤ 7"}, {"rate limit", "4", ""}, {"kind", "x", ""},
	}
	if d := cmp.Diff(want, rows, cmp.AllowUnexported(factRow{})); d != "" {
		t.Error(d)
	}
	if rows := factRows([]detectors.Fact{detectors.Int("limit", 1)}); len(rows) != 1 || rows[0].value != "1" {
		t.Errorf("a threshold alone: %v", rows)
	}
}

func TestSectionsOfADocumentation(t *testing.T) {
	doc := "# x\n\n## Blind spots\n\nA paragraph\nof two lines.\n\n- one `a`\n  goes on\n- two\n\n## Next\n\n- no\n"
	if got, want := section(doc, "Blind spots"), []string{"A paragraph of two lines.", "one a goes on", "two"}; !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	if got := section(doc, "None"); got != nil {
		t.Errorf("%q", got)
	}
}

// TestPicturesAreDrawnForEachKind is about what the page makes of a chart.
func TestPicturesAreDrawnForEachKind(t *testing.T) {
	for _, c := range []struct {
		chart detectors.Chart
		want  string // part of the drawing; empty: none
	}{
		{detectors.Chart{Values: []float64{1, 2}, X: detectors.Axis{Labels: []string{"a", "b"}}}, "s-bars"},
		{detectors.Chart{Values: []float64{1, 2}, X: detectors.Axis{At: []float64{1, 2}}}, "s-columns"},
		{detectors.Chart{Kind: detectors.Timeline, Values: []float64{1, 2e6}, X: detectors.Axis{At: []float64{1, 2}}, Y: detectors.Axis{Unit: "bytes"}}, "2 MB"},
		{detectors.Chart{Kind: detectors.Matrix, Values: []float64{1, 2}, X: detectors.Axis{Labels: []string{"a"}}, Y: detectors.Axis{Labels: []string{"a", "b"}}}, "s-matrix"},
		{detectors.Chart{Kind: detectors.Matrix, Values: []float64{1}, X: detectors.Axis{Labels: []string{"a"}}, Y: detectors.Axis{Labels: []string{"a", "b"}}}, ""},
		{detectors.Chart{}, ""},
		{detectors.Chart{Values: make([]float64, detectors.MaxChart+1)}, ""},
	} {
		if got := picture(&c.chart); !strings.Contains(got, c.want) || c.want == "" && got != "" {
			t.Errorf("%+v: %q", c.chart, got)
		}
	}
}
