// Package report writes what a run found: a table for people, NDJSON, JSON
// and CSV for programs, and the summary of the run.
//
// A [Format] describes one output and makes the [analyzer.Sink] that writes
// it; [Formats] lists them all. Adding an output is one file and one line in
// that list. Nearly every text in an alert (states, services, labels, file
// names, the sentence made of them) may have been chosen by an attacker, so
// each output makes texts harmless for where they go: see safe.go.
package report
