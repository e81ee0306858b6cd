package custom

import (
	"encoding/binary"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"seine/detectors"
	"seine/flow"
	"seine/flow/enrich"
	"seine/flow/enrich/assets"
	"seine/flow/enrich/geo"
	"seine/flow/where"
)

// A program is a compiled rule.
type program struct {
	flows  *where.Schema[flow.Record]
	when   *where.Filter // nil: every flow
	shown  []shown       // fields of the flow that facts tell of, of a rule without groups
	keys   []key
	groups *aggregates
	having *where.Condition[group] // nil: every group

	compound bool // a comparison of having is not one of an aggregate alone
	summary  []piece
	needs    flow.Fields
}

// A shown field becomes a fact; limits are what it is compared with.
type shown struct {
	name   string
	get    func(*flow.Record) (any, bool)
	limits []limit
}

// A limit is a number that something is compared with.
type limit struct {
	word string // "over", "at least"
	n    where.Number
}

var limitWords = map[string]string{">": "over", ">=": "at least", "<": "under", "<=": "at most", "==": "exactly", "!=": "not"}

// flipped are comparisons with their sides changed.
var flipped = map[string]string{">": "<", ">=": "<=", "<": ">", "<=": ">=", "==": "==", "!=": "!="}

// A mistake is an error in one of the texts of a rule.
type mistake struct {
	in    scalar
	about string // the key
	err   error
}

func (m *mistake) Error() string { return m.about + ": " + m.err.Error() }

// check compiles a rule to find out what is wrong with it.
func (f *file) check(r *rule) bool {
	p, err := r.compile(where.Options{
		Files: func(uint32) string { return "" },
		// What is known beside the flows is not at hand yet: a rule that asks for
		// what is not there is skipped later.
		Known: &enrich.Knowledge{Geo: &geo.DB{}, Assets: &assets.Table{}},
	})
	var m *mistake
	switch {
	case errors.As(err, &m):
		f.expression(m.in, r.id+": "+m.about, m.err)
		return false
	case err != nil:
		f.errs = append(f.errs, fmt.Errorf("%s:%d: %s: %w", f.name, r.line, r.id, err))
		return false
	}
	r.needs, r.scope = p.needs, p.scope()
	return true
}

// compile compiles a rule for a run.
func (r *rule) compile(opt where.Options) (*program, error) {
	p := &program{flows: where.Flows(opt), needs: flow.HasAddrs}
	if r.when.text != "" {
		var err error
		if p.when, err = p.flows.Compile(r.when.text); err != nil {
			return nil, &mistake{r.when, "when", grouped(err)}
		}
		p.needs |= p.flows.Requires(r.when.text)
	}
	if !r.grouped {
		p.showWhen(r)
		return p, p.summarise(r)
	}
	for _, s := range r.by {
		if err := p.key(s); err != nil {
			return nil, &mistake{s, "group by", err}
		}
	}
	p.groups = newAggregates(p.flows, r.window)
	if r.having.text != "" {
		e, err := where.Parse(r.having.text)
		if err == nil {
			p.having, err = p.groups.schema.Condition(e)
		}
		if err != nil {
			return nil, &mistake{r.having, "having", p.hint(err)}
		}
		p.limit(e)
	}
	if len(p.groups.list) == 0 { // findings tell at least how many
		if _, err := p.groups.schema.Compile("count() > 0"); err != nil {
			return nil, err
		}
	}
	return p, p.summarise(r)
}

// hint adds to an error what a field of flows or an aggregate without its
// brackets has to do with it.
func (p *program) hint(err error) error {
	var e *where.Error
	if !errors.As(err, &e) || !strings.HasPrefix(e.Message, "unknown name ") {
		return err
	}
	name := strings.TrimPrefix(e.Message, "unknown name ")
	name, _, _ = strings.Cut(strings.TrimPrefix(name, `"`), `"`)
	c := *e
	if use, ok := aggregateUse[name]; ok {
		c.Message = fmt.Sprintf("%s is a function: %s", name, use)
	} else if field, ok := p.flows.Field(name); ok {
		c.Message = fmt.Sprintf("%s is of single flows, and this is about groups of them; ask for it in \"when\", or within count(%s …), sum, distinct …", field, field)
	} else {
		return err
	}
	return &c
}

