package threatintel

import (
	"math"
	"slices"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich/intel"
)

// How an entry fits the flow.
const (
	byAddress = iota // it names no port
	byPort           // it names the port that was used
	otherPort        // it names another
)

// A verdict is what the entries make of a flow.
type verdict struct {
	best       int // of the entries
	fit        int
	severity   detectors.Severity
	confidence float64
	benign     int  // an entry that knows the address as harmless, or -1
	harmless   bool // that entry outweighs the others
	lists      int  // that name the address, each once
	anonymous  bool
	age        flow.Time
	dated      bool
}

// A voice is how sure one list is of what it says of an address.
type voice struct {
	list       string
	confidence float64
}

// judge weighs the entries that hold at the time of the flow. It reports false
// where none does.
func (w *watcher) judge(m *meeting) (v verdict, ok bool) {
	v.benign, v.best = -1, -1
	var lists []voice
	for i := range m.entries {
		e := &m.entries[i]
		if !e.Holds(m.r.Start) {
			continue
		}
		if e.Benign {
			if v.benign < 0 || e.Prefix.Bits() > m.entries[v.benign].Prefix.Bits() {
				v.benign = i
			}
			continue
		}
		fit := byAddress
		if e.Port != 0 || e.Proto != flow.ProtoUnknown {
			if fit = otherPort; e.Matches(m.r.Proto, m.theirPort) {
				fit = byPort
			}
		}
		s, c := w.severity(e, m, fit), w.confidence(e, m.r.Start, fit)
		if at := slices.IndexFunc(lists, func(l voice) bool { return l.list == e.File }); at < 0 {
			lists = append(lists, voice{e.File, c})
		} else {
			lists[at].confidence = max(lists[at].confidence, c)
		}
		if v.best < 0 || s > v.severity || s == v.severity && c > v.confidence {
			v.best, v.fit, v.severity, v.confidence = i, fit, s, c
		}
	}
	if v.best < 0 {
		return v, false
	}
	e := &m.entries[v.best]
	v.lists = len(lists)
	doubt := 1.0
	for _, l := range lists {
		if l.list != e.File {
			doubt *= 1 - 0.3*l.confidence
		}
	}
	v.confidence = math.Round(100*min(0.99, 1-(1-v.confidence)*doubt)) / 100
	v.anonymous = e.Category == intel.TorExit || e.Category == intel.Proxy
	v.age, v.dated = e.Age(m.r.Start)
	switch {
	case v.benign < 0:
	case m.entries[v.benign].Prefix.Bits() >= e.Prefix.Bits():
		v.harmless, v.severity = true, detectors.Info
		v.confidence = math.Round(v.confidence*20) / 100 // a fifth of it
	default: // the whole of a cloud is known, and one address in it is listed
		v.severity = max(v.severity, detectors.Medium) - 1
		v.confidence = math.Round(v.confidence*50) / 100
	}
	return v, true
}

// severity is what it would mean if the entry were true: the grid of the
// README.
func (w *watcher) severity(e *intel.Indicator, m *meeting, fit int) detectors.Severity {
	answered := m.outcome == flow.Answered
	step := func(yes, no detectors.Severity) detectors.Severity {
		if answered {
			return yes
		}
		return no
	}
	var s detectors.Severity
	switch {
	case e.Category == intel.TorExit, e.Category == intel.Proxy:
		return detectors.Low
	case m.inbound:
		s = detectors.Low
		if m.talked && m.port != 0 && !w.public[m.port] {
			s = detectors.Medium
		}
	case e.Category == intel.C2 && fit == byPort:
		s = step(detectors.Critical, detectors.High)
	case e.Category == intel.C2 && fit == byAddress:
		s = step(detectors.High, detectors.Medium)
	case e.Category == intel.C2:
		s = step(detectors.Medium, detectors.Low)
	case e.Category == intel.Malware && fit == byPort:
		s = step(detectors.High, detectors.Medium)
	case fit == otherPort:
		s = detectors.Low
	case e.Category == intel.Malware, e.Category == intel.Phishing, e.Category == intel.Hijacked, e.Category == "":
		s = step(detectors.Medium, detectors.Low)
	case e.Score >= highScore: // attackers, scanners, senders of spam: it is they who call, as a rule
		s = step(detectors.Medium, detectors.Low)
	default:
		s = detectors.Low
	}
	if w.countries[w.country(e, m.theirs)] && s < detectors.High {
		s++
	}
	if e.Score >= 0 && e.Score < lowScore && s > detectors.Low {
		s--
	}
	if age, ok := e.Age(m.r.Start); ok && age > w.maxAge && s > detectors.Low {
		s--
	}
	return s
}

// Scores of lists, 0 to 100.
const (
	lowScore  = 50 // below it the list itself doubts
	highScore = 75
)

// country is where the address is, as the list or else the geographic database
// tells.
func (w *watcher) country(e *intel.Indicator, a flow.Addr) string {
	if e.Country != "" || len(w.countries) == 0 {
		return e.Country
	}
	return w.places.Lookup(a).Country
}

// confidence is how sure it is that the address is still what the entry says:
// the list's own score, halved with each half-life of age.
func (w *watcher) confidence(e *intel.Indicator, at flow.Time, fit int) float64 {
	var c float64
	switch {
	case e.Score >= 0:
		c = float64(e.Score) / 100
	case e.Category == intel.C2, e.Category == intel.TorExit, e.Category == intel.Hijacked:
		c = 0.8
	default:
		c = 0.6
	}
	if age, ok := e.Age(at); ok {
		c *= math.Exp2(-float64(age) / float64(w.halfLife))
	} else {
		c *= 0.8
	}
	if fit == otherPort {
		c *= 0.5
	}
	return math.Round(100*max(c, 0.05)) / 100
}
