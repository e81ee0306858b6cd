package svg

import (
	"encoding/xml"
	"errors"
	"io"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// elements and attributes are all that a drawing may consist of.
var (
	elements   = []string{"svg", "title", "desc", "text", "path", "rect"}
	attributes = []string{"class", "viewBox", "width", "height", "role", "aria-label", "x", "y", "d", "text-anchor", "transform"}
	attacks    = []string{
		`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `' onload='alert(1)`, "]]>", "&lt;b&gt;",
		"\x1b[2J", "\x00", "\xff\xfe", "\u202egnp.exe", "a\u200bb", "</svg>", "line\nline",
	}
)

// check fails unless s is one well-formed drawing of nothing but what a
// drawing consists of, with numbers for coordinates. It gives its texts.
func check(t interface {
	Helper()
	Fatalf(string, ...any)
}, s string) (texts []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(s))
	depth, roots := 0, 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("not well-formed: %v\n%s", err, s)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if depth == 0 {
				roots++
			}
			depth++
			if !slices.Contains(elements, e.Name.Local) {
				t.Fatalf("element %s\n%s", e.Name.Local, s)
			}
			for _, a := range e.Attr {
				if !slices.Contains(attributes, a.Name.Local) {
					t.Fatalf("attribute %s\n%s", a.Name.Local, s)
				}
				if slices.Contains([]string{"x", "y", "width", "height"}, a.Name.Local) {
					if v, err := strconv.ParseFloat(a.Value, 64); err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
						t.Fatalf("%s=%q\n%s", a.Name.Local, a.Value, s)
					}
				}
			}
		case xml.EndElement:
			depth--
		case xml.CharData:
			texts = append(texts, string(e))
		}
	}
	if roots != 1 || depth != 0 {
		t.Fatalf("%d drawings\n%s", roots, s)
	}
	return texts
}

func TestNoTextGetsOutOfADrawing(t *testing.T) {
	for _, a := range attacks {
		o := Options{Title: a, Desc: a, XName: a, YName: a, Mark: &Place{1, a}, Level: &Place{1, a}, Format: func(float64) string { return a }}
		two := []float64{1, 2}
		for _, s := range []string{
			Bars([]string{a, "b"}, two, o), Columns(two, two, o), Series(two, two, o), Spark(two, o),
			Stack(two, []Layer{{Name: a, Class: "s-fill", Values: two}}, o), Matrix([]string{a, "c"}, []string{a}, two, o),
		} {
			for _, text := range check(t, s) {
				if strings.ContainsAny(text, "\x00\x1b\n\u202e\u200b") {
					t.Errorf("%q shows %q", a, text)
				}
			}
		}
	}
}

func TestAnyNumbersCanBeDrawn(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		odd := rapid.SampledFrom([]float64{0, -1, 1e308, -1e308, 5e-324, math.NaN(), math.Inf(1), math.Inf(-1), 1e18, 1.5e9, 1})
		numbers := rapid.SliceOfN(rapid.OneOf(odd, rapid.Float64()), 0, 20)
		at, values := numbers.Draw(t, "at"), numbers.Draw(t, "values")
		o := Options{Mark: &Place{At: odd.Draw(t, "mark")}, Level: &Place{At: odd.Draw(t, "level")}}
		for _, s := range []string{Columns(at, values, o), Series(at, values, o), Spark(values, o), Bars(make([]string, len(at)), values, o),
			Matrix(make([]string, 3), make([]string, 4), values, o)} {
			check(t, s)
			if strings.Contains(s, "NaN") || strings.Contains(s, "Inf") {
				t.Fatalf("no number: %s", s)
			}
		}
	})
}

func TestBarsAreAsLongAsTheirValues(t *testing.T) {
	s := Bars([]string{"a", "b", "c"}, []float64{100, 50, 0}, Options{Title: "T"})
	var widths []float64
	for _, m := range regexp.MustCompile(`s-fill" x="[0-9.]+" y="[0-9.]+" width="([0-9.]+)"`).FindAllStringSubmatch(s, -1) {
		v, _ := strconv.ParseFloat(m[1], 64)
		widths = append(widths, v)
	}
	if len(widths) != 3 || math.Abs(widths[0]-2*widths[1]) > 0.2 || widths[2] != 0 {
		t.Errorf("widths %v", widths)
	}
	if !strings.Contains(s, `aria-label="T. 3 bars, the longest is a with 100"`) {
		t.Error(s)
	}
}

func TestMarksAndLevels(t *testing.T) {
	o := Options{Mark: &Place{30, "period"}, Level: &Place{500, "limit"}}
	s := Columns([]float64{0, 20, 40}, []float64{1, 9, 2}, o)
	texts := strings.Join(check(t, s), "|")
	for _, want := range []string{"period", "limit", "0", "600"} {
		if !strings.Contains("|"+texts+"|", "|"+want+"|") {
			t.Errorf("no %q in %s", want, texts)
		}
	}
	if n := strings.Count(s, "s-mark"); n != 1 {
		t.Errorf("%d marks", n)
	}
	if s = Columns([]float64{0, 20}, []float64{1, 9}, Options{Mark: &Place{300, "far"}}); strings.Contains(s, "far") {
		t.Error("a mark beyond the axis is drawn")
	}
}

func TestTimesAreToldInUTC(t *testing.T) {
	const noon = 1485518400 // 2017-01-27 12:00
	s := Series([]float64{noon, noon + 3600, noon + 7200}, []float64{1, 2, 3}, Options{})
	texts := check(t, s)
	for _, want := range []string{"12:00", "15:00", "27 Jan 2017"} {
		if !slices.Contains(texts, want) {
			t.Errorf("no %q in %q", want, texts)
		}
	}
	day := 86400.0
	texts = check(t, Series([]float64{noon, noon + 30*day}, []float64{1, 2}, Options{}))
	if !slices.ContainsFunc(texts, func(s string) bool { return strings.HasSuffix(s, "Feb 2017") }) {
		t.Errorf("no day in %q", texts)
	}
}

func TestMatrixTellsOutcomesByShape(t *testing.T) {
	s := Matrix([]string{"22", "80"}, []string{"10.0.0.1", "10.0.0.2"}, []float64{0, 1, 2, 3}, Options{})
	if !strings.Contains(s, "2 rows by 2 columns: 1 answered, 1 refused, 1 not answered") {
		t.Error(s)
	}
	if n := strings.Count(s, "s-yes"); n != 2 { // the cell and its legend
		t.Errorf("%d cells answered", n)
	}
	if n := strings.Count(s, "s-cross"); n != 4 {
		t.Errorf("%d strokes", n)
	}
}

func TestNumber(t *testing.T) {
	for v, want := range map[float64]string{0: "0", 999: "999", 1234: "1.23k", 1e6: "1M", 0.123456: "0.123", 999600: "1M"} {
		if got := Number(v); got != want {
			t.Errorf("%v: %s, want %s", v, got, want)
		}
	}
	if got := Bytes(1234567); got != "1.23 MB" {
		t.Error(got)
	}
	if got := Bytes(12); got != "12 B" {
		t.Error(got)
	}
}

func BenchmarkSeries(b *testing.B) {
	at, values := make([]float64, 96), make([]float64, 96)
	for i := range at {
		at[i], values[i] = 1.5e9+float64(600*i), float64(i%17)
	}
	b.ReportAllocs()
	for b.Loop() {
		Series(at, values, Options{Title: "t"})
	}
}
