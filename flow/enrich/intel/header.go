package intel

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"seine/flow"
	"seine/flow/internal/parse"
)

// A header is what the comments in front of a list tell of it.
type header struct {
	lines int
	name  string
	about string // what the list says that it is, in lower case
	kind  string // its own category
	date  flow.Time
	rank  int // how much the date is that of the content
}

// maxHeader is how many comments are looked at.
const maxHeader = 200

// The words that go before the date of a list, those of the content before
// those of the file.
var dateWords = []struct {
	word string
	rank int
}{
	{"source file date", 5}, {"last updated", 4}, {"last-modified", 4}, {"last modified", 4}, {"last update", 4}, {"updated", 4},
	{"this file date", 3}, {"generated", 3}, {"created", 3}, {"published", 3}, {"timestamp", 3}, {"exported", 3}, {"date", 2}, {"list", 1},
}

// comment takes a line of the header.
func (h *header) comment(line []byte, n int) {
	if h.lines++; h.lines > maxHeader || n > 2*maxHeader || len(line) > 4096 {
		return
	}
	text := strings.TrimSpace(strings.Trim(string(line), "#;!*/ \t"))
	if text == "" {
		return
	}
	low := strings.ToLower(text)
	for _, d := range dateWords {
		if d.rank <= h.rank {
			break
		}
		if strings.HasPrefix(low, "expire") {
			break
		}
		at := strings.Index(low, d.word)
		if at < 0 || at+len(d.word) > len(text) {
			continue
		}
		if t, ok := dateIn(text[at+len(d.word):]); ok {
			h.date, h.rank = t, d.rank
			break
		}
	}
	key, value, found := strings.Cut(text, ":")
	key = strings.ToLower(strings.TrimSpace(key))
	if value = strings.TrimSpace(value); found && value != "" {
		switch key {
		case "category":
			h.kind = strings.ToLower(value)
			return
		case "name", "title", "list", "list name", "ipset", "feed":
			if h.name = value; len(h.name) > 100 {
				h.name = h.name[:100]
			}
			return
		}
	}
	if h.name == "" && !strings.Contains(text, "://") && strings.ContainsFunc(text, isLetter) && len(text) <= 100 {
		h.name = text
	}
	if len(h.about) < 4096 {
		h.about += low + "\n"
	}
}

func isLetter(r rune) bool { return r|0x20 >= 'a' && r|0x20 <= 'z' }

// dateIn finds a date in what follows a word such as "updated".
func dateIn(text string) (flow.Time, bool) {
	text = strings.Trim(text, " \t:=#*-\"'()")
	for _, prefix := range []string{"on ", "at ", "date "} {
		text = strings.TrimPrefix(text, prefix)
	}
	text = strings.TrimLeft(text, " :=")
	if len(text) < 8 {
		return 0, false
	}
	// Words of the list may stand in front of the date: "DROP List 2026/01/15 - …".
	for tries := 0; tries < 4 && len(text) >= 8; tries++ {
		if t, ok := dateAt(text); ok {
			return t, true
		}
		_, rest, found := strings.Cut(text, " ")
		if !found {
			break
		}
		text = strings.TrimLeft(rest, " ")
	}
	return 0, false
}

// The spellings of dates, the longest first. What follows them does not matter.
var dateLayouts = []string{
	"Mon, 02 Jan 2006 15:04:05 MST", "Mon, 02 Jan 2006 15:04:05 -0700", "Mon, _2 Jan 2006 15:04:05 MST",
	"Mon Jan _2 15:04:05 MST 2006", "Mon Jan _2 15:04:05 2006", "Mon Jan _2 2006",
	"2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05-0700", "2006-01-02T15:04:05.999999-07:00",
	"2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05Z07:00", "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02 15:04",
	"2006/01/02 15:04:05", "2006-01-02", "2006/01/02", "20060102150405", "_2 January 2006 15:04:05", "_2 January 2006", "02 Jan 2006 15:04:05", "02 Jan 2006", "_2 Jan 2006", "Jan _2 2006",
	"Jan _2, 2006", "January _2, 2006",
}

func dateAt(text string) (flow.Time, bool) {
	text = text[:min(len(text), 40)]
	for _, layout := range dateLayouts {
		// A layout is tried on the beginning of the text, cut at each blank.
		for end := len(text); end >= 8; end = strings.LastIndexByte(text[:end], ' ') {
			part := strings.Trim(text[:end], " ,;")
			if t, err := time.Parse(layout, part); err == nil && t.Year() >= 1995 {
				return flow.FromTime(t.UTC())
			}
		}
	}
	return 0, false
}

// when reads the date of an entry: as in a log, or a day alone.
func when(b []byte) (flow.Time, bool) {
	b = bytes.TrimSpace(b)
	if len(b) < 8 || len(b) > 40 {
		return 0, false
	}
	if len(b) >= 19 && b[4] == '-' {
		var c parse.Clock
		t, err := c.Parse(b)
		return t, err == nil && t > 0
	}
	if b[4] == '-' && len(b) == 10 {
		t, err := time.Parse(time.DateOnly, string(b))
		if err != nil {
			return 0, false
		}
		return flow.FromTime(t)
	}
	if len(b) >= 9 && b[0]-'0' <= 9 && b[4] != '/' {
		if t, err := parse.Scaled(b, parse.Seconds); err == nil && t > 0 {
			return t, true
		}
	}
	return dateAt(string(b))
}

