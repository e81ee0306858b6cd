package parse

import "golang.org/x/sys/cpu"

// On amd64 a quad is read sixteen bytes at a time. The places of its three
// dots and its end are one of 81 shapes; a perfect hash finds the shape, whose
// pattern shuffles the digits to where two multiplications make four octets of
// them.

// A shape is what quadSSE knows of quads with separators at the bits of mask.
type shape struct {
	pattern [16]byte  // where tens and ones of each octet stand, then the hundreds
	least   [4]uint16 // the smallest octets without a leading zero
	mask    uint16
	_       [6]byte
}

// quadHash is the multiplier that spreads the 81 masks over 256 places.
const quadHash = 0x29935e13

var shapes = makeShapes()

func makeShapes() *[256]shape {
	const none = 0x80 // a shuffled byte of zero
	t := new([256]shape)
	for lengths := range 81 {
		var s shape
		at := 0
		for octet, rest := 0, lengths; octet < 4; octet, rest = octet+1, rest/3 {
			n := rest%3 + 1
			place := func(back int) byte {
				if back > n {
					return none
				}
				return byte(at + n - back)
			}
			s.pattern[2*octet], s.pattern[2*octet+1] = place(2), place(1)
			s.pattern[8+2*octet], s.pattern[8+2*octet+1] = place(3), none
			s.least[octet] = uint16(least[n])
			at += n
			s.mask |= 1 << at
			at++
		}
		t[uint32(s.mask)*quadHash>>24] = s
	}
	return t
}

var hasSSSE3 = cpu.X86.HasSSSE3

//go:noescape
func tailSSE(b *byte, shapes *shape, t *Tail) int

// ReadTail reads the end of a line of the nine columns, from src_ip on:
// quad,port,quad,port,bytes,bytes, all within 64 bytes. It tells how many
// bytes that took, 0 where they are spelled otherwise, where b has fewer than
// TailRoom readable bytes, or where this machine has no fast way.
func ReadTail(b []byte, t *Tail) int {
	if !hasSSSE3 || len(b) < TailRoom {
		return 0
	}
	return tailSSE(&b[0], &shapes[0], t)
}

//go:noescape
func quadSSE(b *byte, shapes *shape) (v uint32, n int)

// Quad reads the dotted quad at the start of b, which must have Room readable
// bytes. n is its length, 0 where the bytes are no quad in its usual spelling.
func Quad(b []byte) (v uint32, n int) {
	_ = b[Room-1]
	if hasSSSE3 {
		return quadSSE(&b[0], &shapes[0])
	}
	return quad(b)
}
