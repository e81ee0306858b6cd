package svg

import (
	"fmt"
	"math"
	"time"
)

// Margins of a drawing with axes.
const (
	leftMargin, rightMargin = 56.0, 16.0
	topMargin, lowMargin    = 22.0, 38.0
)

// Columns draws a column for each bin of a histogram: at are where the bins
// begin, in rising order. The last one is as wide as the one before.
func Columns(at, values []float64, o Options) string {
	n := min(len(at), len(values))
	at, values = at[:n], values[:n]
	if o.XFormat == nil {
		o.XFormat = Number
	}
	p := newPlot("columns", at, [][]float64{values}, o)
	p.heights()
	for i, v := range values {
		from, to := p.bin(at, i)
		if v > 0 && v < extreme {
			p.column("s-fill", from, to, 0, v, fmt.Sprintf("%s to %s: %s", o.XFormat(from), o.XFormat(to), o.format(v)))
		}
	}
	step := nice((p.x1 - p.x0) / 6)
	first := math.Ceil(p.x0/step - 1e-9)
	for i := range 12 {
		if v := round((first+float64(i))*step, 12); v <= p.x1 {
			p.tick(v, o.XFormat(v))
		}
	}
	return p.finish()
}

// Series draws values over time: at are the beginnings of the bins in seconds
// since 1970, in rising order. Times are told in UTC.
func Series(at, values []float64, o Options) string {
	n := min(len(at), len(values))
	return Stack(at[:n], []Layer{{Class: "s-fill", Values: values[:n]}}, o)
}

// A Layer is one kind of what is counted over time.
type Layer struct {
	Name   string
	Class  string // CSS class of its columns
	Values []float64
}

// Stack draws several kinds over time, the first at the bottom.
func Stack(at []float64, layers []Layer, o Options) string {
	var all [][]float64
	for _, l := range layers {
		all = append(all, l.Values)
	}
	p := newPlot("series", at, all, o)
	p.heights()
	for i := range at {
		from, to := p.bin(at, i)
		base := 0.0
		for _, l := range layers {
			if i >= len(l.Values) || !(l.Values[i] > 0 && l.Values[i] < extreme) {
				continue
			}
			tip := fmt.Sprintf("%s: %s", clock(from, to-from), o.format(l.Values[i]))
			if l.Name != "" {
				tip += " " + l.Name
			}
			p.column(l.Class, from, to, base, base+l.Values[i], tip)
			base += l.Values[i]
		}
	}
	p.times()
	return p.finish()
}

// A plot is a drawing with two axes.
type plot struct {
	*drawing
	o           Options
	x0, x1, top float64 // values at the edges; y starts at 0
	width       float64 // of the last bin
	steps       []float64
	left, right float64
	low, ceil   float64
}

func newPlot(kind string, at []float64, layers [][]float64, o Options) *plot {
	w, h := float64(o.Width), float64(o.Height)
	if w <= 0 {
		w = 640
	}
	if h <= 0 {
		h = 190
	}
	p := &plot{o: o, left: leftMargin, right: w - rightMargin, low: h - lowMargin, ceil: topMargin, x1: 1, width: 1}
	if n := len(at); n > 0 {
		p.x0 = at[0]
		if n > 1 {
			p.width = at[n-1] - at[n-2]
		}
		p.x1 = at[n-1] + p.width
	}
	if !(p.x1-p.x0 > 1/extreme && p.x1-p.x0 < extreme) {
		p.x0, p.x1 = 0, 1
	}
	most := 0.0
	for i := range at {
		sum := 0.0
		for _, l := range layers {
			if i < len(l) {
				sum += biggest(l[i])
			}
		}
		most = max(most, sum)
	}
	if o.Desc == "" {
		o.Desc = fmt.Sprintf("%d bins, at most %s", len(at), o.format(most))
	}
	if o.Level != nil {
		most = biggest(most, o.Level.At)
	}
	p.steps = ticks(most, 3)
	p.top = p.steps[len(p.steps)-1]
	for _, s := range p.steps {
		p.left = max(p.left, across(o.format(s))+12)
	}
	p.drawing = begin(kind, w, h, o.Title, o.Desc)
	return p
}

func (p *plot) x(v float64) float64 {
	return p.left + (v-p.x0)/(p.x1-p.x0)*(p.right-p.left)
}

