package zeek

import (
	"bytes"
	"errors"
	"strconv"

	"seine/flow"
	"seine/flow/internal/parse"
)

var errAddr = errors.New("not an IP address")

// address reads an address.
func address(b []byte, a *flow.Addr) bool {
	if q, n := parse.Quad(b[:parse.Room]); n == len(b) && n > 0 {
		a.Set4(q)
		return true
	}
	if n := parse.IPv6(b[:len(b)+1], a); n == len(b) && n > 0 {
		return true
	}
	var err error
	*a, err = flow.ParseAddr(b)
	return err == nil
}

// port reads a port.
func port(b []byte) (uint16, error) {
	if n, k := parse.Digits(b[:8]); k == len(b) && k > 0 && n <= 65535 {
		return uint16(n), nil
	}
	return parse.Port(b)
}

// volume reads a count, from the second value if the first is unset or no
// count.
func volume(b, second []byte, bit flow.Fields) (uint64, flow.Fields) {
	if b != nil {
		if n, k := parse.Digits(b[:8]); k == len(b) && k > 0 {
			return n, bit
		}
		if n, ok := parse.Counter(b); ok {
			return n, bit
		}
	}
	if second != nil {
		return volume(second, nil, bit)
	}
	return 0, 0
}

// interval reads a span in seconds; JSON writes small ones as 1.9e-06.
func interval(b []byte) (flow.Time, bool) {
	if t, ok := parse.Epoch(b); ok {
		return t, true
	}
	if t, err := parse.Scaled(b, parse.Seconds); err == nil {
		return t, true
	}
	return exponent(b, parse.Seconds)
}

// exponent reads a number with an exponent.
func exponent(b []byte, unit parse.Unit) (flow.Time, bool) {
	if len(b) > 40 || bytes.IndexByte(b, 'e') < 0 && bytes.IndexByte(b, 'E') < 0 || (b[0] != '-' && b[0]-'0' > 9) || bytes.IndexByte(b, 'x') >= 0 {
		return 0, false
	}
	x, err := strconv.ParseFloat(string(b), 64)
	if x *= float64(unit); err != nil || !(x > -9.2e18 && x < 9.2e18) {
		return 0, false
	}
	return flow.Time(x), true
}
