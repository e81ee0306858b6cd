package llm

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"unicode"

	"seine/analyzer/explain"
	"seine/detectors"
)

// check refuses an answer that says what the alert does not.
func check(r retelling, a *detectors.Alert, x explain.Told) error {
	if len(r.Else) != len(x.Else) || len(r.Next) != len(x.Next) {
		return fmt.Errorf("its answer has %d and %d items, not %d and %d", len(r.Else), len(r.Next), len(x.Else), len(x.Next))
	}
	known := source(a, x)
	for _, text := range append([]string{r.Title, r.What, r.Measured, r.Why}, append(r.Else, r.Next...)...) {
		if err := known.check(text); err != nil {
			return err
		}
	}
	for _, addr := range subjectOf(a) {
		if !strings.Contains(r.Title+" "+r.What, addr) {
			return fmt.Errorf("its answer leaves out %s", addr)
		}
	}
	return nil
}

// subjectOf are the addresses that the alert is about.
func subjectOf(a *detectors.Alert) []string {
	var all []string
	s := &a.Subject
	if s.Has&detectors.SubjectIP != 0 {
		all = append(all, s.IP.String())
	}
	if s.Has&detectors.SubjectPair != 0 {
		all = append(all, s.Src.String(), s.Dst.String())
	}
	return all
}

// A vocabulary is what an answer may say: the things with digits or dots of
// the alert, and the words of which there is doubt.
type vocabulary struct {
	comma  bool // decimal comma: French
	text   string
	things map[string]bool
}

// source is the vocabulary of an alert and its telling.
func source(a *detectors.Alert, x explain.Told) *vocabulary {
	parts := []string{x.Title, x.What, x.Measured, x.Why, tame(a.Summary, maxBody)}
	parts = append(parts, x.Else...)
	parts = append(parts, x.Next...)
	parts = append(parts, subjectOf(a)...)
	v := &vocabulary{comma: x.Lang == "fr", things: map[string]bool{}}
	for _, p := range parts {
		for _, th := range v.find(p) {
			v.things[th.key] = true
		}
	}
	// Facts and the summary are not in the language of the telling: numbers
	// there have a decimal point and no groups.
	plain := vocabulary{}
	for i := range a.Facts {
		s := tame(a.Facts[i].String(), maxField)
		parts = append(parts, s)
		for _, th := range plain.find(strings.ReplaceAll(s, ",", ", ")) {
			v.things[th.key] = true
		}
	}
	for _, th := range plain.find(tame(a.Summary, maxBody)) {
		v.things[th.key] = true
	}
	v.text = " " + strings.ToLower(strings.Join(parts, " ")) + " "
	return v
}

// A thing is an address, a name, a time or a number in a text.
type thing struct {
	text string
	key  string // the same for two spellings of one thing
}

const space = "[ \u00a0\u202f\u2009]"

var (
	clock        = regexp.MustCompile(`^\d{1,2}:\d{2}(:\d{2})?$`)
	moment       = regexp.MustCompile(`^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}:\d{2}(\.\d+)?Z?)?$`)
	grouped      = regexp.MustCompile(`\d{1,3}(?:[,` + "\u00a0\u202f\u2009" + ` ]\d{3})+(?:[.,]\d+)?`)
	joiner       = regexp.MustCompile(space + `+`)
	figure       = regexp.MustCompile(`^[-−+]?\d+([.,]\d+)?%?$`)
	abbreviation = regexp.MustCompile(`^\p{L}(\.\p{L})+$`) // e.g, i.e
	dotted       = regexp.MustCompile(`^[\p{L}\d_-]+(\.[\p{L}\d_-]+)+$`)
)

// find lists the things of a text.
func (v *vocabulary) find(text string) []thing {
	var all []thing
	// Groups of digits first: 1,234 or 1 234.5 become 1234 and 1234.5.
	text = grouped.ReplaceAllStringFunc(text, func(s string) string {
		if v.comma && strings.Contains(s, ",") && strings.Count(s, ",") == 1 && !strings.ContainsAny(s, " \u00a0\u202f\u2009.") {
			return s // 1,234 is a fraction in French
		}
		if v.comma {
			return joiner.ReplaceAllString(s, "")
		}
		if strings.ContainsAny(s, " \u00a0\u202f\u2009") {
			// "80 100" in English are two numbers unless the blank cannot break.
			if strings.Contains(s, " ") {
				return s
			}
		}
		return strings.ReplaceAll(joiner.ReplaceAllString(s, ""), ",", "")
	})
	for _, word := range strings.FieldsFunc(text, func(r rune) bool {
		return unicode.IsSpace(r) || strings.ContainsRune("()\"'“”«»’;!?<>=×–—…·", r)
	}) {
		word = strings.Trim(word, ".,:")
		for _, part := range strings.Split(word, "/") {
			if part != "" {
				all = v.sort(all, strings.Trim(part, ".,:"))
			}
		}
		if strings.Contains(word, "/") {
			if _, err := netip.ParsePrefix(word); err == nil {
				all = append(all, thing{word, word})
			}
		}
	}
	return all
}

