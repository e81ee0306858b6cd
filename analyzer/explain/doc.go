// Package explain tells an alert in plain language: what happened, against
// what it was measured, why it matters, what else it could be, what to check
// next, and which flows to look at.
//
// The texts belong to the detectors: [detectors.Detector].Words holds for each
// language a Markdown file of templates, words.en.md and words.fr.md in the
// folder of the detector. The same alert always gives the same text: nothing
// is guessed, and nothing is asked of a model. What a detector has no words
// for, as a rule of the user's own, is told from its title, its summary, its
// facts and its documentation.
//
// # Words
//
// A heading of the first level begins a rule, one of the second a section:
//
//	# too-many-ports
//	## title
//	{@ip} used {ports#port|ports}
//	## what
//	{@ip} took part in flows to {ports} different ports.
//	## measured
//	The threshold was {threshold}, over {hosts} addresses. [[It sent {bytes_up|bytes}.]]
//	## why
//	…
//	## else
//	- a benign cause in a line
//	## next
//	- a step in a line
//	## look
//	port == {@port}
//
// The sections title, what, measured and why are text; else and next are lists;
// look, if it is there, is a condition that narrows the flows to look at, in
// the language of package where; the words "anytime" and "only" before it leave
// out the time, or the addresses and the port, of the alert. A rule "*" in front has sections for all
// rules that do not have their own. A rule "words" is a list of
// translations, "- original = translation", of the texts that facts carry.
//
// {name} is the fact of that name, {@name} a part of the alert (src, dst, ip,
// port, protocol, first, last, flows, count …, see the names in part.go),
// {name|format} the value in another form, and {name#one|many} the number and
// the word that belongs to it. [[ … ]] is left out where one of the values in
// it is missing, and [[? condition : … ]] where the condition does not hold:
// "name" (there, and neither 0 nor false), "!name", "name=text", "name!=text",
// "name>number", "name<number", several joined by "&".
//
// Values are data: they are cleaned of what acts on a terminal, cut where they
// are long, and never read as a template.
package explain
