package stats

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"seine/analyzer"
	"seine/flow"
)

// maxDimensions bounds the fields of one table.
const maxDimensions = 8

// parseBy reads the fields of one table: "src_ip/24,dst_port".
func parseBy(text string, o *Options) ([]*dimension, error) {
	var all []*dimension
	for part := range strings.SplitSeq(text, ",") {
		d, err := parseDimension(strings.TrimSpace(part), o)
		if err != nil {
			return nil, err
		}
		if slices.ContainsFunc(all, func(other *dimension) bool { return other.name == d.name }) {
			return nil, fmt.Errorf("%s is named twice", d.name)
		}
		if all = append(all, d); len(all) > maxDimensions {
			return nil, fmt.Errorf("at most %d fields make a table", maxDimensions)
		}
	}
	either := slices.ContainsFunc(all, func(d *dimension) bool { return d.either })
	if i := slices.IndexFunc(all, func(d *dimension) bool { return d.both }); i >= 0 && either {
		return nil, errors.New("pair is of both ends and does not go with a field of either (ip, port, country, asn)")
	}
	return all, nil
}

// parseDimension reads one field.
func parseDimension(text string, o *Options) (*dimension, error) {
	name, rest, hasRest := strings.Cut(text, "/")
	if name == "" {
		return nil, errors.New("the name of a field is wanted, as in src_ip,dst_port")
	}
	f, err := fieldNamed(strings.ToLower(name))
	if err != nil {
		return nil, err
	}
	var d *dimension
	switch {
	case f.prefixes:
		lengths, err := parseLengths(rest, hasRest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		ends := map[string]end{"src_ip": ofSrc, "dst_ip": ofDst, "ip": ofEither}
		d = address(ends[f.name], lengths)(o)
		d.name = f.name + lengths.suffix()
		return d, nil
	case f.spans:
		width, err := parseWidth(rest)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", text, err)
		}
		d = bin(width)(o)
		d.name = f.name + "/" + rest
		return d, nil
	case hasRest:
		return nil, fmt.Errorf("%s: %s has no /%s; addresses have lengths (src_ip/24), and time has widths (time/1h)", text, f.name, rest)
	}
	if err := o.source(f.name); err != nil {
		return nil, err
	}
	d = f.make(o)
	d.name = f.name
	return d, nil
}

func fieldNamed(name string) (*field, error) {
	var names, all []string
	for _, f := range fields() {
		if f.name == name || slices.Contains(f.aliases, name) {
			return f, nil
		}
		names = append(names, f.name)
		all = append(append(all, f.name), f.aliases...)
	}
	if hint := analyzer.DidYouMean(name, all); hint != "" {
		return nil, fmt.Errorf("unknown field %q%s", shortened(name), hint)
	}
	return nil, fmt.Errorf("unknown field %q (fields: %s)", shortened(name), strings.Join(names, ", "))
}

func shortened(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "…"
	}
	return s
}

// defaultSix is the length that goes with IPv6 where only that of IPv4 is
// named: what a site is given.
const defaultSix = 48

func parseLengths(text string, given bool) (p prefixLengths, err error) {
	if !given {
		return p, nil
	}
	first, second, two := strings.Cut(text, "/")
	n, err := strconv.ParseUint(first, 10, 8)
	if err != nil || n < 1 || n > 128 {
		return p, errors.New("a length is 1 to 128, as in src_ip/24")
	}
	p = prefixLengths{int(n), defaultSix}
	if two {
		m, err := strconv.ParseUint(second, 10, 8)
		if err != nil || m < 1 || m > 128 || n > 32 {
			return p, errors.New("two lengths are that of IPv4, 1 to 32, and that of IPv6, 1 to 128, as in src_ip/24/48")
		}
		p.six = int(m)
	} else if n > 32 {
		p = prefixLengths{32, int(n)}
	}
	return p, nil
}

func (p prefixLengths) suffix() string {
	switch {
	case p == prefixLengths{}:
		return ""
	case p.six == defaultSix && p.four != 32:
		return "/" + strconv.Itoa(p.four)
	}
	return "/" + strconv.Itoa(p.four) + "/" + strconv.Itoa(p.six)
}

// parseWidth reads the width of bins of time: "5m", "1h", "1d".
func parseWidth(text string) (flow.Time, error) {
	scale := time.Duration(1)
	number := text
	for unit, of := range map[string]time.Duration{"d": 24, "w": 7 * 24} {
		if days, ok := strings.CutSuffix(text, unit); ok {
			number, scale = days+"h", of
		}
	}
	d, err := time.ParseDuration(number)
	if err != nil || d < time.Millisecond || d > 10*365*24*time.Hour/scale {
		return 0, errors.New("a width is a duration as 30s, 5m, 1h, 1d, from 1ms to 10 years")
	}
	return flow.Time(d * scale), nil
}

// ParseWidth reads the width of bins of time: "5m", "1h", "1d".
func ParseWidth(text string) (flow.Time, error) { return parseWidth(text) }
