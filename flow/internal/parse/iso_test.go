package parse

import (
	"math/rand/v2"
	"testing"
	"time"

	"seine/flow"
)

// What Instant reads, Clock reads alike.
func TestInstantAgreesWithClock(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 5))
	layouts := []string{
		"2006-01-02T15:04:05Z", time.RFC3339Nano, "2006-01-02T15:04:05.000000-0700",
		"2006-01-02T15:04:05-07:00", "2006-01-02T15:04:05.0-0700",
	}
	read := 0
	for i := range 200_000 {
		at := time.Unix(rng.Int64N(18e9)-9e9, rng.Int64N(1e9)).In(time.FixedZone("", (rng.IntN(47*60)-23*60)*60))
		b := []byte(at.Format(layouts[rng.IntN(len(layouts))]))
		if i%2 == 0 {
			b[rng.IntN(len(b))] = "0123456789-+:.TZ "[rng.IntN(17)]
		}
		var c Clock
		want, err := c.Parse(b)
		got, ok := Instant(b)
		if ok && (err != nil || got != want) {
			t.Fatalf("%q: %v, Clock says %v %v", b, got, want, err)
		}
		if ok {
			read++
		} else if i%2 == 1 && err == nil {
			t.Fatalf("%q is not read", b)
		}
	}
	if read < 100_000 {
		t.Fatal(read)
	}
	for _, s := range []string{
		"", "2026-02-29T00:00:00Z", "2026-01-01T00:00:00", "2026-01-01 00:00:00Z", "2026-01-01T24:00:00Z",
		"2026-01-01T00:00:60Z", "2026-01-01T00:00:00.Z", "2026-01-01T00:00:00+2", "1500-01-01T00:00:00Z", "2026-01-01T00:00:00+24:00",
	} {
		if at, ok := Instant([]byte(s)); ok {
			t.Errorf("%q: %v", s, at)
		}
	}
	if at, ok := Instant([]byte("1970-01-01T02:00:00.123456789012+0200")); !ok || at != flow.Time(123456789) {
		t.Error(at, ok)
	}
}

func BenchmarkInstant(b *testing.B) {
	text := []byte("2026-06-06T15:59:46.457984+0200")
	for b.Loop() {
		Instant(text)
	}
}
