// Package provenance tells where something that is known of an address or a
// service comes from: which file, which entry of it, of what date.
package provenance

import "seine/flow"

// An Entry is one entry of one file.
type Entry struct {
	File    string    // as the user named it
	Line    int       // 1-based line or element; 0 where the entry has none
	List    string    // name of the list or feed, where the file tells it
	Date    flow.Time // of the entry or else of the list, where the file tells it
	HasDate bool
}

// Age is how old the entry is at now; false where it has no date.
func (e *Entry) Age(now flow.Time) (flow.Time, bool) {
	if !e.HasDate || now < e.Date {
		return 0, e.HasDate
	}
	return now - e.Date, true
}
