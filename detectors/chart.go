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
}

// MaxChart bounds the values of a chart.
const MaxChart = 1024

// ChartKind is how a chart is drawn.
type ChartKind uint8

// The kinds of charts.
const (
	Bars     ChartKind = iota // one bar for each label or bin of X
	Timeline                  // values over event time: X.At are seconds since 1970
	Matrix                    // Y.Labels × X.Labels; a value of 0 no flow, 1 not answered, 2 refused, 3 answered
)

// String names the kind.
func (k ChartKind) String() string { return [...]string{"bars", "timeline", "matrix"}[k] }

// An Axis is one side of a chart. Either Labels or At tell its places.
type Axis struct {
	Name, Unit string // "gap", "s"
	Labels     []string
	At         []float64
}
