package packet

import "io"

// bufferSize is how much is read at once, in bytes.
const bufferSize = 256 << 10

// A buffer holds what has been read and not yet been used.
type buffer struct {
	r       io.Reader
	buf     []byte
	at, end int
	err     error
}

// peek is the next n bytes, which stay where they are until the next peek; at
// the end of the input it is what is left.
func (b *buffer) peek(n int) []byte {
	if b.end-b.at < n {
		b.fill(n)
	}
	return b.buf[b.at:min(b.at+n, b.end)]
}

func (b *buffer) fill(n int) {
	if n > len(b.buf) {
		larger := make([]byte, n+bufferSize)
		b.end = copy(larger, b.buf[b.at:b.end])
		b.buf, b.at = larger, 0
	} else if b.at > 0 {
		b.end = copy(b.buf, b.buf[b.at:b.end])
		b.at = 0
	}
	for empty := 0; b.end < n && b.err == nil; {
		var k int
		k, b.err = b.r.Read(b.buf[b.end:])
		b.end += k
		if k > 0 {
			empty = 0
		} else if empty++; empty == 100 && b.err == nil {
			b.err = io.ErrNoProgress
		}
	}
}

// skip passes n bytes, which may lie beyond the end.
func (b *buffer) skip(n int) bool {
	for n > b.end-b.at {
		n -= b.end - b.at
		b.at = b.end
		if len(b.peek(1)) == 0 {
			return false
		}
	}
	b.at += n
	return true
}

// failure is why the input ended, nil if it merely did.
func (b *buffer) failure() error {
	if b.err == io.EOF {
		return nil
	}
	return b.err
}
