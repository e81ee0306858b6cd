// Package flow holds the data of Seine: what a flow record is, how records
// are read, and where they come from.
//
// A [Record] is a plain struct without pointers, so that the collector never
// scans a batch and batches are recycled. Text that repeats (states, service
// names, labels) is interned: the record carries a [Symbol], a run has one
// table of [Symbols]. A [Format] describes one input layout and opens a
// [Reader] on a [Source]; a Source is one file, standard input or archive
// member, decompressed and peeked at. This package imports no other package
// of Seine.
//
// What an input logs is not always what happened: a [Stitching] describes how
// the records of a format relate to connections, and a [Stitcher] makes flows of
// them.
package flow
