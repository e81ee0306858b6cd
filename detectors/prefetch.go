package detectors

import "unsafe"

// Prefetch asks for the cache lines at ps without waiting for them: what is
// done next meanwhile costs nothing, where a load would stall it. It does
// nothing on machines for which there is no code.
func Prefetch[T any](ps []*T) {
	if len(ps) > 0 {
		prefetch((*unsafe.Pointer)(unsafe.Pointer(&ps[0])), len(ps))
	}
}
