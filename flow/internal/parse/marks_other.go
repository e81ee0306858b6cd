//go:build !amd64

package parse

// Marks sets a bit for each byte of text that is sep, 64 to a word, and
// clears the others of the words that text takes: (len(text)+63)/64 of them.
// 16 bytes behind text must be readable.
func Marks(text []byte, sep byte, words []uint64) { marks(text, sep, words) }
