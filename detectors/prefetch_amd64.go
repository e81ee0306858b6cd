package detectors

import "unsafe"

//go:noescape
func prefetch(first *unsafe.Pointer, n int)
