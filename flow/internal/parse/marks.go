package parse

import "encoding/binary"

// marks is Marks for every machine.
func marks(text []byte, sep byte, words []uint64) {
	n := len(text)
	padded := text[: n+8 : n+8]
	pattern := uint64(sep) * ones
	for block := 0; block < n; block += 64 {
		w := uint64(0)
		for at := block; at < n && at < block+64; at += 8 {
			x := binary.LittleEndian.Uint64(padded[at:]) ^ pattern
			w |= gather(^((x&lows7+lows7)|x)&highs) << uint(at-block)
		}
		if n-block < 64 {
			w &= 1<<uint(n-block) - 1
		}
		words[block/64] = w
	}
}
