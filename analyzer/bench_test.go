package analyzer_test

import (
	"testing"
	"time"

	"seine/detectors"
	"seine/detectors/builtin"
	"seine/scripts/genflows/trace"
)

const benchRows = 200_000

// benchText is a realistic trace at the usual rate.
func benchText(b *testing.B) []byte {
	b.Helper()
	g, p, f := trace.New(1, benchRows, trace.Options{Span: 30 * time.Minute}), trace.Printer{}, trace.Flow{}
	var text []byte
	for g.Next(&f) {
		text = p.Append(text, &f)
	}
	return text
}

func benchEngine(b *testing.B, text []byte, chain []*detectors.Detector) {
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if s := finish(b, plan(b, text, chain, nil)); s.Rows != benchRows {
			b.Fatal(s.Rows)
		}
	}
	b.ReportMetric(float64(b.N)*benchRows/b.Elapsed().Seconds()/1e6, "Mrows/s")
}

// BenchmarkEngine reads, numbers and passes a trace through the whole chain,
// through no detector, and through each alone.
func BenchmarkEngine(b *testing.B) {
	text := benchText(b)
	b.Run("chain", func(b *testing.B) { benchEngine(b, text, builtin.Chain()) })
	b.Run("nothing", func(b *testing.B) { benchEngine(b, text, nil) })
	for _, d := range builtin.Chain() {
		b.Run(d.ID, func(b *testing.B) { benchEngine(b, text, []*detectors.Detector{d}) })
	}
}
