package exfiltration

import (
	"seine/detectors"
	"seine/detectors/internal/exhibit"
)

// draw adds the bytes of a case over time, beside what is usual for the host
// where that is known.
func (w *watcher) draw(a *detectors.Alert, c exhibit.Case, past habit, known bool) {
	at, bytes := w.shelf.Course(c)
	a.Charts = detectors.OverTime("Bytes over time", "bytes", "bytes", at, bytes)
	if len(a.Charts) > 0 && known && past.high > 0 {
		const hour = 3600
		a.Charts[0].LevelAt(past.high*(at[1]-at[0])/hour, "what it pushes in 95 of 100 hours")
	}
}

// chart are the bytes that the host pushed in its past hours with traffic, and
// in the hour o.
func (h *host) chart(o *hour, limit float64) []detectors.Chart {
	c := detectors.Chart{
		Kind: detectors.Bars, Title: "Bytes pushed in each past hour with traffic, and in this one",
		X: detectors.Axis{Name: "hours with traffic before this one"}, Y: detectors.Axis{Name: "bytes", Unit: "bytes"},
	}
	for i := range int(h.n) { // the latest stands before next
		c.X.At = append(c.X.At, float64(i-int(h.n)))
		c.Values = append(c.Values, float64(h.past[(int(h.next)+remembered-int(h.n)+i)%remembered]))
	}
	c.X.At, c.Values = append(c.X.At, 0), append(c.Values, float64(o.pushed))
	c.MarkAt(0, "this hour")
	c.LevelAt(limit, "limit")
	return []detectors.Chart{c}
}