// grouped tells where an aggregate belongs that "when" has.
func grouped(err error) error {
	var e *where.Error
	if !errors.As(err, &e) {
		return err
	}
	name, _ := strings.CutPrefix(e.Message, "unknown function \"")
	name, _, _ = strings.Cut(name, "\"")
	if _, ok := aggregateUse[name]; !ok {
		return err
	}
	c := *e
	c.Message = fmt.Sprintf("%s is of groups of flows, and this is about single ones; ask for it in \"having\"", name)
	return &c
}

// showWhen finds the fields that a condition compares, which facts tell of.
func (p *program) showWhen(r *rule) {
	e, err := where.Parse(r.when.text)
	if err != nil {
		return
	}
	for _, name := range p.when.Names() {
		switch name {
		case "src_ip", "dst_ip", "dst_port", "protocol", "ts", "file", "row": // the subject and the evidence have them
			continue
		}
		field, err := where.Parse(name)
		if err != nil {
			continue
		}
		if get, _, _, err := p.flows.Get(field); err == nil {
			p.shown = append(p.shown, shown{name: name, get: get})
		}
	}
	for _, c := range e.Comparisons() {
		left, op, right := c.Left, c.Op, c.Right
		if _, ok := left.Constant(); ok {
			left, op, right = right, flipped[op], left
		}
		n, ok := right.Constant()
		name, isField := p.flows.Field(left.String())
		word := limitWords[op]
		if !ok || !isField || word == "" || op == "==" {
			continue
		}
		for i := range p.shown {
			if p.shown[i].name == name {
				p.shown[i].limits = append(p.shown[i].limits, limit{word, n})
			}
		}
	}
}

// limit finds what the aggregates of having are compared with.
func (p *program) limit(e where.Expr) {
	for _, c := range e.Comparisons() {
		left, op, right := c.Left, c.Op, c.Right
		if _, ok := left.Constant(); ok {
			left, op, right = right, flipped[op], left
		}
		n, ok := right.Constant()
		a := p.groups.find(left.String())
		if word := limitWords[op]; ok && a != nil && word != "" {
			a.limits = append(a.limits, limit{word, n})
			continue
		}
		p.compound = true
	}
}

// A key is a part of what groups are told apart by.
type key struct {
	text  string // as written: net(src_ip, 24)
	name  string // the field
	fact  string // "src_ip", "src_net"
	four  int    // bits of a network, or 0
	six   int
	tell  func(*flow.Record) (where.Key, bool)
	mask  func([]byte, *flow.Record) []byte // of a network, instead of tell
	value func(*flow.Record) (any, bool)
}

// append appends what tells the value of the key apart; false where the flow
// has none.
func (k *key) append(b []byte, r *flow.Record) ([]byte, bool) {
	if k.mask != nil {
		return k.mask(b, r), r.Has&flow.HasAddrs != 0
	}
	v, ok := k.tell(r)
	if !ok {
		return b, false
	}
	x, y, text := v.Words()
	b = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(b, x), y)
	return append(b, text...), true
}

var netForm = regexp.MustCompile(`^net\(\s*([A-Za-z_.]+)\s*,\s*(\d{1,3})\s*(?:,\s*(\d{1,3})\s*)?\)$`)

