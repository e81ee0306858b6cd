package intel

import (
	"strings"

	"seine/flow"
)

// A note is what many entries say alike.
type note struct {
	category, malware, list, tags uint32 // numbers of texts
	country                       [2]byte
}

// A lexicon numbers texts and notes: lists say the same few things of very
// many addresses.
type lexicon struct {
	texts  []string // the first is empty
	number map[string]uint32
	room   int // bytes of text that are still taken
	notes  []note
	places map[note]uint32
	lost   uint64 // texts left out for want of room
}

const (
	maxTextBytes = 64 << 20
	maxText      = 512 // bytes of one text
	maxNotes     = 4 << 20
	textCost     = 64 // bytes of a text beside its own
)

// newLexicon knows the categories, by which entries are weighed: there is room
// for them whatever the lists say. Note 0 says nothing.
func newLexicon() *lexicon {
	l := &lexicon{
		texts: []string{""}, number: map[string]uint32{"": 0}, room: maxTextBytes,
		notes: []note{{}}, places: map[note]uint32{{}: 0},
	}
	for _, k := range kinds {
		l.text([]byte(k.category))
	}
	l.text([]byte(Benign))
	return l
}

// text numbers b, cut to what is shown. Without room it is the empty text.
func (l *lexicon) text(b []byte) uint32 {
	if len(b) > maxText {
		b = b[:maxText]
	}
	if n, ok := l.number[string(b)]; ok {
		return n
	}
	if l.room -= len(b) + textCost; l.room < 0 {
		l.room += len(b) + textCost
		l.lost++
		return 0
	}
	s := strings.ToValidUTF8(string(b), "\ufffd")
	n := uint32(len(l.texts))
	l.texts = append(l.texts, s)
	l.number[string(b)] = n
	return n
}

// note numbers n. Without room the tags and names go, which differ most, and
// in the end all that n says.
func (l *lexicon) note(n note) uint32 {
	if at, ok := l.places[n]; ok {
		return at
	}
	if len(l.notes) >= maxNotes {
		l.lost++
		n.tags, n.malware = 0, 0
		at, ok := l.places[n]
		if ok || len(l.notes) >= maxNotes+1<<16 {
			return at
		}
	}
	at := uint32(len(l.notes))
	l.notes = append(l.notes, n)
	l.places[n] = at
	return at
}

// tagSeparator stands between tags that are kept as one text.
const tagSeparator = "\x00"

// clip is a name of a list, cut to what is shown.
func clip(b []byte) string { return strings.ToValidUTF8(string(b[:min(len(b), 200)]), "\ufffd") }

// An item is an entry as a layout reads it.
type item struct {
	line        int
	port        uint16
	proto       flow.Proto
	score       int // -1: not told
	benign      bool
	date        flow.Time
	first, last flow.Time
	until       flow.Time
	note        note
}

// seconds holds a time of a list, to the second; 0 is none.
func seconds(t flow.Time) uint32 {
	if t <= 0 {
		return 0
	}
	return uint32(min(int64(t/flow.Second), 1<<32-1))
}

func moment(s uint32) flow.Time { return flow.Time(s) * flow.Second }
