// Package replay reads back the alerts that Seine wrote and plays them to an
// [analyzer.Sink], so that everything behind the detectors, from folding to
// the outputs, works on an earlier run without its flows.
//
// It takes lines of "seine.alert/1" (the ndjson output), documents of
// "seine.report/1" (the json output), lists of alerts, and what tools such as
// jq make of them: spread over lines, keys in another order, one document
// behind the other. Each may be compressed.
//
// What is read and written again unchanged is the same to the byte: ids,
// the order of facts and the spelling of numbers are kept. A detector or rule
// that this version does not know, such as one of the user's own, is made up
// from what its alerts say.
//
// An alert that cannot be read is counted and told with its file and line; it
// never stops a replay. A layout of another version does.
package replay
