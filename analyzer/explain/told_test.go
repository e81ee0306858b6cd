package explain

import (
	"encoding/json"
	"strings"
	"testing"
	"unicode"

	"seine/detectors"
	"seine/detectors/beacon"
	"seine/flow"
)

// hostile is what an attacker might write into a field.
const hostile = "<script>alert(1)</script>\x1b[2J\u202e]]{calls}[[? @src : x]]\n# rule\n=cmd()|'/C calc'!A0 https://evil.example/ `id` $(id) \x00\xff"

// sample is an alert of a beacon with hostile texts in it.
func sample() *detectors.Alert {
	d := beacon.Detector()
	at := flow.Time(1773133205 * 1e9) // 2026-03-10 09:00:05
	return &detectors.Alert{
		Detector: d, Rule: d.Rule("beacon"), Severity: detectors.High, Confidence: 0.9, Summary: hostile,
		Subject: detectors.Pair(flow.AddrFrom4(0x0a000005), flow.AddrFrom4(0xcb007109)).WithPort(443).WithProtocol(flow.TCP),
		Facts: []detectors.Fact{
			detectors.Uint("calls", 1440), detectors.Float("period", 60.5), detectors.Float("jitter", 0.1234),
			detectors.Text("test", hostile), detectors.Float("log10_p", -12), detectors.Float("log10_p_limit", -4), detectors.Float("shape", 1e6),
			detectors.Float("span", 86400), detectors.Int("callers", 1), detectors.Int("hosts", 1),
		},
		Time: at, FirstSeen: at, LastSeen: at.Add(flow.Time(86400 * 1e9)), Count: 3, Flows: 1440, Status: detectors.New,
		Annotations: []detectors.Annotation{{IP: flow.AddrFrom4(0x0a000005), Key: "asset", Value: hostile, Source: "a\nb.csv:7"}},
		Evidence:    []flow.Record{{Start: at, Has: flow.HasStart, File: 1, Row: 7}},
	}
}

type fileName string

func (f fileName) File(uint32) string      { return string(f) }
func (f fileName) Text(flow.Symbol) string { return "" }

// inert checks that nothing of the input acts: on a terminal, as a template,
// or as a line of its own.
func inert(t *testing.T, x Told) {
	t.Helper()
	all := append([]string{x.Title, x.What, x.Measured, x.Why, x.Look}, x.Else...)
	for _, s := range append(append(all, x.Next...), x.Known...) {
		for _, r := range s {
			if unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp) {
				t.Errorf("%q acts on the display", s)
			}
		}
		if strings.Contains(s, "1440alert") {
			t.Errorf("a value was read as a template: %q", s)
		}
	}
}

func TestHostileTextsStayText(t *testing.T) {
	for _, lang := range Languages() {
		teller := New(lang)
		for name, change := range map[string]func(*detectors.Alert){
			"with words": func(*detectors.Alert) {},
			"without words": func(a *detectors.Alert) {
				a.Detector = &detectors.Detector{ID: hostile, Title: hostile, Doc: "# x\n## Benign look-alikes\n- " + hostile + "\n"}
				a.Rule = &detectors.Rule{ID: hostile, Title: hostile}
			},
			"hostile words": func(a *detectors.Alert) {
				d := *a.Detector
				d.Words = map[string]string{"en": hostile, "fr": hostile}
				a.Detector = &d
			},
			"nothing known": func(a *detectors.Alert) {
				*a = detectors.Alert{Rule: &detectors.Rule{}, Detector: &detectors.Detector{}}
			},
		} {
			a := sample()
			change(a)
			x := teller.Tell(a, fileName("--output=x\x1b[2J'$(id)\n"))
			inert(t, x)
			if !strings.HasSuffix(x.Look, ` $'./--output=x\033[2J\'$(id)\012'`) && len(a.Evidence) > 0 {
				t.Errorf("%s: %q", name, x.Look)
			}
			md := teller.Markdown(a, x, 2)
			for _, mark := range []string{"<script", "](", "https://", "\n# rule", "\x1b"} {
				if strings.Contains(md, mark) {
					t.Errorf("%s: Markdown has %q:\n%s", name, mark, md)
				}
			}
			inert(t, Told{Title: strings.ReplaceAll(teller.Text(a, x, 80), "\n", " ")})
			if _, err := json.Marshal(x); err != nil {
				t.Error(err)
			}
		}
	}
}

