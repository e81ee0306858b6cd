package risk

import (
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"seine/analyzer"
	"seine/flow"
)

const (
	steps  = 6   // of a story
	likely = 10  // score from which a rule is a step of its own
	clause = 140 // characters of a summary in it
)

// told are the rules that make the story, of some that come the strongest
// first: those that are likely or, without any, the others, in the order of
// time.
func told(rules []analyzer.RuleRisk) []analyzer.RuleRisk {
	n := 0
	for n < len(rules) && rules[n].Score >= likely {
		n++
	}
	if n == 0 {
		n = len(rules)
	}
	chosen := slices.Clone(rules[:min(n, steps)])
	slices.SortFunc(chosen, byTime)
	return chosen
}

// tactics are the tactics that rules show, in kill-chain order.
func tactics(rules []analyzer.RuleRisk) []analyzer.Tactic {
	var all []analyzer.Tactic
	for _, link := range killChain {
		if slices.ContainsFunc(rules, func(r analyzer.RuleRisk) bool { return r.Tactic == link.Tactic }) {
			all = append(all, link.Tactic)
		}
	}
	return all
}

// chain is the longest row of tactics in kill-chain order that begin one
// after the other, as far as likely rules show them; of several as long, the
// one of earlier tactics. One tactic is no row.
func chain(rules []analyzer.RuleRisk) []analyzer.Tactic {
	var first [len(killChain)]flow.Time
	var seen [len(killChain)]bool
	for i := range rules {
		at := slices.IndexFunc(killChain[:], func(l chainLink) bool { return l.Tactic == rules[i].Tactic })
		if at >= 0 && rules[i].Score >= likely && (!seen[at] || rules[i].First < first[at]) {
			first[at], seen[at] = rules[i].First, true
		}
	}
	var length, before [len(killChain)]int // of the longest row that ends here
	end := 0
	for i := range killChain {
		if !seen[i] {
			continue
		}
		length[i], before[i] = 1, -1
		for j := range i {
			if seen[j] && first[j] < first[i] && length[j] >= length[i] {
				length[i], before[i] = length[j]+1, j
			}
		}
		if length[i] > length[end] {
			end = i
		}
	}
	if length[end] < 2 {
		return nil
	}
	var row []analyzer.Tactic
	for i := end; i >= 0; i = before[i] {
		row = append(row, killChain[i].Tactic)
	}
	slices.Reverse(row)
	return row
}

// story tells what rules say of a host, a sentence for each, how many more
// there are, and what it comes to.
func story(host flow.Addr, rules []analyzer.RuleRisk, more int, row []analyzer.Tactic) []string {
	var sentences []string
	day := ""
	for i := range rules {
		r := &rules[i]
		var b strings.Builder
		day = when(&b, r.First, r.Last, day)
		b.WriteString(did(host, shorten(r.Summary)))
		fmt.Fprintf(&b, " (%s/%s, %s", r.Detector.ID, r.Rule.ID, r.Severity)
		if r.Findings > 1 {
			fmt.Fprintf(&b, ", the strongest of %d", r.Findings)
		}
		b.WriteString(").")
		sentences = append(sentences, b.String())
	}
	switch {
	case more == 1:
		sentences = append(sentences, "One more rule accuses it.")
	case more > 1:
		sentences = append(sentences, fmt.Sprintf("%d more rules accuse it.", more))
	}
	if len(row) > 0 {
		names := make([]string, len(row))
		for i, t := range row {
			names[i] = t.Name
		}
		sentences = append(sentences, "In this order: "+strings.Join(names, " → ")+".")
	}
	return sentences
}

// did goes on after the time with what a summary says, without the name of
// the host where the sentence allows: "H used 5 ports", "H → D: 5 calls".
func did(host flow.Addr, what string) string {
	if rest, ok := strings.CutPrefix(what, host.String()+" "); ok {
		if r, _ := utf8.DecodeRuneInString(rest); unicode.IsLower(r) && !strings.HasPrefix(rest, "and ") {
			return " it " + rest
		}
		peer, ok := strings.CutPrefix(rest, "→ ")
		if first, _, _ := strings.Cut(peer, " "); ok && strings.HasSuffix(first, ":") && !strings.HasSuffix(first, "::") {
			return " towards " + peer
		}
	}
	return ": " + what
}

// when begins a sentence with its time, to the minute and in UTC. It names
// the day if that is not the one named last, and returns the one it is.
func when(b *strings.Builder, from, to flow.Time, day string) string {
	const minute = 60 * flow.Second
	f, t := from.UTC(), to.UTC()
	fromDay, toDay := f.Format("2006-01-02"), t.Format("2006-01-02")
	fromClock, toClock := f.Format("15:04"), t.Format("15:04")
	switch {
	case fromDay != toDay:
		fmt.Fprintf(b, "From %s %s to %s %s", fromDay, fromClock, toDay, toClock)
		return toDay
	case fromDay != day:
		fmt.Fprintf(b, "On %s", fromDay)
		if from.Floor(minute) == to.Floor(minute) {
			fmt.Fprintf(b, " at %s", fromClock)
		} else {
			fmt.Fprintf(b, " from %s to %s", fromClock, toClock)
		}
	case fromClock == toClock:
		fmt.Fprintf(b, "At %s", fromClock)
	default:
		fmt.Fprintf(b, "From %s to %s", fromClock, toClock)
	}
	return toDay
}

// shorten gives the first sentence of a summary without its full stop. One
// that is long ends before a clause or, where that leaves too little, between
// words.
func shorten(s string) string {
	for at := 0; ; {
		i := strings.Index(s[at:], ". ")
		if i < 0 {
			break
		}
		at += i + len(". ")
		if r, _ := utf8.DecodeRuneInString(s[at:]); unicode.IsUpper(r) {
			s = s[:at]
			break
		}
	}
	s = strings.TrimRight(s, " .")
	n, end := 0, len(s)
	for i := range s {
		if n++; n > clause {
			end = i
			break
		}
	}
	if end == len(s) {
		return s
	}
	for i := end - 1; i > end/3; i-- {
		clauseEnds := s[i] == ' ' && (strings.IndexByte(",;:", s[i-1]) >= 0 || s[i+1] == '(')
		if clauseEnds && balanced(s[:i]) {
			return strings.TrimRight(s[:i], ",;:")
		}
	}
	s = s[:end]
	if space := strings.LastIndexByte(s, ' '); space > end/2 {
		s = s[:space]
	}
	return s + " …"
}

// balanced reports whether every parenthesis is closed.
func balanced(s string) bool { return strings.Count(s, "(") == strings.Count(s, ")") }
