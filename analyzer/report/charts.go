package report

import (
	"math"
	"slices"

	"seine/detectors"
)

// appendAnnotations appends what is known of the addresses of an alert as a
// member of its object, if there is anything.
func appendAnnotations(b []byte, all []detectors.Annotation) []byte {
	if len(all) == 0 {
		return b
	}
	o := object{b: b}
	o.array("annotations", len(all), func(i int) {
		n := &all[i]
		o.open()
		o.text("ip", n.IP.String())
		o.text("key", n.Key)
		o.text("value", n.Value)
		o.text("source", n.Source)
		o.shut()
	})
	return o.b
}

// appendCharts appends the charts of an alert as a member of its object, if it
// has any.
func appendCharts(b []byte, all []detectors.Chart) []byte {
	all = drawable(all)
	if len(all) == 0 {
		return b
	}
	o := object{b: b}
	o.array("charts", len(all), func(i int) {
		c := &all[i]
		o.open()
		o.text("kind", c.Kind.String())
		o.text("title", c.Title)
		o.axis("x", &c.X)
		o.axis("y", &c.Y)
		o.numbers("values", c.Values)
		o.place("mark", c.HasMark, c.Mark, c.MarkLabel)
		o.place("level", c.HasLevel, c.Level, c.LevelLabel)
		o.shut()
	})
	return o.b
}

// drawable leaves out charts without values, and those with more than a chart
// may have.
func drawable(all []detectors.Chart) []detectors.Chart {
	bad := func(c detectors.Chart) bool { return len(c.Values) == 0 || len(c.Values) > detectors.MaxChart }
	if slices.ContainsFunc(all, bad) {
		all = slices.DeleteFunc(slices.Clone(all), bad)
	}
	return all
}

func (o *object) axis(name string, a *detectors.Axis) {
	o.key(name)
	o.open()
	o.text("name", a.Name)
	if a.Unit != "" {
		o.text("unit", a.Unit)
	}
	if len(a.Labels) > 0 {
		o.texts("labels", a.Labels)
	}
	if len(a.At) > 0 {
		o.numbers("at", a.At)
	}
	o.shut()
}

// place appends a place on an axis, if there is one.
func (o *object) place(name string, has bool, v float64, label string) {
	if !has {
		return
	}
	o.float(name, finite(v))
	if label != "" {
		o.text(name+"_label", label)
	}
}

func (o *object) numbers(name string, vs []float64) {
	o.key(name)
	o.b = append(o.b, '[')
	for i, v := range vs {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		f := detectors.Float("", finite(v))
		o.b = f.AppendJSON(o.b, quote)
	}
	o.b = append(o.b, ']')
}

// finite is v, or 0 where JSON has no number for it.
func finite(v float64) float64 {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return 0
	}
	return v
}