// key compiles an element of "group by".
func (p *program) key(s scalar) error {
	k := key{text: tight(s.text)}
	name := strings.TrimSpace(s.text)
	if m := netForm.FindStringSubmatch(name); m != nil {
		name, k.six = m[1], 64
		k.four, _ = strconv.Atoi(m[2])
		if m[3] != "" {
			k.six, _ = strconv.Atoi(m[3])
		}
		if k.four < 1 || k.four > 32 || k.six < 1 || k.six > 128 {
			return errors.New("net(field, bits) takes 1 to 32 bits of IPv4 and 1 to 128 of IPv6: net(src_ip, 24), net(src_ip, 24, 64)")
		}
	} else if strings.HasPrefix(name, "net") && strings.ContainsAny(name, "( ") {
		return errors.New("networks are written net(src_ip, 24), or net(src_ip, 24, 64) with the length for IPv6")
	}
	e, err := where.Parse(name)
	if err != nil {
		return err
	}
	var needs flow.Fields
	if k.tell, _, err = p.flows.Key(e); err != nil {
		return err
	}
	if k.value, k.name, needs, err = p.flows.Get(e); err != nil {
		return err
	}
	p.needs |= needs
	k.fact = k.name
	if k.four > 0 {
		if k.name != "src_ip" && k.name != "dst_ip" {
			return fmt.Errorf("%s is no address; net(src_ip, %d) is a network", k.name, k.four)
		}
		k.fact = k.name[:3] + "_net"
		k.inNetwork()
	}
	for _, other := range p.keys {
		if other.fact == k.fact {
			return fmt.Errorf("%s is there twice", k.text)
		}
	}
	p.keys = append(p.keys, k)
	return nil
}

// inNetwork makes a key of an address one of its network.
func (k *key) inNetwork() {
	value, four, six := k.value, k.four, k.six
	network := func(r *flow.Record) (string, bool) {
		v, ok := value(r)
		if !ok {
			return "", false
		}
		a := v.(flow.Addr)
		if a.IsName() {
			return a.String(), true
		}
		bits := six
		if a.Is4() {
			bits = four
		}
		n, err := a.Netip().Prefix(bits)
		if err != nil {
			return a.String(), true
		}
		return n.String(), true
	}
	k.value = func(r *flow.Record) (any, bool) { v, ok := network(r); return v, ok }
	side := func(r *flow.Record) *flow.Addr { return &r.Src }
	if k.name == "dst_ip" {
		side = func(r *flow.Record) *flow.Addr { return &r.Dst }
	}
	k.tell = nil
	k.mask = func(b []byte, r *flow.Record) []byte {
		a := *side(r)
		bits := six
		if a.IsName() {
			bits = 128
		} else if a.Is4() {
			bits = 96 + four
		}
		for i := range a {
			switch left := bits - 8*i; {
			case left <= 0:
				a[i] = 0
			case left < 8:
				a[i] &= 0xff << (8 - left)
			}
		}
		return append(b, a[:]...)
	}
}

// tight drops the spaces of an expression, to compare it with another.
func tight(s string) string { return strings.Join(strings.Fields(s), "") }

// subject is what a group is about, which its keys say.
func (p *program) subject(r *flow.Record) (s detectors.Subject) {
	var src, dst bool
	var rest []string
	for i := range p.keys {
		switch k := &p.keys[i]; {
		case k.fact == "src_ip":
			src = true
		case k.fact == "dst_ip":
			dst = true
		case k.fact == "dst_port":
			s = s.WithPort(r.DstPort)
		case k.fact == "protocol" && r.Proto != flow.ProtoUnknown:
			s = s.WithProtocol(r.Proto)
		default:
			v, _ := k.value(r)
			rest = append(rest, k.fact+"="+text(v))
		}
	}
	switch {
	case src && dst:
		s.Has |= detectors.SubjectPair
		s.Src, s.Dst = r.Src, r.Dst
	case src:
		s.Has |= detectors.SubjectIP
		s.IP, s.Role = r.Src, detectors.RoleSrc
	case dst:
		s.Has |= detectors.SubjectIP
		s.IP, s.Role = r.Dst, detectors.RoleDst
	}
	if rest != nil {
		s = s.WithGroup(strings.Join(rest, " "))
	}
	return s
}

// scope tells how flows may be divided without changing what is found.
func (p *program) scope() detectors.Scope {
	if p.groups == nil {
		return detectors.PerFlow
	}
	var src, dst bool
	for i := range p.keys {
		src = src || p.keys[i].fact == "src_ip"
		dst = dst || p.keys[i].fact == "dst_ip"
	}
	switch {
	case src && dst:
		return detectors.ByPair
	case src:
		return detectors.BySource
	case dst:
		return detectors.ByDestination
	}
	return detectors.Everything
}
