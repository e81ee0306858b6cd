// Package stats sums flows up, in one pass: totals, how they spread over
// time, percentiles of their sizes, and tables of the top talkers by any
// field or several.
//
// Nothing is sampled while memory allows. Every table has a limit, and beyond
// it the numbers come with their bound: groups of a table are forgotten, the
// lightest half at a time, as Misra and Gries do (1982), so that a row may
// lack what it had before it was met again, and at most so much (see
// Row.Missed); distinct values are sampled by their hash, as Gibbons does
// (2001), with a known standard error; percentiles come from a histogram with
// bins of a known width. All of that depends on the flows and their order
// alone, not on batches or cores.
package stats
