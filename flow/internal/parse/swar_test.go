package parse

import (
	"bytes"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"testing"

	"seine/flow"
)

// Quad must agree with net/netip on every short text, and Digits with
// strconv, whatever follows.
func TestQuadAgreesWithNetip(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	pieces := []string{"0", "1", "9", "10", "99", "100", "199", "255", "256", "300", "999", "00", "01", "001", "1000", "12345", "", "-1", "a", ":"}
	seps := []string{".", ".", ".", ".", ".", ".", ".", ".", "..", ",", ":", ""}
	ends := []string{",", "\n", "", " ", ".", ",1.2.3.4,", "/24"}
	for range 400_000 {
		text := ""
		for i := range 4 {
			if i > 0 {
				text += seps[rng.IntN(len(seps))]
			}
			if rng.IntN(2) == 0 {
				text += strconv.Itoa(rng.IntN(256))
			} else {
				text += pieces[rng.IntN(len(pieces))]
			}
		}
		buf := append([]byte(text+ends[rng.IntN(len(ends))]), make([]byte, 40)...)
		v, n := Quad(buf)
		if n > 0 {
			a, err := netip.ParseAddr(string(buf[:n]))
			if err != nil || !a.Is4() || flow.AddrFrom4(v).Netip() != a {
				t.Fatalf("%q: got %v length %d; netip says %v %v", buf, flow.AddrFrom4(v), n, a, err)
			}
			continue
		}
		end := bytes.IndexFunc(buf, func(r rune) bool { return r != '.' && (r < '0' || r > '9') })
		if a, err := netip.ParseAddr(string(buf[:end])); err == nil {
			t.Fatalf("%q: not read, netip reads %v", buf, a)
		}
	}
}

func TestDigits(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 100_000 {
		digits := strconv.FormatUint(rng.Uint64()>>(rng.IntN(64)), 10)
		buf := append([]byte(digits), ",.-x\n \x00/:"[rng.IntN(9)])
		buf = append(buf, "12345678"...)
		v, n := Digits(buf)
		if len(digits) > 7 {
			if n != 0 {
				t.Fatalf("%q: read %d digits", digits, n)
			}
			continue
		}
		if n != len(digits) || strconv.FormatUint(v, 10) != digits {
			t.Fatalf("%q: got %d, %d digits", digits, v, n)
		}
	}
}
