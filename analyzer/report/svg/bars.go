package svg

import (
	"fmt"
	"math"
)

// Bars draws a horizontal bar for each label, in their order: the largest of
// something, most often. Values below zero and what is no number are drawn as
// nothing.
func Bars(labels []string, values []float64, o Options) string {
	n := min(len(labels), len(values))
	if o.Max > 0 {
		n = min(n, o.Max)
	}
	const row, bar, top = 24.0, 14.0, 4.0
	w := float64(o.Width)
	if w <= 0 {
		w = 640
	}
	left, right := 60.0, 40.0
	for i := range n {
		left = max(left, across(cut(labels[i], 40))+12)
		right = max(right, across(o.format(values[i]))+14)
	}
	left = min(left, w*0.45)
	chars := int((left - 12) / 6.6)
	most := biggest(values[:n]...)
	if o.Desc == "" && n > 0 {
		o.Desc = fmt.Sprintf("%d bars, the longest is %s with %s", n, labels[at(values[:n], most)], o.format(most))
	}
	d := begin("bars", w, float64(n)*row+2*top, o.Title, o.Desc)
	for i := range n {
		y := top + float64(i)*row
		length := 0.0
		if v := values[i]; v > 0 && v < extreme {
			length = max(v/most*(w-left-right), 1)
		}
		d.text("s-label", left-8, y+row/2+4, "end", cut(labels[i], chars))
		d.rect("s-fill", left, y+(row-bar)/2, length, bar, labels[i]+": "+o.format(values[i]))
		d.text("s-value", left+length+6, y+row/2+4, "start", o.format(values[i]))
	}
	return d.end()
}

// at is the place of a value.
func at(values []float64, v float64) int {
	for i := range values {
		if values[i] == v {
			return i
		}
	}
	return 0
}

// Spark draws a line of small bars without axes, to stand beside a text.
func Spark(values []float64, o Options) string {
	w, h := float64(o.Width), float64(o.Height)
	if w <= 0 {
		w = 120
	}
	if h <= 0 {
		h = 20
	}
	most := biggest(values...)
	if o.Desc == "" {
		o.Desc = fmt.Sprintf("%d values, at most %s", len(values), o.format(most))
	}
	d := begin("spark", w, h, o.Title, o.Desc)
	step := w / math.Max(float64(len(values)), 1)
	for i, v := range values {
		if v > 0 && v < extreme {
			height := max(v/most*h, 1)
			d.rect("s-fill", float64(i)*step, h-height, max(step-0.5, 0.5), height, "")
		}
	}
	return d.end()
}

// Matrix draws a cell for each pair of labels: values row by row, 0 nothing, 1
// not answered, 2 refused, 3 answered. Each kind has a shape of its own, so
// that no colour is needed to tell them.
func Matrix(columns, rows []string, values []float64, o Options) string {
	const cell, top = 18.0, 64.0
	left := 60.0
	for _, r := range rows {
		left = max(left, across(cut(r, 40))+12)
	}
	var n [4]int
	for _, v := range values {
		if k := int(v); k >= 0 && k < len(n) {
			n[k]++
		}
	}
	if o.Desc == "" {
		o.Desc = fmt.Sprintf("%d rows by %d columns: %d answered, %d refused, %d not answered", len(rows), len(columns), n[3], n[2], n[1])
	}
	w := max(left+cell*float64(len(columns))+24, 380)
	d := begin("matrix", w, top+cell*float64(len(rows))+30, o.Title, o.Desc)
	for j, c := range columns {
		x := left + cell*(float64(j)+0.5)
		fmt.Fprintf(d, `<text class="s-label" transform="translate(%s %s) rotate(-55)">%s</text>`, num(x+3), num(top-6), Escape(cut(c, 12)))
	}
	for i, r := range rows {
		d.text("s-label", left-8, top+cell*(float64(i)+0.5)+4, "end", cut(r, 40))
		for j, c := range columns {
			if k := i*len(columns) + j; k < len(values) {
				d.outcome(int(values[k]), left+cell*float64(j), top+cell*float64(i), r+" "+c)
			}
		}
	}
	x, y := left, top+cell*float64(len(rows))+8
	for k := 3; k > 0; k-- {
		d.outcome(k, x, y, "")
		d.text("s-label", x+cell+2, y+13, "start", Outcomes[k])
		x += cell + 14 + across(Outcomes[k])
	}
	return d.end()
}

// Outcomes name the values of a Matrix.
var Outcomes = [4]string{"no flow", "not answered", "refused", "answered"}

// outcome draws a cell: full, crossed, or empty.
func (d *drawing) outcome(k int, x, y float64, tip string) {
	if tip != "" && k >= 0 && k < len(Outcomes) {
		tip += ": " + Outcomes[k]
	}
	switch k {
	case 3:
		d.rect("s-yes", x+2, y+2, 14, 14, tip)
	case 2:
		d.rect("s-no", x+2.5, y+2.5, 13, 13, tip)
		d.line("s-cross", x+5, y+5, x+13, y+13)
		d.line("s-cross", x+13, y+5, x+5, y+13)
	case 1:
		d.rect("s-no", x+2.5, y+2.5, 13, 13, tip)
	default:
		d.rect("s-dot", x+8, y+8, 2, 2, tip)
	}
}
