package intel

import (
	"fmt"
	"time"

	"seine/flow"
)

// stale is the age from which a list is told to be old.
const stale = 30 * 24 * flow.Time(time.Hour)

// maxWarnings bounds what is told of all lists.
const maxWarnings = 100

// warn adds a warning about a list or folder.
func (t *Table) warn(name, format string, args ...any) {
	if t.unsaid > 0 || len(t.warnings) >= maxWarnings {
		t.unsaid++
		return
	}
	t.warnings = append(t.warnings, "threat list "+name+": "+fmt.Sprintf(format, args...))
}

// tell makes the warnings of a list.
func (t *Table) tell(f *File, lost uint64) {
	say := func(format string, args ...any) { t.warn(f.Name, format, args...) }
	if f.failure != nil {
		say("read only in part: %v", f.failure)
	}
	for _, b := range f.Faults {
		say("line %d: %q: %s", b.Line, b.Text, b.Reason)
	}
	if n := f.Bad - uint64(len(f.Faults)); n > 0 {
		say("%d more entries cannot be read", n)
	}
	switch {
	case f.Entries > 0 || f.inDir:
	case f.Domains > 0:
		say("it holds %d domains, which flows do not carry, and no address", f.Domains)
	case f.Others > 0:
		say("it holds %d entries of other kinds than addresses, which flows do not carry", f.Others)
	case f.Withheld > 0:
		say("all of its %d entries are revoked or not meant for detection", f.Withheld)
	case f.Local > 0:
		say("all of its %d entries are private, reserved or otherwise not on the Internet", f.Local)
	default:
		say("it has no entries")
	}
	if f.Crowded > 0 {
		say("%d entries beyond %d of one address were left out", f.Crowded, maxRing)
	}
	if f.Dropped > 0 {
		say("%d entries beyond the limit of %d were left out", f.Dropped, t.limits.entries)
	}
	if lost > 0 {
		say("names and tags of %d entries were left out for want of room", lost)
	}
	if f.Layout != mispEvent.name || !f.inDir { // a feed keeps its old events
		t.tellAge(f.Name, f)
	}
}

// tellAge tells that a list, or the latest of a feed, is old.
func (t *Table) tellAge(name string, f *File) {
	now := t.options.AsOf
	against := "as of " + day(now)
	if now == 0 {
		now, against = f.Modified, "when it was stored on "+day(f.Modified)
	}
	if age, ok := f.Age(now); ok && now > 0 && age > stale && f.Entries > f.Benign {
		t.warn(name, "it was %d days old %s (dated %s): addresses change hands", age/(24*flow.Time(time.Hour)), against, day(f.Date))
	}
}

// tellFeed tells that the latest event of a folder is old.
func (t *Table) tellFeed(dir string, files []*File) {
	var latest *File
	for _, f := range files {
		if f.Layout == mispEvent.name && f.HasDate && f.Entries > 0 && (latest == nil || f.Date > latest.Date) {
			latest = f
		}
	}
	if latest != nil {
		t.tellAge(dir, latest)
	}
}

func day(t flow.Time) string { return t.UTC().Format(time.DateOnly) }

// Warnings tell what is odd in the lists, in the order in which they were read.
func (t *Table) Warnings() []string {
	switch {
	case t == nil:
		return nil
	case t.unsaid > 0:
		return append(t.warnings[:len(t.warnings):len(t.warnings)], fmt.Sprintf("threat lists: %d more warnings", t.unsaid))
	}
	return t.warnings
}