// sort adds a word to things if it is one.
func (v *vocabulary) sort(all []thing, word string) []thing {
	add := func(key string) []thing { return append(all, thing{word, key}) }
	if a, err := netip.ParseAddr(strings.Trim(word, "[]")); err == nil {
		return add("addr " + a.Unmap().WithZone("").String())
	}
	host, port, found := cutPort(word)
	if found {
		if a, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
			all = append(all, thing{host, "addr " + a.Unmap().String()})
			return v.sort(all, port)
		}
	}
	switch {
	case !strings.ContainsFunc(word, isDigit) && (!dotted.MatchString(word) || abbreviation.MatchString(word)):
		return all
	case clock.MatchString(word):
		if len(word) == len("15:04:05") {
			all = append(all, thing{word, "clock " + word[:5]})
		}
		return add("clock " + word)
	case moment.MatchString(word):
		day, time, _ := strings.Cut(word, "T")
		all = append(all, thing{word, "day " + day})
		if time != "" {
			time, _, _ = strings.Cut(strings.TrimSuffix(time, "Z"), ".")
			all = append(all, thing{word, "clock " + time})
			all = append(all, thing{word, "clock " + time[:5]})
		}
		return all
	case figure.MatchString(word):
		return add(v.number(word))
	}
	return add("word " + strings.ToLower(word))
}

// cutPort cuts the port from an address: 192.0.2.1:80, [2001:db8::1]:80.
func cutPort(word string) (host, port string, found bool) {
	i := strings.LastIndexByte(word, ':')
	if i < 0 || !strings.HasPrefix(word, "[") && strings.IndexByte(word, ':') != i {
		return "", "", false
	}
	return word[:i], word[i+1:], true
}

func isDigit(r rune) bool { return unicode.IsDigit(r) || unicode.In(r, unicode.No, unicode.Nl) }

// number is the key of a number: its digits with a point, without sign, zeros
// in front or at the end, and percent.
func (v *vocabulary) number(word string) string {
	word = strings.TrimLeft(word, "-−+")
	word = strings.TrimSuffix(word, "%")
	word = strings.Replace(word, ",", ".", 1)
	whole, fraction, _ := strings.Cut(word, ".")
	if whole = strings.TrimLeft(whole, "0"); whole == "" {
		whole = "0"
	}
	if fraction = strings.TrimRight(fraction, "0"); fraction != "" {
		whole += "." + fraction
	}
	return "number " + whole
}

// numerals are words that say a number. One, un and une are too ordinary.
var numerals = words(`two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred hundreds thousand thousands million millions
billion billions dozen dozens half twice double triple
deux trois quatre cinq sept huit neuf dix onze douze treize quatorze quinze seize vingt trente quarante cinquante soixante cent
cents mille milliers millier milliard milliards centaine centaines dizaine dizaines douzaine douzaines moitié double
january february march april june july august september october november december
janvier février mars avril mai juin juillet août septembre octobre novembre décembre
monday tuesday wednesday thursday friday saturday sunday lundi mardi mercredi jeudi vendredi samedi dimanche`)

// commands are words that a text for an analyst has no use for, unless the
// template uses them.
var commands = words(`curl wget powershell cmd cmd.exe bash sudo chmod chown iptables nft netsh rm dd nc ncat netcat ssh scp
python perl ruby node eval exec invoke-webrequest iwr iex certutil mshta rundll32 regsvr32 bitsadmin schtasks crontab
systemctl kill pkill taskkill telnet ftp tftp http https www javascript`)

// verdicts are words that close a case. A model, or whoever wrote a field that
// it read, has no say in that: only the template may use them.
var verdicts = words(`harmless benign innocuous safe safely legitimate authorised authorized verified approved whitelisted
allowlisted dismiss close ignore false-positive
inoffensif inoffensive inoffensifs inoffensives bénin bénigne bénins bénignes légitime légitimes autorisé autorisée vérifié
vérifiée approuvé approuvée clore classer ignorer ignorez`)

func words(list string) map[string]bool {
	m := map[string]bool{}
	for _, w := range strings.Fields(list) {
		m[w] = true
	}
	return m
}

// check refuses a text that says something not in the vocabulary.
func (v *vocabulary) check(text string) error {
	lower := strings.ToLower(text)
	for _, mark := range []string{"://", "www.", "mailto:", "javascript:", "](", "`", "$(", "${", "&&", "||", "<", ">", "{", "}", "|", "\\", "@"} {
		if strings.Contains(lower, mark) && !strings.Contains(v.text, mark) {
			return fmt.Errorf("its answer has %q, which looks like a link, a command or markup", mark)
		}
	}
	for _, r := range text {
		if r > 0x7f && isDigit(r) {
			return fmt.Errorf("its answer writes a number as %q", r)
		}
	}
	for _, th := range v.find(text) {
		if !v.things[th.key] {
			return fmt.Errorf("its answer says %q, which the alert does not", short(th.text))
		}
	}
	for _, word := range strings.FieldsFunc(lower, func(r rune) bool { return !unicode.IsLetter(r) && r != '.' && r != '-' }) {
		word = strings.Trim(word, ".-")
		for _, w := range append(strings.Split(word, "-"), word) {
			if (numerals[w] || commands[w] || verdicts[w]) && !v.says(w) {
				return fmt.Errorf("its answer says %q, which the alert does not", short(w))
			}
		}
	}
	return nil
}

// says reports whether a word stands in the alert.
func (v *vocabulary) says(word string) bool {
	for at := 0; ; {
		i := strings.Index(v.text[at:], word)
		if i < 0 {
			return false
		}
		i += at
		before, after := lastRune(v.text[:i]), firstRune(v.text[i+len(word):])
		if !unicode.IsLetter(before) && !unicode.IsLetter(after) {
			return true
		}
		at = i + len(word)
	}
}

func firstRune(s string) rune {
	for _, r := range s {
		return r
	}
	return ' '
}

func lastRune(s string) rune {
	last := ' '
	for i := len(s) - 1; i >= 0 && i > len(s)-5; i-- {
		if c := s[i]; c < 0x80 || c >= 0xc0 {
			return firstRune(s[i:])
		}
	}
	return last
}
