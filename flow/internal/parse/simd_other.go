//go:build !amd64

package parse

// Quad reads the dotted quad at the start of b, which must have Room readable
// bytes. n is its length, 0 where the bytes are no quad in its usual spelling.
func Quad(b []byte) (v uint32, n int) { return quad(b) }

// ReadTail has no fast way on this machine.
func ReadTail([]byte, *Tail) int { return 0 }
