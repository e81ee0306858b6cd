package beacon

import (
	"math"
	"slices"

	"seine/detectors/internal/stat"
)

// Four tests share the probability of an error: most of it goes to the one
// that needs it most, since the others are for cases that are clear once they
// are looked at in their way. These are the logarithms of the factors by which
// they pay for each other.
var gapsPrice, otherPrice = math.Log(1 / 0.7), math.Log(1 / 0.1)

// A candidate is a test that was made, of the gaps from, to.
type candidate struct {
	logP     float64
	way      way
	from, to int
}

// like are the ratios within which a gap is like the one before it: with
// independent events of one rate, however it changes slowly, that happens to
// tanh(ln(ratio)/2) = 1 in 9.
const (
	like      = 1.25
	likeShare = 1.0 / 9
)

// alike counts gaps that are like the one before, and tells how probable so
// many are. Only every second ratio is counted, so that they are independent;
// Chernoff's bound takes the place of the binomial tail.
func alike(gaps []float64) (share, logP float64) {
	n, hits := 0.0, 0.0
	for i := 1; i < len(gaps); i += 2 {
		n++
		if gaps[i] < like*gaps[i-1] && like*gaps[i] > gaps[i-1] {
			hits++
		}
	}
	if n == 0 {
		return 0, 0
	}
	share = hits / n
	if share <= likeShare {
		return share, 0
	}
	d := share * math.Log(share/likeShare)
	if share < 1 {
		d += (1 - share) * math.Log((1-share)/(1-likeShare))
	}
	return share, -n * d
}

// segments cuts the n gaps in the tables where their level changes and judges
// each part alone, the best paying for all that there could be.
func (b *bench) segments(n int, worth float64) candidate {
	best := candidate{way: bySegment}
	if n < 2*minPart {
		return best
	}
	places := float64(n - minPart + 1)
	b.cut(&best, 0, n, 0, math.Log(places*(places+1)/2), worth)
	return best
}

// cut judges a part and cuts it where the squares of the logarithms' distances
// from the means of both sides are least.
func (b *bench) cut(best *candidate, from, to, depth int, price, worth float64) {
	sums := b.sums[:to+1]
	if depth > 0 {
		logP := moran(float64(to-from), b.shares[to]-b.shares[from], sums[to]-sums[from], min(worth, best.logP)-price) + price
		if logP < best.logP {
			best.logP, best.from, best.to = logP, from, to
		}
	}
	if depth == 4 || to-from < 2*minPart {
		return
	}
	parts := b.parts[:to-from+1]
	low, high := sums[from], sums[to]
	at, most := 0, math.Inf(-1)
	for i := from + minPart; i <= to-minPart; i++ {
		left, right := sums[i]-low, high-sums[i]
		if m := left*left*parts[i-from] + right*right*parts[to-i]; m > most {
			at, most = i, m
		}
	}
	squares := b.squares[to] - b.squares[from]
	if all := (high - low) * (high - low) * parts[to-from]; squares-most < 0.7*(squares-all) {
		b.cut(best, from, at, depth+1, price, worth)
		b.cut(best, at, to, depth+1, price, worth)
	}
}

// foldPrice is what the three candidate periods cost that are tried, twice
// over for their being taken from the same gaps.
var foldPrice = math.Log(6)

// folded tests whether gaps, in ascending order, are multiples, up to 5, of one
// period of at least least: it is Rayleigh's test on the phases of the gaps,
// with fold the mean of their cosines. With independent events the mean of n
// cosines reaches r with a probability of at most exp(−n·r²). People's gaps,
// too, lie about some value; so those about the period itself count for what
// exceeds half only. Probabilities above worth are left out.
func (b *bench) folded(sorted []float64, least, worth float64) (period, fold, logP float64) {
	need := foldPrice - worth // of n·r², which is at most n
	if float64(len(sorted)) < need {
		return 0, 0, 0
	}
	for _, guess := range []float64{stat.Quantile(sorted, 0.25), stat.Quantile(sorted, 0.5), halfSampleMode(sorted)} {
		if guess < least {
			continue
		}
		t := b.refine(sorted, guess)
		short, _ := slices.BinarySearch(sorted, 0.5*t) // these would seem in phase
		if b.hopeless(sorted, short, t, max(need, -logP)) {
			continue
		}
		n, sum, proof := float64(short), -float64(short), -float64(short)
		for _, g := range sorted[short:] {
			x := g / t
			if x > 5.5 {
				break
			}
			c := cosine(x)
			sum += c
			proof += c
			if x < 1.5 {
				proof -= 0.5
			}
			n++
		}
		if n < minPart {
			continue
		}
		if r := proof / n; r > 0 && -n*r*r < logP {
			period, fold, logP = t, sum/n, -n*r*r
		}
	}
	return period, fold, min(0, logP+foldPrice)
}

// hopeless reports whether n·r² is below need even if all gaps but the short
// ones were in phase.
func (b *bench) hopeless(sorted []float64, short int, t, need float64) bool {
	mid, _ := slices.BinarySearch(sorted[short:], 1.5*t)
	far, _ := slices.BinarySearch(sorted[short+mid:], 5.5*t)
	most := 0.5*float64(mid) + float64(far-short)
	return most <= 0 || most*most < need*float64(short+mid+far-1)
}

// cosine is that of x turns, x at least 0 and small, within a hundred-thousandth.
func cosine(x float64) float64 {
	x -= float64(int(x + 0.5))
	q := x * x
	return 1 + q*(-19.7392088021787+q*(64.9393940226683+q*(-85.4568172066937+q*(60.2446413718766+q*(-26.4262567833744+
		q*(7.90353642072949+q*(-1.71439071108867+q*0.282005968455791)))))))
}

// refine moves a period to the median of the gaps that are near its first
// multiples, each divided by its number.
func (b *bench) refine(sorted []float64, t float64) float64 {
	near, i := b.picks[:0], 0
	var rows [3]int // where those of each multiple begin; they are in order
	if i, _ = slices.BinarySearch(sorted, 0.8*t); len(sorted)-i < 3 {
		return t
	}
	for row := range rows {
		n := float64(row + 1)
		for i < len(sorted) && sorted[i]/t-n <= -0.2 {
			i++
		}
		rows[row] = len(near)
		for ; i < len(sorted) && sorted[i]/t-n < 0.2; i++ {
			near = append(near, sorted[i]/n)
		}
		near = append(near, math.Inf(1))
	}
	b.picks = near
	n := len(near) - len(rows)
	if n < 3 {
		return t
	}
	// As far as the middle they are merged.
	var last, middle float64
	one, two, three := rows[0], rows[1], rows[2]
	for range n/2 + 1 {
		last = middle
		switch {
		case near[one] <= near[two] && near[one] <= near[three]:
			middle = near[one]
			one++
		case near[two] <= near[three]:
			middle = near[two]
			two++
		default:
			middle = near[three]
			three++
		}
	}
	if n%2 == 1 {
		return middle
	}
	return last + 0.5*(middle-last)
}

// halfSampleMode is where sorted values lie densest: the half with the least
// range, then the half of that, and so on (Bickel and Frühwirth, 2006).
func halfSampleMode(v []float64) float64 {
	for len(v) > 2 {
		n := (len(v) + 1) / 2
		at := 0
		for i := 1; i+n <= len(v); i++ {
			if v[i+n-1]-v[i] < v[at+n-1]-v[at] {
				at = i
			}
		}
		v = v[at : at+n]
	}
	return (v[0] + v[len(v)-1]) / 2
}