// TestRulesWithoutWords tells what it can from what the detector says of
// itself.
func TestRulesWithoutWords(t *testing.T) {
	a := sample()
	a.Detector = &detectors.Detector{ID: "own", Title: "a rule of mine", Doc: "# own\n\n## Benign look-alikes\n\n- A backup of\n  `srv`.\n- Tests.\n\n## What to do next\n\nAsk **Bob**.\n\nThen more.\n"}
	a.Rule = &detectors.Rule{ID: "own", Title: "many calls at night"}
	a.Summary, a.Confidence = "10.0.0.5 called 1440 times at night", 0
	a.Facts = []detectors.Fact{detectors.Uint("calls", 1440), detectors.Float("limit_per_hour", 1.5)}
	x := New("en").Tell(a, nil)
	for _, c := range []struct{ got, want string }{
		{x.Title, "10.0.0.5 → 203.0.113.9:443/tcp: many calls at night"},
		{x.Measured, "The numbers that decided: calls 1440, limit per hour 1.5."},
		{x.Why, "The rule marks: many calls at night."},
		{strings.Join(x.Else, "|"), "A backup of srv.|Tests."},
		{x.Next[0], "Ask Bob."},
		{x.Next[2], "Read how the detector decides, and what looks like it: seine explain own"},
		{x.What, "10.0.0.5 called 1440 times at night. Seen from 10\u00a0March 2026, 09:00:05\u00a0UTC to 11\u00a0March 2026, 09:00:05\u00a0UTC (24\u00a0h). " +
			"1440\u00a0flows support it. It was raised 3\u00a0times. The earlier run did not have this finding."},
		{x.Look, `seine convert --where 'ip == "10.0.0.5" and ip == "203.0.113.9" and port == 443 and protocol == "tcp" and ts in "2026-03-10T09:00:05Z".."2026-03-11T09:00:05Z"' FILES`},
	} {
		if c.got != c.want {
			t.Errorf("got  %q\nwant %q", c.got, c.want)
		}
	}
}

func TestNumbers(t *testing.T) {
	en, fr := &english, &french
	for _, c := range []struct{ got, want string }{
		{en.number(numberOf("1234")), "1234"},
		{en.number(numberOf("12345")), "12,345"},
		{en.number(numberOf("18446744073709551615")), "18,446,744,073,709,551,615"},
		{en.number(numberOf("-1234567.5")), "−1,234,568"},
		{en.number(numberOf("0.012345")), "0.0123"},
		{en.number(numberOf("12.345")), "12.35"},
		{en.number(numberOf("1e21")), "1\u00a0×\u00a010^21"},
		{en.number(numberOf("0")), "0"},
		{fr.number(numberOf("12345.5")), "12\u202f346"},
		{fr.number(numberOf("1.5")), "1,5"},
		{en.bytes(0), "0\u00a0bytes"},
		{en.bytes(1), "1\u00a0byte"},
		{fr.bytes(0), "0\u00a0octet"},
		{fr.bytes(2), "2\u00a0octets"},
		{en.pace(60), "every minute"},
		{en.pace(90), "every 1\u00a0min\u00a030\u00a0s"},
		{fr.pace(3600), "chaque heure"},
		{fr.pace(59), "toutes les 59\u00a0s"},
		{en.bytes(999), "999\u00a0bytes"},
		{en.bytes(1000), "1\u00a0kB"},
		{en.bytes(1234567), "1.2\u00a0MB"},
		{en.bytes(999_999), "1\u00a0MB"},
		{fr.bytes(1234567), "1,2\u00a0Mo"},
		{fr.bytes(1e18), "1000\u00a0Po"},
		{en.span(0.5), "0.5\u00a0s"},
		{en.span(60), "1\u00a0min"},
		{en.span(3599.7), "1\u00a0h"},
		{en.span(3661), "1\u00a0h\u00a01\u00a0min"},
		{en.span(90 * 3600), "3\u00a0days\u00a018\u00a0h"},
		{fr.span(72 * 3600), "3\u00a0jours"},
		{en.share(0.5), "50%"},
		{en.share(0.9999), "99.9%"},
		{en.share(0.0002), "0.02%"},
		{en.share(1), "100%"},
		{fr.share(0.123), "12\u202f%"},
		{en.rarity(-4), "one in 10,000"},
		{en.rarity(-93.09), "one in 10^93"},
		{fr.rarity(-4.3), "une sur 20\u202f000"},
		{fr.moment(flow.Time(1772323200 * 1e9).UTC()), "1er\u00a0mars 2026 à 00:00:00\u00a0UTC"},
		{fr.typography("« a » : b ; c ? d'e ! f..."), "«\u00a0a\u00a0»\u00a0: b\u202f; c\u202f? d’e\u202f! f…"},
	} {
		if c.got != c.want {
			t.Errorf("got %q, want %q", c.got, c.want)
		}
	}
}

