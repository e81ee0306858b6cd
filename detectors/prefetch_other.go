//go:build !amd64

package detectors

import "unsafe"

func prefetch(*unsafe.Pointer, int) {}
