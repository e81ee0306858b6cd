package detectors

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"seine/detectors/internal/network"
	"seine/detectors/internal/prefixes"
	"seine/flow"
	"seine/flow/enrich"
)

// A Param is a parameter that a detector declared by reading it.
type Param struct {
	Name    string // "percentile"; of a shared one the whole name, "popular-ports"
	Kind    string // int, float, duration, bool, word, words, ports, files
	Default string
	Doc     string
	Shared  bool // one value for all detectors that read it
}

// Settings is what the engine gives an Env to live on.
type Settings struct {
	// Value looks a parameter up by its full name, "port-fanout.percentile"
	// or, shared, "popular-ports". nil means that all have their defaults.
	Value    func(name string) (value string, ok bool)
	Lateness flow.Time         // how far behind the watermark a flow still counts
	Evidence int               // flows an alert may cite; 0 means all
	Floor    Severity          // alerts below are counted, not shown
	Known    *enrich.Knowledge // what is known beside the flows; nil: nothing
	Location *time.Location    // zone of times of day; nil: UTC
	Runtime  Runtime           // nil on a recording Env
}

// Runtime is the running engine as an Env sees it.
type Runtime interface {
	// Alert takes an alert raised at a flow, or, where at is nil, at the row
	// that is being worked on.
	Alert(at *flow.Record, a *Alert)
	// Addr is the address of a host that has not been forgotten.
	Addr(h flow.Host) flow.Addr
	// Text is the text of a symbol.
	Text(s flow.Symbol) string
	// File is the name of an input.
	File(i uint32) string
}

// An Env connects one Watcher with its configuration and the engine.
type Env struct {
	detector *Detector
	set      Settings
	params   []Param
	errs     []error
	warnings []string
	skip     string
	tick     flow.Time
	counters []*Counter
	tables   []Table
	hidden   [Severities]uint64
	row      *flow.Record // that is worked on, see At
	surveyed bool         // see Surveyed

	inside    *network.Network // made when it is first asked for
	explained *Counter         // of the alerts that roles explain; nil before the first
}

// NewEnv makes the Env of one Watcher of d.
func NewEnv(d *Detector, set Settings) *Env { return &Env{detector: d, set: set} }

// Params lists the parameters of d, in the order in which it reads them.
func (d *Detector) Params() []Param {
	env := NewEnv(d, Settings{})
	d.New(env)
	return env.params
}

// A Counter counts something for the run summary: what a limit cost, flows
// left out. It belongs to its Watcher.
type Counter struct {
	Name, Doc string
	N         uint64
	Ordinary  bool // nothing was lost: people are told only if they ask for more
}

// A Table is a section that a detector adds to the run summary.
type Table struct {
	Name, Title string
	Columns     []string
	Rows        [][]Fact
}

// param declares a parameter and gives its configured text, if any. A nil
// Runtime marks a recording Env, which reads nothing.
func (e *Env) param(p Param) (string, bool) {
	e.params = append(e.params, p)
	if e.set.Value == nil {
		return "", false
	}
	name := p.Name
	if !p.Shared {
		name = e.detector.ID + "." + p.Name
	}
	return e.set.Value(name)
}

func (e *Env) bad(name, value, want string) {
	e.Reject(name, fmt.Sprintf("%q is not %s", value, want))
}

// Reject refuses the value of a parameter: a configuration error.
func (e *Env) Reject(name, why string) {
	full := e.detector.ID + "." + name
	for _, p := range e.params {
		if p.Name == name && p.Shared {
			full = name
		}
	}
	e.errs = append(e.errs, fmt.Errorf("%s: %s", full, why))
}

// Int reads a whole number.
func (e *Env) Int(name string, def int, doc string) int {
	v, ok := e.param(Param{Name: name, Kind: "int", Default: strconv.Itoa(def), Doc: doc})
	if !ok {
		return def
	}
	n, err := strconv.Atoi(v)
	if err != nil {
		e.bad(name, v, "a whole number")
		return def
	}
	return n
}

// Float reads a number.
func (e *Env) Float(name string, def float64, doc string) float64 {
	v, ok := e.param(Param{Name: name, Kind: "float", Default: strconv.FormatFloat(def, 'g', -1, 64), Doc: doc})
	if !ok {
		return def
	}
	f, err := strconv.ParseFloat(v, 64)
	if err != nil || f != f || f-f != 0 {
		e.bad(name, v, "a number")
		return def
	}
	return f
}

// Duration reads a span such as 90s, 10m, 24h.
func (e *Env) Duration(name string, def time.Duration, doc string) flow.Time {
	v, ok := e.param(Param{Name: name, Kind: "duration", Default: Span(def), Doc: doc})
	if !ok {
		return flow.Time(def)
	}
	d, err := time.ParseDuration(v)
	if err != nil {
		e.bad(name, v, "a duration such as 90s, 10m or 24h")
		return flow.Time(def)
	}
	return flow.Time(d)
}

// Span writes a duration without the zero units that time.Duration adds.
func Span(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = s[:len(s)-2]
	}
	if strings.HasSuffix(s, "h0m") {
		s = s[:len(s)-2]
	}
	return s
}

// Bool reads true or false.
func (e *Env) Bool(name string, def bool, doc string) bool {
	v, ok := e.param(Param{Name: name, Kind: "bool", Default: strconv.FormatBool(def), Doc: doc})
	if !ok {
		return def
	}
	b, err := strconv.ParseBool(v)
	if err != nil {
		e.bad(name, v, "true or false")
		return def
	}
	return b
}

