package replay

import (
	"slices"
	"strings"

	"seine/detectors"
	"seine/flow"
)

// maxPlugins bounds the rules that are made up: alerts of more different ones
// come from no run.
const maxPlugins = 10_000

// plugins finds the detectors and rules that alerts name, and makes up those
// that are not known. Each rule is always the same pointer.
type plugins struct {
	known map[string]*detectors.Detector
	rules map[string]*detectors.Rule
}

func newPlugins(known []*detectors.Detector) *plugins {
	p := &plugins{known: map[string]*detectors.Detector{}, rules: map[string]*detectors.Rule{}}
	for _, d := range known {
		p.known[d.ID] = d
	}
	return p
}

// find is the detector and its rule. attack is what the alert says of the
// rule, which counts where this version of Seine says otherwise.
func (p *plugins) find(detector, rule string, attack []string, severity detectors.Severity) (*detectors.Detector, *detectors.Rule) {
	d := p.known[detector]
	if d != nil {
		if r := d.Rule(rule); r != nil && slices.Equal(r.ATTACK, attack) {
			return d, r
		}
	} else {
		d = &detectors.Detector{ID: detector, Title: detector}
		if len(p.known) < maxPlugins {
			p.known[detector] = d
		}
	}
	key := strings.Join(append([]string{detector, rule}, attack...), "\x00")
	r := p.rules[key]
	if r == nil {
		r = &detectors.Rule{ID: rule, Title: rule, Severity: severity}
		if old := d.Rule(rule); old != nil {
			*r = *old
		}
		r.ATTACK = attack
		if len(p.rules) < maxPlugins {
			p.rules[key] = r
		}
	}
	return d, r
}

// Limits of the texts that records carry as numbers.
const (
	maxTexts     = 1 << 20
	maxTextBytes = 256 << 20
)

// names are the files and texts of the flows that alerts cite. Unlike those of
// a run, texts may be long: what was no UTF-8 has grown when it was written.
type names struct {
	files table
	texts table
}

// A table numbers texts; of too many, those that come late are the empty one.
type table struct {
	all     []string
	numbers map[string]uint32
	bytes   int
	dropped uint64
}

func newNames() *names {
	n := &names{}
	n.files.numbers = map[string]uint32{}
	n.texts.numbers = map[string]uint32{}
	n.texts.number("")
	return n
}

func (t *table) number(s string) uint32 {
	if i, ok := t.numbers[s]; ok {
		return i
	}
	if len(t.all) >= maxTexts || t.bytes+len(s) > maxTextBytes {
		t.dropped++
		return t.numbers[""]
	}
	i := uint32(len(t.all))
	t.all = append(t.all, s)
	t.numbers[s] = i
	t.bytes += len(s)
	return i
}

func (t *table) text(i uint32) string {
	if int(i) < len(t.all) {
		return t.all[i]
	}
	return ""
}

func (n *names) symbol(s string) flow.Symbol {
	return flow.Symbol(n.texts.number(s))
}

func (n *names) file(s string) uint32 {
	return n.files.number(s)
}

// File implements flow.Names.
func (n *names) File(i uint32) string {
	return n.files.text(i)
}

// Text implements flow.Names.
func (n *names) Text(s flow.Symbol) string {
	return n.texts.text(uint32(s))
}