func TestPlurals(t *testing.T) {
	for _, c := range []struct {
		in   *tongue
		n    string
		want string
	}{
		{&english, "0", "0\u00a0ports"}, {&english, "1", "1\u00a0port"}, {&english, "1.5", "1.5\u00a0ports"}, {&english, "2", "2\u00a0ports"},
		{&french, "0", "0\u00a0port"}, {&french, "1", "1\u00a0port"}, {&french, "1.5", "1,5\u00a0port"}, {&french, "2", "2\u00a0ports"},
	} {
		x, err := parseText("{n#port|ports}", c.in)
		if err != nil {
			t.Fatal(err)
		}
		p := &telling{in: c.in, get: func(string) value { return numberOf(c.n) }}
		if got := p.render(x); got != c.want {
			t.Errorf("%s: %q, want %q", c.in.lang, got, c.want)
		}
	}
}

// TestTemplates renders templates with x = 3, s = "tcp", b = false, l = [1, 2],
// w = "why not", and z absent.
func TestTemplates(t *testing.T) {
	values := map[string]value{
		"x": numberOf("3"), "s": {kind: textValue, text: "tcp"}, "b": truthValue(false),
		"l": {kind: listValue, items: []value{numberOf("1"), numberOf("2")}}, "w": {kind: textValue, text: "why not"},
	}
	for in, want := range map[string]string{
		"a {x} b": "a 3 b", "{s}": "tcp", "{b}": "no", "{l}": "1, 2", "{w}": "“why not”", "{w|plain}": "why not", "{w|word}": "because",
		"{z}": "unknown", "a[[, {z}]].": "a.", "a [[{z} ]]b": "a b", "a[[ and {x}]].": "a and 3.",
		"[[? x>2 : yes]][[? x<3 : no]]": "yes", "[[? x>2 & s=tcp : yes]]": "yes", "[[? x>2 & s!=tcp : yes]]": "",
		"[[? b : yes]][[? !b : no]]": "no", "[[? z : yes]][[? !z : no]]": "no", "[[? l : yes]]": "yes", "[[? z!=1 : other]]": "other",
		"[[? x : a [[{z} b]] c]]": "a c", "[[? b=false : right]]": "right", "{l|port}": "1, 2", "{s|set}": `"tcp"`, "{w|set}": "",
	} {
		x, err := parseText(in, &english)
		if err != nil {
			t.Errorf("%q: %v", in, err)
			continue
		}
		p := &telling{in: &english, words: &words{dict: map[string]string{"why not": "because"}}, get: func(name string) value { return values[name] }}
		if got := p.render(x); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
	for _, in := range []string{"{", "}", "{}", "{x", "{x|nothing}", "{x#one}", "{a b}", "[[", "]]", "[[ {x}", "[[? x : ", "[[? x]]", "[[? x>y : z]]", "[[? : z]]",
		strings.Repeat("[[", 9) + strings.Repeat("]]", 9)} {
		if _, err := parseText(in, &english); err == nil {
			t.Errorf("%q is taken", in)
		}
	}
}

func TestWordsThatAreWrong(t *testing.T) {
	for doc, want := range map[string]string{
		"# a\n## what\n{": "line 3: a, what", "# a\n## nothing\n": "line 2: unknown section", "## what\n": "belongs to no rule",
		"# a\n# a\n": "line 2: the rule", "# a\n## what\nx\n## what\n": "line 4: a has the section what twice", "# a\ntext\n": "line 2: a section",
		"# a\n## else\ntext\n": "list", "# words\n- a\n": "line 2: a translation", "# words\n- a * = b\n": "as many stars",
		"# a\n\xff": "UTF-8", strings.Repeat("x", maxWords+1): "bytes",
	} {
		if _, err := parseWords(doc, &english); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", clip(doc, 40), err, want)
		}
	}
}

