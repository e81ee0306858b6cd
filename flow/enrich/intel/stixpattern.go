package intel

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"seine/flow"
)

// A claim is what an expression of a pattern says: any of its ends, or a part
// of an end that others narrow, or nothing that flows can show.
type claim struct {
	ends  []end    // alternatives; addresses
	ports []uint16 // alternatives, where only ports are told
	proto flow.Proto
	blank bool   // says nothing that matters, as "is an ipv4-addr"
	other string // type of an object that flows do not carry
}

// A pattern is a STIX pattern that is being read.
type pattern struct {
	text  string
	token string // the one at hand; empty at the end
	kind  byte   // of it: 'w' a word, 's' a string, or the sign itself
	err   error
	depth int
}

var errPattern = errors.New("no STIX pattern that can be read")

// parsePattern finds the addresses of a pattern: any of them being seen
// fulfils it. other is the type of what it speaks of otherwise.
func parsePattern(text string) (ends []end, other string, err error) {
	if len(text) > maxPattern {
		return nil, "", errors.New("a pattern longer than is taken in")
	}
	p := &pattern{text: text}
	p.next()
	c := p.observations()
	if p.err == nil && p.token != "" {
		p.err = errPattern
	}
	if p.err != nil {
		return nil, "", p.err
	}
	if len(c.ends) == 0 && c.other == "" {
		c.other = "network-traffic"
	}
	return c.ends, c.other, nil
}

// next reads a token.
func (p *pattern) next() {
	p.text = strings.TrimLeft(p.text, " \t\r\n")
	if p.token, p.kind = "", 0; p.text == "" || p.err != nil {
		return
	}
	c := p.text[0]
	switch {
	case c == '\'':
		var b strings.Builder
		for i := 1; i < len(p.text); i++ {
			switch p.text[i] {
			case '\\':
				if i++; i < len(p.text) {
					b.WriteByte(p.text[i])
				}
				continue
			case '\'':
				p.token, p.kind, p.text = b.String(), 's', p.text[i+1:]
				if p.token == "" {
					p.token = " " // an empty string is no end of the pattern
				}
				return
			}
			b.WriteByte(p.text[i])
		}
		p.err = errors.New("a string of the pattern stays open")
	case strings.IndexByte("[](),", c) >= 0:
		p.token, p.kind, p.text = p.text[:1], c, p.text[1:]
	case strings.IndexByte("=!<>", c) >= 0:
		n := 1
		if len(p.text) > 1 && p.text[1] == '=' || strings.HasPrefix(p.text, "<>") {
			n = 2
		}
		p.token, p.kind, p.text = p.text[:n], '=', p.text[n:]
	default:
		n := wordLength(p.text)
		if n == 0 {
			p.err = errPattern
			return
		}
		p.token, p.kind, p.text = p.text[:n], 'w', p.text[n:]
	}
}

// wordLength is how long the word is that a text begins with: a number, a word
// of the language, or a path, of which quoted keys and indices are parts, as in
// network-traffic:extensions.'tcp-ext'.options[0].
func wordLength(text string) int {
	path := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; c {
		case ' ', '\t', '\r', '\n', '(', ')', ',', '=', '!', '<', '>':
			return i
		case ':':
			path = true
		case ']':
			if open := strings.LastIndexByte(text[:i], '['); !path || open < 0 || strings.IndexByte(text[open:i], ']') >= 0 {
				return i
			}
		case '\'':
			end := strings.IndexByte(text[i+1:], '\'')
			if !path || i == 0 || text[i-1] != '.' || end < 0 {
				return i
			}
			i += end + 1
		}
	}
	return len(text)
}

// is reports whether the token is a word of the language.
func (p *pattern) is(word string) bool { return p.kind == 'w' && strings.EqualFold(p.token, word) }

// deeper bounds the recursion.
func (p *pattern) deeper() bool {
	if p.depth++; p.depth > maxNesting {
		p.err = errors.New("a pattern nested too deep")
		return false
	}
	return true
}

// observations reads what stands outside of square brackets.
func (p *pattern) observations() claim {
	c := p.observation()
	for p.err == nil {
		switch {
		case p.is("OR"):
			p.next()
			c = p.or(c, p.observation())
		case p.is("AND"), p.is("FOLLOWEDBY"):
			// Each of them alone does not fulfil the pattern.
			p.next()
			if d := p.observation(); !d.blank {
				c = claim{other: orElse(c.other, "observed-data")}
			}
		case p.is("WITHIN"), p.is("REPEATS"):
			p.next()
			p.next()
			if p.is("SECONDS") || p.is("TIMES") {
				p.next()
			}
		case p.is("START"), p.is("STOP"):
			p.next()
			if p.is("t") { // t'2026-01-01T00:00:00Z'
				p.next()
			}
			p.next()
		default:
			return c
		}
	}
	return c
}

func (p *pattern) observation() claim {
	if p.err != nil || !p.deeper() {
		return claim{}
	}
	defer func() { p.depth-- }()
	switch p.kind {
	case '[':
		p.next()
		c := p.alternatives()
		p.want(']')
		return c
	case '(':
		p.next()
		c := p.observations()
		p.want(')')
		return c
	}
	p.err = errPattern
	return claim{}
}

func (p *pattern) want(kind byte) {
	if p.kind != kind && p.err == nil {
		p.err = errPattern
	}
	p.next()
}

// alternatives reads "a AND b OR c" within brackets. AND binds tighter.
func (p *pattern) alternatives() claim {
	c := p.conjunction()
	for p.err == nil && p.is("OR") {
		p.next()
		c = p.or(c, p.conjunction())
	}
	return c
}

