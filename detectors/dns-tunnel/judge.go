package dnstunnel

import (
	"fmt"
	"math"
	"math/bits"

	"seine/detectors"
	"seine/detectors/internal/pairmap"
	"seine/flow"
)

// judgeFloods judges the windows that end with each minute up to now.
func (w *watcher) judgeFloods(now int64) {
	f := &w.floods
	for i := range f.all {
		fl := &f.all[i]
		if fl.host == 0 {
			continue
		}
		w.judgeMinutes(fl, now)
		if fl.last.Add(hour) < flow.Time(now)*minute {
			if c := w.clients.Find(pairmap.Key{Src: fl.host}); c != nil {
				w.cool(c)
			}
		}
	}
	f.judged, f.begun = now, true
}

// judgeMinutes judges the windows of a client that end after those judged, up
// to now.
func (w *watcher) judgeMinutes(fl *flood, now int64) {
	f := &w.floods
	from := minuteOf(fl.first)
	if f.begun {
		from = max(from, f.judged+1)
	}
	for m := max(from, now-f.ring); m <= min(now, minuteOf(fl.last)+f.window); m++ {
		w.judgeFlood(fl, m)
	}
}

// A sight is what a window shows of a client.
type sight struct {
	questions, known, answered, busy int
	own, net                         int // outside hosts turned to, estimated
}

// look counts the questions of a window.
func (f *floods) look(fl *flood, end int64) (s sight) {
	f.each(end, func(m int64, place int) {
		if b := &fl.bins[place]; b.minute == m {
			s.questions += int(b.questions)
			s.known += int(b.known)
			s.answered += int(b.answered)
			if int(b.questions)*int(f.window) >= f.minimum {
				s.busy++
			}
		}
	})
	return s
}

// follow estimates how many outside hosts were turned to in a window, by a
// client and by all.
func (f *floods) follow(fl *flood, end int64) (own, net int) {
	var bits [8]uint64
	var all [64]uint64
	f.each(end, func(m int64, place int) {
		if b := &fl.bins[place]; b.minute == m {
			for i, v := range b.peers {
				bits[i] |= v
			}
		}
		if n := &f.net[place]; n.minute == m {
			for i, v := range n.peers {
				all[i] |= v
			}
		}
	})
	return distinct(bits[:]), distinct(all[:])
}

// each calls do for the minutes of a window, with their places in the rings.
func (f *floods) each(end int64, do func(m int64, place int)) {
	m := end - f.window + 1
	for place := slot(m, int(f.ring)); m <= end; m++ {
		do(m, place)
		if place++; place == int(f.ring) {
			place = 0
		}
	}
}

// distinct estimates how many hosts set the bits (linear counting, Whang and
// others 1990).
func distinct(words []uint64) int {
	set := 0
	for _, v := range words {
		set += bits.OnesCount64(v)
	}
	size := float64(64 * len(words))
	return int(math.Round(size * math.Log(size/max(size-float64(set), 0.5))))
}

func (w *watcher) judgeFlood(fl *flood, end int64) {
	f := &w.floods
	s := f.look(fl, end)
	flooded := s.questions >= f.minimum
	busy := fl.busy
	if slot(end, int(f.window)) == 0 { // windows that do not overlap
		fl.windows++
		if 3*s.questions >= f.minimum {
			fl.busy++
		}
	}
	if !flooded || f.window >= 3 && s.busy < 3 || s.known > 0 && 2*s.answered < s.known {
		return
	}
	s.own, s.net = f.follow(fl, end)
	// The connections that follow show only under an address that makes some.
	// Hosts with two families ask over one and connect over the other.
	follow := s.own
	if follow < 3 || !fl.addr.Is4() {
		follow = s.net
	}
	needed := f.ratio * float64(max(follow, 1))
	if w.nOthers < len(w.others) {
		needed = 6 * float64(f.minimum) // nothing but names is logged here
	}
	if float64(s.questions) < needed {
		return
	}
	if c := w.clients.Find(pairmap.Key{Src: fl.host}); c != nil && w.resolver(fl.host, c) ||
		w.mail.Has(fl.host) || bits.OnesCount64(fl.users) >= 3 {
		f.excused.N++
		return
	}
	past := int((flow.Time(end)*minute - fl.known) / (flow.Time(f.window) * minute))
	if past >= 6 && 2*fl.busy >= past && fl.said == 0 {
		f.excused.N++ // it has always asked that much
		return
	}
	if fl.said > 0 && end > fl.flooded+60 { // another campaign
		w.tell(fl)
		fl.peak = peak{}
		fl.said, fl.from = 0, max(fl.first, flow.Time(end-f.window+1)*minute)
	}
	fl.flooded = end
	if s.questions > fl.peak.questions {
		fl.peak = peak{s, end, follow, needed, past, min(busy, past)}
	}
	if s.questions >= 2*fl.said {
		w.tell(fl)
	}
}

// A peak is the window of a flood with the most questions.
type peak struct {
	sight
	end    int64
	follow int
	needed float64
	past   int
	before int // of the past windows, the busy ones
}

// tell tells of a flood at its peak, unless that has been told.
func (w *watcher) tell(fl *flood) {
	if p := &fl.peak; p.questions > fl.said {
		fl.said = p.questions
		w.reportFlood(fl, p)
	}
}

func (w *watcher) reportFlood(fl *flood, s *peak) {
	if !w.env.Shows(w.flood) {
		return
	}
	f := &w.floods
	confidence := 0.55
	if s.questions >= 3*f.minimum {
		confidence += 0.1
	}
	if float64(s.questions) >= 4*s.needed {
		confidence += 0.1
	}
	if s.past >= 6 {
		confidence += 0.15 // it was quiet before
	}
	evidence := detectors.Sample(w.shelf.Flows(fl.shown), w.env.Evidence())
	times, bytes := w.shelf.Course(fl.shown)
	at := min(flow.Time(s.end+1)*minute, fl.last)
	w.env.Report(w.at, detectors.Alert{
		Rule: w.flood, Confidence: math.Round(confidence*100) / 100, Subject: detectors.Address(fl.addr, detectors.RoleSrc).WithPort(53),
		Window: fl.from, HasWindow: true, Grows: true, Evidence: evidence, Flows: fl.total,
		Charts:    detectors.OverTime("Bytes of questions and answers over time", "bytes", "bytes", times, bytes),
		FirstSeen: fl.first, LastSeen: at, Time: at, HasTime: true,
		Summary: fmt.Sprintf("%s asked for names %d times within %d minutes (threshold %d), and only %d outside hosts were turned to: %d questions would need %.0f or more",
			fl.addr, s.questions, f.window, f.minimum, s.follow, s.questions, float64(s.questions)/f.ratio),
		Facts: []detectors.Fact{
			detectors.Int("questions", int64(s.questions)),
			detectors.Int("min_questions", int64(f.minimum)),
			detectors.Int("minutes", f.window),
			detectors.Int("busy_minutes", int64(s.busy)),
			detectors.Int("answered", int64(s.answered)),
			detectors.Int("hosts_turned_to", int64(s.own)),
			detectors.Int("hosts_of_network", int64(s.net)),
			detectors.Float("ratio", math.Round(10*float64(s.questions)/float64(max(s.follow, 1)))/10),
			detectors.Float("min_ratio", f.ratio),
			detectors.Int("windows_before", int64(s.past)),
			detectors.Int("busy_windows_before", int64(s.before)),
		},
	})
}