func (p *plot) y(v float64) float64 { return p.low - min(v, p.top)/p.top*(p.low-p.ceil) }

func (p *plot) bin(at []float64, i int) (from, to float64) {
	if i+1 < len(at) {
		return at[i], at[i+1]
	}
	return at[i], at[i] + p.width
}

// heights draws the lines of the heights, and their labels.
func (p *plot) heights() {
	for _, s := range p.steps {
		class := "s-grid"
		if s == 0 {
			class = "s-axis"
		}
		p.line(class, p.left, p.y(s), p.right, p.y(s))
		p.text("s-label", p.left-8, p.y(s)+4, "end", p.o.format(s))
	}
	if p.o.YName != "" {
		p.text("s-name", 4, 12, "start", p.o.YName)
	}
}

func (p *plot) column(class string, from, to, base, top float64, tip string) {
	x1, x2 := p.x(from), p.x(to)
	y1, y2 := p.y(base), p.y(top)
	space := min(1, (x2-x1)/6)
	p.rect(class, x1+space/2, min(y2, y1-1), max(x2-x1-space, 0.8), max(y1-y2, 1), tip)
}

func (p *plot) tick(v float64, label string) {
	x := p.x(v)
	if x < p.left-0.5 || x > p.right+0.5 {
		return
	}
	p.line("s-axis", x, p.low, x, p.low+4)
	half := across(label) / 2
	p.text("s-label", min(max(x, half), p.w-half), p.low+16, "middle", label)
}

// finish draws what is pointed out on top of the rest.
func (p *plot) finish() string {
	if l := p.o.Level; l != nil && l.At <= p.top {
		y := p.y(l.At)
		p.line("s-level", p.left, y, p.right, y)
		p.text("s-note", p.right, y-4, "end", l.Label)
	}
	if m := p.o.Mark; m != nil && m.At >= p.x0 && m.At <= p.x1 {
		x := p.x(m.At)
		p.line("s-mark", x, p.ceil-4, x, p.low)
		anchor, dx := "start", 5.0
		if x > (p.left+p.right)/2 {
			anchor, dx = "end", -5
		}
		p.text("s-note", x+dx, p.ceil-8, anchor, m.Label)
	}
	if p.o.XName != "" {
		p.text("s-name", (p.left+p.right)/2, p.h-4, "middle", p.o.XName)
	}
	return p.end()
}

// steps of a time axis, in seconds.
var timeSteps = []float64{
	1, 2, 5, 10, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 2 * 86400, 7 * 86400, 14 * 86400,
	28 * 86400, 91 * 86400, 365 * 86400,
}

// times draws the time axis, in UTC. The first tick and each that begins
// another day tell the day.
func (p *plot) times() {
	span := p.x1 - p.x0
	step := timeSteps[len(timeSteps)-1]
	for _, s := range timeSteps {
		if span/s <= 6 {
			step = s
			break
		}
	}
	for step > 0 && span/step > 12 {
		step *= 2
	}
	day := ""
	first := math.Ceil(p.x0/step - 1e-9)
	for i := range 13 {
		v := (first + float64(i)) * step
		if v > p.x1 {
			break
		}
		t := moment(v)
		label := ""
		switch {
		case step >= 86400:
			label = t.Format("2 Jan 2006")
		case step >= 60:
			label = t.Format("15:04")
		default:
			label = t.Format("15:04:05")
		}
		p.tick(v, label)
		if d := t.Format("2 Jan 2006"); step < 86400 && d != day {
			x := p.x(v)
			half := across(d) / 2
			p.text("s-name", min(max(x, half), p.w-half), p.low+30, "middle", d)
			day = d
		}
	}
	if p.o.XName == "" && step >= 86400 {
		p.o.XName = "UTC"
	}
}

// moment is a time in seconds since 1970, held within the years of four digits.
func moment(v float64) time.Time {
	const last = 253402300799
	switch {
	case !(v > -62135596800):
		v = -62135596800
	case v > last:
		v = last
	}
	whole := math.Floor(v)
	return time.Unix(int64(whole), int64((v-whole)*1e9)).UTC()
}

// clock writes the begin of a bin.
func clock(from, width float64) string {
	t := moment(from)
	switch {
	case width >= 86400:
		return t.Format("2 Jan 2006")
	case width >= 60:
		return t.Format("2 Jan 2006 15:04")
	}
	return t.Format("2 Jan 2006 15:04:05")
}