func (p *pattern) conjunction() claim {
	c := p.comparison()
	for p.err == nil && p.is("AND") {
		p.next()
		c = p.and(c, p.comparison())
	}
	return c
}

func (p *pattern) or(a, b claim) claim {
	c := claim{ends: append(slices.Clip(a.ends), b.ends...), other: orElse(a.other, b.other)}
	if len(a.ends) == 0 && len(b.ends) == 0 {
		c.ports = append(slices.Clip(a.ports), b.ports...)
	}
	if len(c.ends) > maxEnds {
		p.err = errors.New("a pattern with more addresses than are taken in")
	}
	return c
}

func (p *pattern) and(a, b claim) claim {
	switch {
	case a.other != "" || b.other != "":
		// What flows do not show must hold too: they alone prove nothing.
		return claim{other: orElse(a.other, b.other)}
	case a.blank:
		return b
	case b.blank:
		return a
	case len(a.ends) > 0 && len(b.ends) > 0:
		return claim{other: "network-traffic"} // two addresses at once
	}
	if len(a.ends) == 0 {
		a, b = b, a
	}
	c := claim{proto: a.proto, ports: a.ports}
	if c.proto == 0 {
		c.proto = b.proto
	}
	if len(b.ports) > 0 {
		c.ports = b.ports
	}
	if len(a.ends)*max(1, len(b.ports)) > maxEnds {
		p.err = errors.New("a pattern with more addresses than are taken in")
		return c
	}
	for _, e := range a.ends {
		if e.proto == 0 {
			e.proto = b.proto
		}
		if len(b.ports) == 0 || e.port != 0 {
			c.ends = append(c.ends, e)
			continue
		}
		for _, port := range b.ports {
			e.port = port
			c.ends = append(c.ends, e)
		}
	}
	return c
}

// comparison reads "path = value", also in parentheses.
func (p *pattern) comparison() claim {
	if p.err != nil || !p.deeper() {
		return claim{}
	}
	defer func() { p.depth-- }()
	if p.kind == '(' {
		p.next()
		c := p.alternatives()
		p.want(')')
		return c
	}
	if p.is("EXISTS") {
		p.next()
		p.next()
		return claim{blank: true}
	}
	path := p.token
	if p.kind != 'w' || !strings.Contains(path, ":") {
		p.err = errPattern
		return claim{}
	}
	p.next()
	not := p.is("NOT")
	if not {
		p.next()
	}
	op := strings.ToUpper(p.token)
	switch op {
	case "=", "==", "!=", "<>", "<", ">", "<=", ">=", "IN", "ISSUBSET", "ISSUPERSET", "LIKE", "MATCHES":
	default:
		p.err = errPattern
		return claim{}
	}
	p.next()
	values := p.values()
	if p.err != nil {
		return claim{}
	}
	switch {
	case not, op != "=" && op != "==" && op != "IN" && op != "ISSUBSET":
		return claim{other: typeOf(path)}
	}
	return p.claim(path, values)
}

// values reads one value or a list of them.
func (p *pattern) values() []string {
	if p.kind != '(' {
		return []string{p.value()}
	}
	p.next()
	var all []string
	for p.err == nil && p.kind != ')' {
		if all = append(all, p.value()); len(all) > maxEnds {
			p.err = errors.New("a pattern with more addresses than are taken in")
		}
		if p.kind == ',' {
			p.next()
		} else if p.kind != ')' {
			p.err = errPattern
		}
	}
	p.next()
	return all
}

func (p *pattern) value() string {
	if p.kind != 's' && p.kind != 'w' {
		p.err = errPattern
		return ""
	}
	v := p.token
	p.next()
	if p.kind == 's' && (v == "t" || v == "h" || v == "b") { // t'…', h'…', b'…'
		v = p.token
		p.next()
	}
	return v
}

// claim turns "path = any of values" into what it says.
func (p *pattern) claim(path string, values []string) claim {
	switch path {
	case "ipv4-addr:value", "ipv6-addr:value", "network-traffic:dst_ref.value", "network-traffic:src_ref.value":
		var c claim
		for _, v := range values {
			a, port, proto, ok := endpoint([]byte(strings.TrimSpace(v)))
			if !ok {
				if isDomain([]byte(v)) { // as of network-traffic
					return claim{other: "domain-name"}
				}
				p.err = errors.New("no address: " + strconv.Quote(v[:min(len(v), 60)]))
				return claim{}
			}
			c.ends = append(c.ends, end{a, port, proto})
		}
		return c
	case "network-traffic:dst_port", "network-traffic:src_port":
		var c claim
		for _, v := range values {
			n, err := strconv.ParseUint(v, 10, 16)
			if err != nil {
				p.err = errors.New("no port: " + strconv.Quote(v[:min(len(v), 60)]))
				return claim{}
			}
			c.ports = append(c.ports, uint16(n))
		}
		return c
	case "network-traffic:dst_ref.type", "network-traffic:src_ref.type", "network-traffic:is_active":
		return claim{blank: true}
	}
	if strings.HasPrefix(path, "network-traffic:protocols[") && len(values) == 1 {
		if n, ok := flow.ParseProto([]byte(values[0])); ok && (n == flow.TCP || n == flow.UDP) {
			return claim{proto: n}
		}
		return claim{blank: true} // http, tls …: what the address is used for
	}
	return claim{other: typeOf(path)}
}
