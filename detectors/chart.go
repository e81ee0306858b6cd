package detectors

// A Chart is the data of a picture that belongs to an alert, for outputs that
// draw: the gaps between the calls of a beacon, the targets of a scan, the
// bytes of an upload over time. It is small: at most MaxChart values.
type Chart struct {
	Kind  ChartKind
	Title string // "Gaps between calls"
	X, Y  Axis
	// Values are the heights over X.Labels or X.At; of a Matrix row by row, a
	// row for each label of Y.
	Values []float64
	// Mark is a place on X that the alert is about, such as the period or a
	// threshold, where HasMark says that there is one.
	Mark      float64
	MarkLabel string
	HasMark   bool
	// Level is a height that the values are compared with, such as a baseline
	// or a limit, where HasLevel says that there is one.
	Level      float64
	LevelLabel string
	HasLevel   bool
}

// MaxChart bounds the values of a chart.
const MaxChart = 1024

// ChartKind is how a chart is drawn.
type ChartKind uint8

// The kinds of charts.
const (
	Bars     ChartKind = iota // one bar for each label or bin of X
	Timeline                  // values over event time: X.At are the bins' beginnings in seconds since 1970
	Matrix                    // Y.Labels × X.Labels; a value of 0 no flow, 1 not answered, 2 refused, 3 answered
)

// String names the kind.
func (k ChartKind) String() string { return [...]string{"bars", "timeline", "matrix"}[k] }

// An Axis is one side of a chart. Either Labels or At tell its places: At where
// each bin begins.
type Axis struct {
	Name, Unit string // "gap", "s"
	Labels     []string
	At         []float64
}

// OverTime is the chart of values over event time, one for each bin whose
// begin at tells in seconds since 1970; no chart of fewer than two.
func OverTime(title, what, unit string, at, values []float64) []Chart {
	if len(at) < 2 || len(at) != len(values) {
		return nil
	}
	return []Chart{{Kind: Timeline, Title: title, X: Axis{Name: "time", At: at}, Y: Axis{Name: what, Unit: unit}, Values: values}}
}

// MarkAt gives the chart a mark at a place on X.
func (c *Chart) MarkAt(x float64, label string) { c.Mark, c.MarkLabel, c.HasMark = x, label, true }

// LevelAt gives the chart a height that its values are compared with.
func (c *Chart) LevelAt(y float64, label string) { c.Level, c.LevelLabel, c.HasLevel = y, label, true }