// named takes over what a header tells of the list.
func (rd *reading) named(h *header) {
	f := rd.f
	if h.date > 0 {
		f.Date, f.HasDate = h.date, true
	}
	if h.name != "" && f.List == "" {
		f.List = title(h.name)
	}
}

// title is the name of a list without what stands behind it: a date, a
// copyright, remarks in parentheses.
func title(name string) string {
	name = strings.ToValidUTF8(name, "")
	for _, cut := range []string{" (", " - ", " © "} {
		if at := strings.Index(name, cut); at > 3 {
			name = name[:at]
		}
	}
	words := strings.Fields(name)
	for len(words) > 1 && strings.Trim(words[len(words)-1], "0123456789/-.:") == "" {
		words = words[:len(words)-1]
	}
	return strings.Join(words, " ")
}

// kinds are the words by which lists name what they hold, the telling ones
// first. They are looked for in text that simplified has made. That an entry is
// harmless is not among them: it silences all other lists, so a list has to say
// it where nothing else can be meant (see namesBenign and isBenign), not in
// remarks such as "whitelist requests to …".
var kinds = []struct {
	category string
	words    []string
}{
	{Bogon, []string{"unroutable", "bogon"}},
	{TorExit, []string{" tor ", " torproject", " torexit", " torbulkexit", " torlist", " exit node", " dan me uk"}},
	{C2, []string{"command and control", "command control", " c c ", " c2 ", " cc ", " cnc ", "botnet", " feodo", " cobalt", " sslbl", "sslipblacklist"}},
	{Hijacked, []string{"spamhaus drop", "spamhaus edrop", "route or peer", " edrop ", " drop ", " dropv6 ", " drop v", "hijack"}},
	{Phishing, []string{"phish"}},
	{BruteForce, []string{" brute", " ssh ", "sshpwauth"}},
	{Scanner, []string{" scan", " reconnaissance", "shodan", "censys", "portscan"}},
	{Spam, []string{" spam"}},
	{Proxy, []string{" proxy", " proxies", "anonymi", "anonymous", " vpn", " socks"}},
	{Compromised, []string{"compromised", "infected"}},
	{Malware, []string{"malware", "trojan", "ransomware", "malicious", "payload"}},
	{Abuse, []string{" abuse", "reputation"}},
	{Attacker, []string{"attack", "blocklist", "block list", "blacklist", "intrusion", "honeypot", "bad guys", "bad actor", "badips"}},
}

// benignWords are the words for lists of what is harmless.
var benignWords = []string{" warninglist ", " whitelist ", " allowlist ", " white list ", " allow list "}

// namesBenign reports whether the name of a file is that of a list of what is
// harmless.
func namesBenign(file string) bool {
	name := simplified(filepath.Base(file))
	return slices.ContainsFunc(benignWords, func(w string) bool { return strings.Contains(name, w) })
}

// titledBenign reports whether a title ends as that of a list of what is
// harmless.
func titledBenign(name string) bool {
	name = simplified(title(name))
	return slices.ContainsFunc(benignWords, func(w string) bool { return strings.HasSuffix(name, w) })
}

// isBenign reports whether a category as a feed writes it, the whole of it, is
// that of what is harmless.
func isBenign(word string) bool {
	switch strings.TrimSpace(simplified(word)) {
	case "benign", "harmless", "known good", "whitelist", "whitelisted", "allowlist", "allowlisted", "warninglist":
		return true
	}
	return false
}

// simplified is text in lower case with one blank for all that is no letter
// or digit, and at both ends.
func simplified(text string) string {
	b := make([]byte, 1, len(text)+2)
	b[0] = ' '
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case c-'A' <= 'Z'-'A':
			b = append(b, c|0x20)
		case c-'a' <= 'z'-'a', c-'0' <= 9:
			b = append(b, c)
		case b[len(b)-1] != ' ':
			b = append(b, ' ')
		}
	}
	if b[len(b)-1] != ' ' {
		b = append(b, ' ')
	}
	return string(b)
}

// kindOf finds the category that words tell of; empty for none.
func kindOf(text string) string {
	if text == "" {
		return ""
	}
	text = simplified(text)
	for _, k := range kinds {
		for _, w := range k.words {
			if strings.Contains(text, w) {
				return k.category
			}
		}
	}
	return ""
}

// fireholKinds are the categories of FireHOL's headers.
var fireholKinds = map[string]string{
	"attacks": Attacker, "abuse": Abuse, "anonymizers": Proxy, "malware": Malware, "reputation": Abuse, "spam": Spam,
	"unroutable": Bogon, "organizations": "", "geolocation": "",
}

// category is what the header tells of all entries, or else the name of the
// file.
func (h *header) category(file string) string {
	if titledBenign(h.name) {
		return Benign
	}
	named := kindOf(h.name)
	if k, ok := fireholKinds[h.kind]; ok && h.kind != "" {
		// "malware" with feodo in its name is a list of C2 servers.
		if named != "" && (k == Malware && named == C2 || k == Proxy && named == TorExit || k == Attacker && (named == BruteForce || named == Scanner || named == Hijacked)) {
			return named
		}
		return k
	}
	if named != "" {
		return named
	}
	if namesBenign(file) {
		return Benign
	}
	if k := kindOf(filepath.Base(file)); k != "" {
		return k
	}
	return kindOf(h.about)
}
