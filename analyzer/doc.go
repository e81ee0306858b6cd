// Package analyzer is the engine: it reads flows, numbers their addresses,
// lets each detector of the chain see all of them in input order, and hands
// the alerts on in one order that no number of cores changes.
//
// Decoding (several cores, in order) → numbering of hosts and watermark →
// batches to the detectors, each on one goroutine at a time, different ones
// side by side → alerts merged by row and place in the chain → [Sink]s.
// Everything that happens to alerts afterwards (folding, several outputs) is
// a Sink that wraps a Sink.
package analyzer
