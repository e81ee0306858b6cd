package parse

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"net/netip"
	"strconv"
	"strings"
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
		if v2, n2 := quad(buf); v2 != v || n2 != n {
			t.Fatalf("%q: Quad reads %v length %d, quad %v length %d", buf, flow.AddrFrom4(v), n, flow.AddrFrom4(v2), n2)
		}
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

func BenchmarkQuad(b *testing.B) {
	text := []byte("192.168.100.23,                         ")
	for b.Loop() {
		Quad(text)
	}
}

func BenchmarkQuadPortable(b *testing.B) {
	text := []byte("192.168.100.23,                         ")
	for b.Loop() {
		quad(text)
	}
}

// IPv6 reads nothing that flow.ParseAddr reads otherwise, and all that is
// spelled in full or with ::, but for the ranges it leaves.
func TestIPv6AgreesWithParseAddr(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	pieces := []string{"2001", "db8", "0", "00", "ffff", "1", "abcd", "ABCD", "fe80", "", ":", "::", ":", ":", ":", ":", "10000", ".", "%", "g", "ff00"}
	ends := []string{",", "\n", " ", "x"}
	read := 0
	for i := range 400_000 {
		text := ""
		if i%2 == 0 {
			for range rng.IntN(17) {
				text += pieces[rng.IntN(len(pieces))]
			}
		} else {
			var a [16]byte
			for k := range a {
				if rng.IntN(2) == 0 {
					a[k] = byte(rng.Uint32())
				}
			}
			text = netip.AddrFrom16(a).String()
		}
		buf := []byte(text + ends[rng.IntN(len(ends))])
		var a flow.Addr
		n := IPv6(buf, &a)
		want, err := flow.ParseAddr([]byte(text))
		switch {
		case n > 0 && n != len(text): // stopped before: what it read must stand for itself
			want, err = flow.ParseAddr(buf[:n])
			if err != nil || want != a {
				t.Fatalf("%q: read %v of %q, ParseAddr says %v %v", buf, a, buf[:n], want, err)
			}
		case n > 0:
			read++
			if err != nil || want != a {
				t.Fatalf("%q: got %v, ParseAddr says %v %v", buf, a, want, err)
			}
		case err == nil && want[0] != 0 && want[0] != 0xff && !bytes.ContainsAny([]byte(text), "."):
			if want[1] != 0 || want[0] != 0 {
				t.Fatalf("%q: not read, ParseAddr says %v", buf, want)
			}
		}
	}
	if read < 100_000 {
		t.Fatalf("only %d addresses were read", read)
	}
}

// ReadTail must agree with the fields read one by one, whatever follows.
func TestReadTailAgreesWithFields(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	quad := func() string {
		if rng.IntN(40) == 0 {
			return []string{"256.1.1.1", "01.2.3.4", "1.2.3", "1.2.3.4.5", "", "2001:db8::1", "1..2.3", "1000.1.1.1"}[rng.IntN(8)]
		}
		return flow.AddrFrom4(rng.Uint32() >> (rng.IntN(4) * 8)).String()
	}
	number := func() string {
		if rng.IntN(40) == 0 {
			return []string{"", "-1", "1.5", "x", "12345678901234567890", "0x1", " 1", "007"}[rng.IntN(8)]
		}
		return strconv.FormatUint(rng.Uint64N(1<<(1+rng.IntN(46))), 10)
	}
	read := 0
	for range 300_000 {
		fields := []string{quad(), number(), quad(), number(), number(), number()}
		text := strings.Join(fields, []string{",", ",", ",", ",", ",", ",", ",", ";"}[rng.IntN(8)])
		buf := append([]byte(text), "\r\n, .x"[rng.IntN(6)])
		buf = append(buf, []byte("2017-01-27 16:24:42,tcp,established,192.168.100.9,1024,192.168.100.23,9999,7690,268\n")...)
		buf = append(buf, make([]byte, 40)...)
		var tail Tail
		n := ReadTail(buf, &tail)
		if n == 0 {
			continue
		}
		got := strings.Split(string(buf[:n]), ",")
		if len(got) != 6 {
			t.Fatalf("%q: %d bytes are no six fields", buf, n)
		}
		want := [2]uint32{}
		for k, i := range []int{0, 2} {
			a, err := netip.ParseAddr(got[i])
			if err != nil || !a.Is4() {
				t.Fatalf("%q: %q is no quad", buf, got[i])
			}
			want[k] = binary.BigEndian.Uint32(a.AsSlice())
		}
		nums := [4]uint64{}
		for k, i := range []int{1, 3, 4, 5} {
			v, err := strconv.ParseUint(got[i], 10, 64)
			if err != nil {
				t.Fatalf("%q: %v", buf, err)
			}
			nums[k] = v
		}
		if (Tail{want[0], want[1], nums[0], nums[1], nums[2], nums[3]}) != tail {
			t.Fatalf("%q: got %+v", buf, tail)
		}
		if n == len(text) {
			read++
		}
	}
	if hasFastTail() && read < 100_000 {
		t.Fatalf("only %d of 300000 lines were read the fast way", read)
	}
}

func hasFastTail() bool {
	return ReadTail(append([]byte("1.2.3.4,1,1.2.3.4,1,1,1\n"), make([]byte, 80)...), new(Tail)) > 0
}

func BenchmarkReadTail(b *testing.B) {
	text := append([]byte("192.168.100.9,1024,192.168.100.23,9999,7690,268\n"), make([]byte, 80)...)
	var t Tail
	for b.Loop() {
		ReadTail(text, &t)
	}
}