// Choice reads one word of a fixed set; the first is the default.
func (e *Env) Choice(name string, words []string, doc string) string {
	v, ok := e.param(Param{Name: name, Kind: strings.Join(words, "|"), Default: words[0], Doc: doc})
	if !ok {
		return words[0]
	}
	if !slices.Contains(words, v) {
		e.bad(name, v, "one of "+strings.Join(words, ", "))
		return words[0]
	}
	return v
}

// Strings reads a list of words separated by commas. known, if not nil, are
// the words allowed.
func (e *Env) Strings(name string, def, known []string, doc string) []string {
	kind := "words"
	if known != nil {
		kind = "words of " + strings.Join(known, "|")
	}
	v, ok := e.param(Param{Name: name, Kind: kind, Default: strings.Join(def, ","), Doc: doc})
	if !ok {
		return def
	}
	words := splitList(v)
	for _, w := range words {
		if known != nil && !slices.Contains(known, w) {
			e.bad(name, w, "one of "+strings.Join(known, ", "))
			return def
		}
	}
	return words
}

// Ports reads a list of port numbers and ranges: 80,443,8000-8010.
func (e *Env) Ports(name string, def []uint16, doc string) []uint16 {
	return e.ports(Param{Name: name, Doc: doc}, def)
}

// PopularPorts reads the shared list of ports that nobody is surprised at.
func (e *Env) PopularPorts() []uint16 {
	return e.ports(Param{Name: "popular-ports", Shared: true,
		Doc: "ports that everybody uses; shared by the detectors that pass over them"}, popularPorts)
}

// popularPorts are http, http on 8080, https, ssh, dns, ntp, imap and imaps.
var popularPorts = []uint16{80, 8080, 443, 22, 53, 123, 143, 993}

func (e *Env) ports(p Param, def []uint16) []uint16 {
	words := make([]string, len(def))
	for i, v := range def {
		words[i] = strconv.Itoa(int(v))
	}
	p.Kind, p.Default = "ports", strings.Join(words, ",")
	v, ok := e.param(p)
	if !ok {
		return def
	}
	var ports []uint16
	for _, w := range splitList(v) {
		lo, hi, isRange := strings.Cut(w, "-")
		if !isRange {
			hi = lo
		}
		a, err1 := strconv.ParseUint(lo, 10, 16)
		b, err2 := strconv.ParseUint(hi, 10, 16)
		if err1 != nil || err2 != nil || b < a {
			e.bad(p.Name, w, "a port or a range of ports")
			return def
		}
		for n := a; n <= b; n++ {
			if !slices.Contains(ports, uint16(n)) {
				ports = append(ports, uint16(n))
			}
		}
	}
	return ports
}

// Network reads the shared list of networks that are internal besides the
// private ones, and knows what is internal. Rows are then surveyed, too.
func (e *Env) Network() *network.Network {
	e.surveyed = true
	return network.New(e.Internal())
}

// Surveyed asks for rows whose survey is filled in, by what Network says.
func (e *Env) Surveyed() {
	e.surveyed = true
	e.Internal()
}

// Internal reads the list that Network is made of, as it is.
func (e *Env) Internal() []netip.Prefix {
	v, ok := e.param(Param{Name: "internal", Kind: "words", Shared: true,
		Doc: "networks that are internal besides the private ones (RFC 1918, ULA, CGNAT, link-local), as 192.0.2.0/24"})
	if !ok {
		return nil
	}
	return e.networks("internal", v)
}

// Location is the zone of times of day, never nil.
func (e *Env) Location() *time.Location {
	if e.set.Location == nil {
		return time.UTC
	}
	return e.set.Location
}

// Known is what is known beside the flows, never nil.
func (e *Env) Known() *enrich.Knowledge { return e.set.Known.Or() }

// Networks reads a list of addresses and prefixes: 10.1.0.0/16,192.0.2.7. The
// result contains them and nothing else.
func (e *Env) Networks(name, doc string) *prefixes.Set {
	v, ok := e.param(Param{Name: name, Kind: "words", Doc: doc})
	if !ok {
		return prefixes.NewSet(nil)
	}
	return prefixes.NewSet(e.networks(name, v))
}

func (e *Env) networks(name, v string) []netip.Prefix {
	var all []netip.Prefix
	for _, w := range splitList(v) {
		p, err := netip.ParsePrefix(w)
		if err != nil {
			a, errAddr := netip.ParseAddr(w)
			if errAddr != nil || a.Zone() != "" {
				e.bad(name, w, "an address or a network such as 192.0.2.0/24")
				continue
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		all = append(all, p.Masked())
	}
	return all
}

// Prefixes reads list files of addresses and prefixes. A token that is
// neither is skipped, counted and reported with its line. The value names the
// files: one a line if it has a newline, so that any name can be given, or
// else separated by commas.
func (e *Env) Prefixes(name, doc string) *prefixes.Table {
	v, ok := e.param(Param{Name: name, Kind: "files", Doc: doc})
	t := prefixes.New()
	if !ok {
		return t
	}
	for _, file := range splitFiles(v) {
		if err := t.Load(file); err != nil {
			e.errs = append(e.errs, fmt.Errorf("%s.%s: %w", e.detector.ID, name, err))
		}
	}
	e.warnings = append(e.warnings, t.Warnings()...)
	return t
}

func splitFiles(v string) []string {
	sep := ","
	if strings.Contains(v, "\n") {
		sep = "\n"
	}
	var files []string
	for f := range strings.SplitSeq(v, sep) {
		if sep == "," {
			f = strings.TrimSpace(f)
		}
		if f != "" {
			files = append(files, f)
		}
	}
	return files
}

func splitList(v string) []string {
	words := strings.FieldsFunc(v, func(r rune) bool { return r == ',' || r == ' ' || r == '\n' || r == '\t' })
	return words
}
