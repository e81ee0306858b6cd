// Package synthetic makes series of times like those of traffic: calls by the
// clock, with what disturbs them, and the ways of people. Each is a function
// of the generator of random numbers that it is given. The package serves
// tests alone.
package synthetic

import (
	"math"
	"math/rand/v2"
)

// A Beacon calls by the clock. All spans are in seconds.
type Beacon struct {
	Period float64
	Jitter float64 // 0…1: a gap is between Period·(1 − Jitter) and Period
	Miss   float64 // 0…1: share of the calls that are lost
	Span   float64
}

// Times are the calls, from 0 to Span, ascending.
func (b Beacon) Times(rng *rand.Rand) []float64 {
	var times []float64
	for t := rng.Float64() * b.Period; t < b.Span; t += b.Period * (1 - b.Jitter*rng.Float64()) {
		if rng.Float64() >= b.Miss {
			times = append(times, t)
		}
	}
	return times
}

// Calls is how many there are in the mean.
func (b Beacon) Calls() float64 {
	return b.Span / (b.Period * (1 - b.Jitter/2)) * (1 - b.Miss)
}

// Poisson are independent events with a mean gap.
func Poisson(rng *rand.Rand, gap, span float64) []float64 {
	var times []float64
	for t := rng.ExpFloat64() * gap; t < span; t += rng.ExpFloat64() * gap {
		times = append(times, t)
	}
	return times
}

// Diurnal are independent events whose rate follows the hour: nearly none at
// night, most in the afternoon. gap is the mean gap over the day.
func Diurnal(rng *rand.Rand, gap, span float64) []float64 {
	var times []float64
	for _, t := range Poisson(rng, gap/2, span) {
		if rng.Float64() < (1-math.Cos(2*math.Pi*t/86400))/2 {
			times = append(times, t)
		}
	}
	return times
}

// Browsing is somebody who reads: sessions with pauses of about gap·20
// between them, in which pages follow each other after log-normal times, and
// each page opens several connections within a second or two.
func Browsing(rng *rand.Rand, gap, span float64) []float64 {
	var times []float64
	for t := rng.ExpFloat64() * gap * 20; t < span; t += rng.ExpFloat64() * gap * 20 {
		for range 1 + rng.IntN(15) {
			at := t
			for range 1 + rng.IntN(6) {
				at += rng.ExpFloat64() * 0.3
				times = append(times, at)
			}
			t = at + math.Exp(math.Log(gap/3)+rng.NormFloat64())
		}
	}
	for len(times) > 0 && times[len(times)-1] >= span {
		times = times[:len(times)-1]
	}
	return times
}
