package eval

// A Matrix counts hosts, or windows of hosts: malicious or benign, accused or
// not. What is not labelled is in none of them.
type Matrix struct{ TP, FP, FN, TN uint64 }

// ratio is a/b, and whether there is one.
func ratio(a, b uint64) (float64, bool) {
	if b == 0 {
		return 0, false
	}
	return float64(a) / float64(b), true
}

// Precision is the share of the accused that are malicious.
func (m Matrix) Precision() (float64, bool) { return ratio(m.TP, m.TP+m.FP) }

// Recall is the share of the malicious that are accused.
func (m Matrix) Recall() (float64, bool) { return ratio(m.TP, m.TP+m.FN) }

// FalsePositiveRate is the share of the benign that are accused.
func (m Matrix) FalsePositiveRate() (float64, bool) { return ratio(m.FP, m.FP+m.TN) }

// F1 is the harmonic mean of precision and recall.
func (m Matrix) F1() (float64, bool) { return ratio(2*m.TP, 2*m.TP+m.FP+m.FN) }

func (m Matrix) plus(o Matrix) Matrix {
	return Matrix{m.TP + o.TP, m.FP + o.FP, m.FN + o.FN, m.TN + o.TN}
}

// A Score tells how good the alerts of one detector are, or of all.
type Score struct {
	Name           string
	Hosts, Windows Matrix
	Others         uint64 // hosts accused of which nothing is known
	Alerts         uint64
	HostDays       float64 // internal hosts, or all if there are none, times days
	HasDelay       bool
	Delay          float64 // median time from the first flow of a malicious host to its first alert, in seconds
}

// Rate is how many alerts a hundred hosts have in a day.
func (s *Score) Rate() (float64, bool) {
	if s.HostDays <= 0 {
		return 0, false
	}
	return 100 * float64(s.Alerts) / s.HostDays, true
}

// A Finding is what was said of one host.
type Finding struct {
	Host  string
	Class Class
	Rules []string // "port-scan/vertical"
}

// A Result is how one capture, or all together, came out.
type Result struct {
	ID         string
	Days       float64
	Hosts      int // hosts with flows
	Internal   int
	Truncated  bool // there were more hosts than can be kept
	Error      string
	Total      Score
	Detectors  []Score
	Everything Score // what accusing everybody would give
	Nothing    Score
	Findings   []Finding // malicious hosts, and benign ones that were accused
}

// Sum adds results up. Delays are medians of each and are not added.
func Sum(id string, all []*Result) *Result {
	sum := &Result{ID: id, Total: Score{Name: "all"}, Everything: Score{Name: "accuse everybody"}, Nothing: Score{Name: "accuse nobody"}}
	add := func(to *Score, s *Score) {
		to.Hosts, to.Windows = to.Hosts.plus(s.Hosts), to.Windows.plus(s.Windows)
		to.Others += s.Others
		to.Alerts += s.Alerts
	}
	index := map[string]int{}
	for _, r := range all {
		sum.Days += r.Days
		sum.Hosts += r.Hosts
		sum.Internal += r.Internal
		add(&sum.Total, &r.Total)
		sum.Total.HostDays += r.Total.HostDays
		add(&sum.Everything, &r.Everything)
		add(&sum.Nothing, &r.Nothing)
		for i := range r.Detectors {
			d := &r.Detectors[i]
			at, ok := index[d.Name]
			if !ok {
				at = len(sum.Detectors)
				index[d.Name] = at
				sum.Detectors = append(sum.Detectors, Score{Name: d.Name})
			}
			add(&sum.Detectors[at], d)
		}
	}
	// A detector that is silent in one capture misses the hosts there.
	for i := range sum.Detectors {
		d := &sum.Detectors[i]
		d.Hosts.FN = sum.Everything.Hosts.TP - d.Hosts.TP
		d.Hosts.TN = sum.Everything.Hosts.FP - d.Hosts.FP
		d.Windows.FN = sum.Everything.Windows.TP + sum.Everything.Windows.FN - d.Windows.TP
		d.Windows.TN = sum.Everything.Windows.FP + sum.Everything.Windows.TN - d.Windows.FP
		d.HostDays = sum.Total.HostDays
	}
	return sum
}
