package parse

//go:noescape
func marksSSE(text *byte, n int, pattern uint64, out *uint64)

// Marks sets a bit for each byte of text that is sep, 64 to a word, and
// clears the others of the words that text takes: (len(text)+63)/64 of them.
// 16 bytes behind text must be readable.
func Marks(text []byte, sep byte, words []uint64) {
	if len(text) > 0 {
		_ = words[(len(text)-1)/64]
		_ = text[:len(text)+15]
		marksSSE(&text[0], len(text), uint64(sep)*ones, &words[0])
	}
}
