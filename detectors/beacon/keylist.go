package beacon

import (
	"iter"

	"seine/detectors/internal/pairmap"
)

// keyPage is how many keys a page has.
const keyPage = 1 << 12

// A keyList holds keys of pairs, in pages that never move. Some of the pairs
// may have been forgotten since, and met anew.
type keyList struct {
	pages [][]pairmap.Key
	stale bool // some have been, where that is noted
}

// add enters a key. The list must not be crowded.
func (l *keyList) add(k pairmap.Key) {
	last := len(l.pages) - 1
	if last < 0 || len(l.pages[last]) == keyPage {
		l.pages = append(l.pages, make([]pairmap.Key, 0, keyPage))
		last++
	}
	l.pages[last] = append(l.pages[last], k)
}

// crowded reports whether the greater part of the list is beyond n pairs.
func (l *keyList) crowded(n int) bool { return (len(l.pages)-1)*keyPage > 2*n }

// all are the keys.
func (l *keyList) all() iter.Seq[pairmap.Key] {
	return func(yield func(pairmap.Key) bool) {
		for _, page := range l.pages {
			for _, k := range page {
				if !yield(k) {
					return
				}
			}
		}
	}
}
