package lines

import "seine/flow"

// A Scout looks through the text for what changes the meaning of the lines
// behind it, such as a header in the midst of a concatenated log. It is given
// every piece of the text, whole lines, in the order of the input and before
// these are decoded, and tells what holds at the start of the piece: what it
// found in the pieces before. It is used by one goroutine. A line that is too
// long is not shown to it, nor to a Decoder.
type Scout func(text []byte) (state any)

// A Beginner is a Decoder that takes what a Scout found, before the first line
// of each piece. It follows changes within the piece itself, line by line.
type Beginner interface {
	Decoder
	Begin(state any)
}

// OpenScouted is Open for a text whose lines depend on others before them.
func OpenScouted(src *flow.Source, scout Scout, newDecoder func(in *flow.Interner) Beginner) (*Reader, error) {
	return open(src, scout, func(in *flow.Interner) Decoder { return newDecoder(in) })
}
