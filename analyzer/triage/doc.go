// Package triage applies what the user has decided about flows and findings:
// rules that keep flows from the detectors, rules that hide findings, and the
// comparison with an earlier run. README.md describes the files of rules.
//
// Rules are read by [Load] and become an [analyzer.Ignorer] on the way of the
// flows ([NewIgnore]) and a [analyzer.Sink] on the way of the findings
// ([Suppress]). [Baseline] compares findings as they pass, [Diff] two whole
// runs.
//
// Nothing here looks at the clock: a rule expires by the time of what it would
// hide, or by a moment that the user names.
package triage

import _ "embed" // the description of the files is a file

// Doc describes the files of rules, expiry and the baseline, in Markdown.
//
//go:embed README.md
var Doc string
