//go:build !unix

package analyzer

// peakMemory is not known here.
func peakMemory() int64 { return 0 }
