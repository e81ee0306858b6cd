package svg

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode"
)

// Options say what surrounds a drawing. The zero Options are good enough.
type Options struct {
	Title, Desc string // for those who do not see it; a Desc is made where there is none
	Width       int    // user units; 0: what suits the kind
	Height      int
	XName       string               // under the axis
	YName       string               // above it
	Format      func(float64) string // of heights; nil: Number
	XFormat     func(float64) string // of places on x, of Columns; nil: Number
	Mark        *Place               // on x, a line from top to bottom
	Level       *Place               // on y, a line from left to right
	Max         int                  // bars drawn of Bars; 0: all
}

// A Place is a value to be pointed out.
type Place struct {
	At    float64
	Label string
}

func (o *Options) format(v float64) string {
	if o.Format != nil {
		return o.Format(v)
	}
	return Number(v)
}

// Number writes a number with three digits that matter and the prefix of a
// power of 1000.
func Number(v float64) string {
	if v != v || math.IsInf(v, 0) {
		return "–"
	}
	prefixes := []string{"", "k", "M", "G", "T", "P", "E"}
	i := 0
	for i < len(prefixes)-1 && math.Abs(v) >= 999.5 {
		v /= 1000
		i++
	}
	return strconv.FormatFloat(round(v, 3), 'f', -1, 64) + prefixes[i]
}

// Bytes writes a number of bytes, in powers of 1000.
func Bytes(v float64) string {
	s := Number(v)
	if n := len(s); n > 0 && s[n-1] >= 'A' {
		return s[:n-1] + " " + s[n-1:] + "B"
	}
	return s + " B"
}

// round keeps so many digits that matter.
func round(v float64, digits int) float64 {
	if v == 0 {
		return 0
	}
	s := strconv.FormatFloat(v, 'g', digits, 64)
	r, _ := strconv.ParseFloat(s, 64)
	return r
}

// A drawing is an SVG element in the making.
type drawing struct {
	strings.Builder
	w, h float64
}

func begin(kind string, w, h float64, title, desc string) *drawing {
	d := &drawing{w: w, h: h}
	fmt.Fprintf(d, `<svg class="s s-%s" viewBox="0 0 %s %s" width="%s" height="%s" role="img" aria-label="%s">`,
		kind, num(w), num(h), num(w), num(h), Escape(joined(title, desc)))
	if title != "" {
		fmt.Fprintf(d, "<title>%s</title>", Escape(title))
	}
	if desc != "" {
		fmt.Fprintf(d, "<desc>%s</desc>", Escape(desc))
	}
	return d
}

func joined(title, desc string) string {
	if title == "" || desc == "" {
		return title + desc
	}
	return title + ". " + desc
}

func (d *drawing) end() string {
	d.WriteString("</svg>")
	return d.String()
}

// text writes a text; anchor is start, middle or end.
func (d *drawing) text(class string, x, y float64, anchor, s string) {
	fmt.Fprintf(d, `<text class="%s" x="%s" y="%s"`, class, num(x), num(y))
	if anchor != "start" {
		fmt.Fprintf(d, ` text-anchor="%s"`, anchor)
	}
	fmt.Fprintf(d, ">%s</text>", Escape(s))
}

func (d *drawing) line(class string, x1, y1, x2, y2 float64) {
	fmt.Fprintf(d, `<path class="%s" d="M%s %sL%s %s"/>`, class, num(x1), num(y1), num(x2), num(y2))
}

// rect writes a rectangle with what it means when pointed at.
func (d *drawing) rect(class string, x, y, w, h float64, tip string) {
	fmt.Fprintf(d, `<rect class="%s" x="%s" y="%s" width="%s" height="%s"`, class, num(x), num(y), num(w), num(h))
	if tip == "" {
		d.WriteString("/>")
		return
	}
	fmt.Fprintf(d, "><title>%s</title></rect>", Escape(tip))
}

// num writes a coordinate to a tenth.
func num(v float64) string {
	if v != v || math.IsInf(v, 0) {
		v = 0
	}
	return strconv.FormatFloat(math.Round(v*10)/10+0, 'f', -1, 64)
}

// Escape makes a text safe inside an element or a quoted attribute. What acts
// on the display instead of being seen becomes U+FFFD.
func Escape(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r == '&':
			b.WriteString("&amp;")
		case r == '<':
			b.WriteString("&lt;")
		case r == '>':
			b.WriteString("&gt;")
		case r == '"':
			b.WriteString("&#34;")
		case r == '\'':
			b.WriteString("&#39;")
		case unicode.In(r, unicode.Cc, unicode.Cf, unicode.Zl, unicode.Zp):
			b.WriteRune(unicode.ReplacementChar)
		default:
			b.WriteRune(r)
		}
	}
	return b.String()
}

// cut shortens a text to n characters.
func cut(s string, n int) string {
	i := 0
	for at := range s {
		if i == n-1 && len(s) > at+1 {
			return s[:at] + "…"
		}
		i++
	}
	return s
}

// across is about how wide a text of the labels is.
func across(s string) float64 {
	n := 0
	for range s {
		n++
	}
	return 6.6 * float64(n)
}

// extreme bounds what is drawn: beyond it, and below its inverse, arithmetic
// ends.
const extreme = 1e300

// biggest is the largest value that can be drawn, at least 0.
func biggest(values ...float64) float64 {
	most := 0.0
	for _, v := range values {
		if v > most && v < extreme {
			most = v
		}
	}
	return most
}

// ticks are round numbers from 0 to at least most, about n of them.
func ticks(most float64, n int) []float64 {
	if !(most > 1/extreme) {
		return []float64{0, 1}
	}
	step := nice(most / float64(n))
	if most >= 1 { // counts, most often: halves of them would look odd
		step = max(step, 1)
	}
	var all []float64
	for i := 0; ; i++ {
		all = append(all, round(step*float64(i), 12))
		if step*float64(i) >= most*(1-1e-9) {
			return all
		}
	}
}

// nice is the least of 1, 2, 5 times a power of ten that is not below v.
func nice(v float64) float64 {
	p := math.Pow(10, math.Floor(math.Log10(v)))
	for _, m := range []float64{1, 2, 5, 10} {
		if m*p >= v*(1-1e-9) {
			return m * p
		}
	}
	return 10 * p
}
