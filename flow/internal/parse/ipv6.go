package parse

import "seine/flow"

// hexDigit is the value of a hexadecimal digit, or 0xff.
var hexDigit = func() (t [256]uint8) {
	for i := range t {
		t[i] = 0xff
	}
	for c := range uint8(10) {
		t['0'+c] = c
	}
	for c := range uint8(6) {
		t['a'+c], t['A'+c] = 10+c, 10+c
	}
	return t
}()

// IPv6 reads the IPv6 address at the start of b, in hexadecimal groups. n is
// its length, 0 where the bytes are no such address; a dotted quad at the end
// is left to flow.ParseAddr, as is a range that needs care.
func IPv6(b []byte, a *flow.Addr) (n int) {
	var groups [8]uint16
	count, gap := 0, -1
	i := 0
	if len(b) > 1 && b[0] == ':' && b[1] == ':' {
		gap, i = 0, 2
	}
	for count < 8 {
		v, first := uint16(0), i
		for i < len(b) && i < first+4 {
			d := hexDigit[b[i]]
			if d == 0xff {
				break
			}
			v = v<<4 | uint16(d)
			i++
		}
		if i == first { // only an address that ends in :: has no group here
			if gap != count {
				return 0
			}
			break
		}
		groups[count] = v
		count++
		if i >= len(b) || b[i] != ':' {
			break
		}
		if i+1 < len(b) && b[i+1] == ':' {
			if gap >= 0 {
				return 0
			}
			gap = count
			i += 2
			continue
		}
		if count == 8 {
			return 0
		}
		i++
	}
	if i >= len(b) || hexDigit[b[i]] != 0xff || b[i] == ':' || b[i] == '.' || b[i] == '%' || (gap < 0) != (count == 8) {
		return 0
	}
	if groups[0] == 0 || groups[0] == 0xff00 { // :: ranges and the reserved one
		return 0
	}
	tail := count
	if gap >= 0 {
		tail = gap
	}
	*a = flow.Addr{}
	for k := range tail {
		a[2*k], a[2*k+1] = byte(groups[k]>>8), byte(groups[k])
	}
	for k := tail; k < count; k++ {
		j := 8 - count + k
		a[2*j], a[2*j+1] = byte(groups[k]>>8), byte(groups[k])
	}
	return i
}
