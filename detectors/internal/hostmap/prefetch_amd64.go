package hostmap

import "unsafe"

//go:noescape
func prefetch(first *unsafe.Pointer, n int)
