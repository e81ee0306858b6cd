// Package parse reads the values of flow logs from bytes: times, addresses,
// ports, counters. Each fast path takes the usual spelling eight bytes at a
// time and leaves every other one to the general function beside it.
package parse
