// Package detectors is the contract between the engine and the detectors.
//
// A [Detector] describes itself: what it finds, what it needs, its rules, its
// documentation. Its New makes a [Watcher] from an [Env], through which it
// also declares its parameters: running New on a recording Env yields the
// table that help texts, documentation and configuration checks read. The
// engine feeds a Watcher the flows in input order and the passing of event
// time, and takes its [Alert]s.
//
// The laws that every detector keeps, each checked by a test over the whole
// list in detectors/builtin:
//
//  1. Same input, same configuration: same bytes, for any number of cores and
//     any batch size. No wall clock, randomness, map order, goroutine, input
//     or output, or package variable in a Watcher; nothing of the machine in
//     an alert.
//  2. Flows reach a Watcher in input order, and all of them. Windows go by
//     event time (Record.Start); what comes later than Env.Lateness behind the
//     watermark is kept out of windows only, and counted.
//  3. A Watcher keeps nothing of rs after the call, and changes nothing in it.
//  4. Memory is bounded by configuration, never by the input: every table has
//     a limit, and what a limit cost is counted with Env.Limit.
//  5. A detector never fails a run: what it cannot use it passes over.
//  6. A panic becomes an error that names the detector, the file and the row.
package detectors
