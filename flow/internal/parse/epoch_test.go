package parse

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

func TestEpochAgreesWithScaled(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	behind := []string{"\t", ",", "5555555555555555555555", ".5", "e5", "}"}
	read := 0
	for range 300_000 {
		text := fmt.Sprint(rng.Uint64() >> (20 + rng.IntN(44)))
		if rng.IntN(4) > 0 {
			text += "." + fmt.Sprint(rng.Uint64()>>rng.IntN(64))
		}
		if rng.IntN(8) == 0 {
			b := []byte(text)
			b[rng.IntN(len(b))] = "-+.e x/:\x00"[rng.IntN(9)]
			text = string(b)
		}
		buf := append(append([]byte(text), behind[rng.IntN(len(behind))]...), make([]byte, Room)...)
		got, ok := Epoch(buf[:len(text)])
		want, err := Scaled([]byte(text), Seconds)
		if ok && (err != nil || got != want) {
			t.Fatalf("%q: got %d, Scaled says %d %v", text, got, want, err)
		}
		if ok {
			read++
		}
	}
	if read < 100_000 {
		t.Fatalf("only %d were read", read)
	}
	for _, text := range []string{"0", "0.000001", "1485534282.123456", "99999999999", "15.0", "0.23780393600463868"} {
		want, _ := Scaled([]byte(text), Seconds)
		got, ok := Epoch(append([]byte(text), make([]byte, Room)...)[:len(text)])
		if got != want || ok != (text != "99999999999") {
			t.Errorf("%s: got %d %v, want %d", text, got, ok, want)
		}
	}
}
