// Package trace invents flow traces: the same flags give the same rows on
// any machine.
//
// A [Generator] hands out one [Flow] after the other in the order in which a
// collector would log them. Two scenes exist: [New] makes a large site with
// thousands of clients, for benchmarks and tests of any size, and [NewDemo] a
// small office with a handful of planted incidents.
//
// Everything is worked out in integers. Floating point would do, until a
// compiler fuses a multiplication with an addition on one architecture and
// not on the other; a trace that is to be compared byte for byte cannot
// afford that. The package imports nothing of Seine, so that a reader and the
// generator that tests it never share a mistake.
package trace