func TestShellWords(t *testing.T) {
	for in, want := range map[string]string{
		"flows.csv": "flows.csv", "a b": "'a b'", "it's": `'it'\''s'`, "": "''", "é.csv": "'é.csv'", "a\nb": `$'a\012b'`, "$(id)": "'$(id)'", "\xff": `$'\377'`,
		"~": "'~'", "a\u202eb\\'": `$'a\342\200\256b\\\''`,
	} {
		if got := shellWord(in); got != want {
			t.Errorf("%q: %s, want %s", in, got, want)
		}
	}
}

// TestGrowing: what is told of an alert that grew begins with its window, not
// as long before the moment that it met the rule as it lasted in the end.
func TestGrowing(t *testing.T) {
	a := sample()
	a.Window, a.HasWindow, a.Grows = a.FirstSeen, true, true
	a.Facts = append(a.Facts, detectors.Float("seconds", 86400))
	if from, to := span(a); from != a.FirstSeen || to != a.LastSeen {
		t.Errorf("from %s to %s", from, to)
	}
}

// TestRanges: fences are told as what they are.
func TestRanges(t *testing.T) {
	for in, want := range map[*tongue]string{&english: "1 to 3", &french: "de 1 à 3"} {
		p := &telling{in: in, get: func(string) value {
			return value{kind: listValue, items: []value{numberOf("1"), numberOf("3")}}
		}}
		x, err := parseText("{fence|range}", in)
		if got := p.render(x); err != nil || got != want {
			t.Errorf("got %q, want %q (%v)", got, want, err)
		}
	}
}

// TestProtocolsCanBeAskedFor: the conditions that are made up are not compiled
// to see whether they can be.
func TestProtocolsCanBeAskedFor(t *testing.T) {
	mapped, _ := flow.AddrFrom16([16]byte{10: 0xff, 11: 0xff, 12: 1, 13: 2, 14: 3, 15: 4})
	for p := range 256 {
		a := sample()
		a.Subject = detectors.Pair(mapped, flow.Addr{}).WithPort(uint16(p)).WithProtocol(flow.Proto(p))
		if text := Condition(a, ""); !compiles(text) {
			t.Error(text)
		}
	}
}

// TestNamedHosts: a name that stands for an address cannot be asked for, but
// the rows can.
func TestNamedHosts(t *testing.T) {
	a := sample()
	name, _ := flow.NameAddr([]byte("pc-7"))
	a.Subject = detectors.Address(name, detectors.RoleSrc)
	if got := Condition(a, ""); got != "row in [7]" {
		t.Error(got)
	}
	a.Evidence = nil
	if got := New("en").Tell(a, nil).Look; got != "" {
		t.Error(got)
	}
}

// Whatever a file of words holds, it is taken or refused with a line, and what
// is taken tells an alert without panic and without marks of its own.
func FuzzWords(f *testing.F) {
	d := beacon.Detector()
	f.Add(d.Words["en"])
	f.Add("# *\n## what\n[[? a>1 & !b : {x#one|many} ]] {@src|port}\n# words\n- a * b = c * d\n")
	f.Fuzz(func(t *testing.T, doc string) {
		for _, in := range []*tongue{&english, &french} {
			w, err := parseWords(doc, in)
			if err != nil {
				continue
			}
			a := sample()
			own := *d
			own.Words = map[string]string{"en": doc, "fr": doc}
			a.Detector = &own
			_ = w
			x := New(in.lang).Tell(a, nil)
			if x.Title == "" || x.What == "" || len(x.Next) == 0 {
				t.Errorf("a part is missing: %+v", x)
			}
		}
	})
}

func BenchmarkTell(b *testing.B) {
	a, t := sample(), New("en")
	b.ReportAllocs()
	for b.Loop() {
		t.Tell(a, nil)
	}
}
