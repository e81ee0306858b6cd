package geo

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strconv"
	"strings"

	"seine/flow/enrich/provenance"
)

// Limits of a CSV file.
const (
	maxRanges   = 20_000_000
	maxLine     = 64 << 10 // bytes
	maxWarnings = 3        // bad rows that are named
)

// accepted tells what a file may be.
const accepted = "wanted is a MaxMind-format database (.mmdb) or CSV with the columns " +
	"start,end,country or network,country (also asn and name), with or without a header"

// A layout tells which columns of a CSV file are what; -1 is absent.
type layout struct{ network, start, end, country, asn, org int }

// The names of columns, without case and signs. Of several the first that a
// file has counts.
var columnNames = []struct {
	names []string
	at    func(*layout) *int
}{
	{[]string{"network", "cidr", "prefix", "subnet", "range", "iprange"}, func(l *layout) *int { return &l.network }},
	{[]string{"startip", "start", "rangestart", "ipstart", "firstip", "ipfrom", "from", "networkstart", "startaddress"}, func(l *layout) *int { return &l.start }},
	{[]string{"endip", "end", "rangeend", "ipend", "lastip", "ipto", "to", "networkend", "endaddress"}, func(l *layout) *int { return &l.end }},
	{[]string{"countrycode", "countryisocode", "isocode", "countryiso", "country", "cc"}, func(l *layout) *int { return &l.country }},
	{[]string{"autonomoussystemnumber", "asn", "asnumber", "as"}, func(l *layout) *int { return &l.asn }},
	{[]string{"autonomoussystemorganization", "asname", "asorganization", "asorg", "organization", "org", "asdescription", "name", "isp"}, func(l *layout) *int { return &l.org }},
}

// fold makes names of columns comparable.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'A' <= r && r <= 'Z':
			return r | 0x20
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			return r
		}
		return -1
	}, name)
}

// byHeader finds the columns by their names; false where the first row is no
// header. An error tells what a header lacks.
func byHeader(cells []string) (l layout, ok bool, err error) {
	for _, c := range cells {
		if _, _, err := endpoints(c); err == nil {
			return l, false, nil
		}
	}
	l = layout{-1, -1, -1, -1, -1, -1}
	names := make([]string, len(cells))
	for i := range cells {
		names[i] = fold(cells[i])
	}
	for _, c := range columnNames {
		for _, name := range c.names {
			if i := slices.Index(names, name); i >= 0 {
				*c.at(&l) = i
				break
			}
		}
	}
	switch {
	case l.network < 0 && (l.start < 0 || l.end < 0):
		err = fmt.Errorf("no column for the range: it has %s; %s", listed(cells), accepted)
	case l.country < 0 && l.asn < 0 && slices.Contains(names, "geonameid"):
		err = errors.New("the countries of GeoLite2 in CSV are in another file; give the same database as .mmdb")
	case l.country < 0 && l.asn < 0:
		err = fmt.Errorf("no column for the country or the number of the autonomous system: it has %s; %s", listed(cells), accepted)
	}
	return l, true, err
}

// listed writes the first names of columns.
func listed(cells []string) string {
	const most = 12
	var b strings.Builder
	for i, c := range cells[:min(len(cells), most)] {
		if i > 0 {
			b.WriteString(", ")
		}
		if len(c) > 40 {
			c = strings.ToValidUTF8(c[:40], "") + "…"
		}
		fmt.Fprintf(&b, "%q", c)
	}
	if len(cells) > most {
		b.WriteString(" …")
	}
	return b.String()
}

// byValue finds the columns of a row without a header: a network, or start
// and end; then a country, or continent and country; or a number and a name.
func byValue(cells []string) (l layout, ok bool) {
	l = layout{-1, -1, -1, -1, -1, -1}
	rest := 1
	lo, hi, err := endpoints(cells[0])
	if err != nil || len(cells) < 2 {
		return l, false
	}
	l.network = 0
	if _, _, err := endpoints(cells[1]); lo == hi && err == nil && len(cells) > 2 && digits(cells[0]) == digits(cells[1]) {
		l.network, l.start, l.end, rest = -1, 0, 1, 2
	}
	code := func(i int) bool { return i < len(cells) && (countryCode(cells[i]) != "" || cells[i] == "ZZ") }
	asn := func(i int) bool { n, _ := asNumber(cells[i]); return n != 0 || cells[i] == "0" }
	switch {
	case code(rest) && code(rest+1):
		l.country = rest + 1 // the continent comes first
	case code(rest), cells[rest] == "-": // nobody's, to IP2Location
		l.country = rest
		if rest+1 < len(cells) && asn(rest+1) {
			l.asn, l.org = rest+1, rest+2
		}
	case asn(rest):
		l.asn, l.org = rest, rest+1
	default:
		return l, false
	}
	if l.org >= len(cells) {
		l.org = -1
	}
	return l, true
}

// digits reports whether s is a number without signs.
func digits(s string) bool { return s != "" && strings.Trim(s, "0123456789") == "" }

// endpoints reads a network, an address, or one written as a number.
func endpoints(s string) (lo, hi netip.Addr, err error) {
	s = strings.TrimSpace(s)
	if strings.Contains(s, "/") {
		p, err := netip.ParsePrefix(s)
		if err != nil {
			return lo, hi, err
		}
		p = p.Masked()
		return p.Addr(), lastOf(p), nil
	}
	if len(s) > 3 && len(s) <= 10 || s == "0" { // of IP2Location
		if v, err := strconv.ParseUint(s, 10, 32); err == nil {
			lo = netip.AddrFrom4([4]byte{byte(v >> 24), byte(v >> 16), byte(v >> 8), byte(v)})
			return lo, lo, nil
		}
	}
	lo, err = netip.ParseAddr(s)
	if err == nil && lo.Zone() != "" {
		err = errors.New("an address with a zone")
	}
	return lo, lo, err
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}

// readCSV reads a file of ranges. Rows that cannot be read are counted, and
// the first of them named.
func readCSV(name string, r io.Reader) (l *listing, warnings []string, err error) {
	l = &listing{entry: provenance.Entry{File: name}}
	in := newLines(r)
	var columns layout
	var ranges, bad int
	seen := map[statement]uint32{}
	begun := false
	for {
		cells, line, err := in.next()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s:%d: %w", name, line, err)
		}
		if !begun {
			begun = true
			at, isHeader, err := byHeader(cells)
			if err != nil {
				return nil, nil, fmt.Errorf("%s:%d: %w", name, line, err)
			}
			if columns = at; isHeader {
				continue
			}
			ok := false
			if columns, ok = byValue(cells); !ok {
				return nil, nil, fmt.Errorf("%s:%d: no ranges with a country or an autonomous system; %s", name, line, accepted)
			}
		}
		if ranges == maxRanges {
			warnings = append(warnings, fmt.Sprintf("%s:%d: more than %d ranges: the rest is not known", name, line, maxRanges))
			break
		}
		lo, hi, s, err := columns.read(cells)
		if err != nil {
			if bad++; bad <= maxWarnings {
				warnings = append(warnings, fmt.Sprintf("%s:%d: %v", name, line, err))
			}
			continue
		}
		ranges++
		if s == (statement{}) {
			continue
		}
		n, ok := seen[s]
		if !ok {
			n = uint32(len(l.says))
			seen[s] = n
			l.says = append(l.says, s)
		}
		st := stretch{numberOf(lo), numberOf(hi), n, uint32(min(line, 1<<32-1))}
		if lo.Is4() {
			l.four = append(l.four, st)
		} else {
			l.six = append(l.six, st)
		}
	}
	if bad > maxWarnings {
		warnings = append(warnings, fmt.Sprintf("%s: %d rows that are no range were skipped", name, bad))
	}
	if ranges == 0 {
		return nil, warnings, fmt.Errorf("%s: no ranges; %s", name, accepted)
	}
	if len(l.says) == 0 {
		warnings = append(warnings, fmt.Sprintf("%s: neither the code of a country nor an autonomous system in any of its %d ranges", name, ranges))
	}
	l.settle()
	return l, warnings, nil
}

// read takes what a row says.
func (l *layout) read(cells []string) (lo, hi netip.Addr, s statement, err error) {
	cell := func(i int) string {
		if i < 0 || i >= len(cells) {
			return ""
		}
		return cells[i]
	}
	if l.network >= 0 {
		lo, hi, err = endpoints(cell(l.network))
	} else if lo, _, err = endpoints(cell(l.start)); err == nil {
		hi, _, err = endpoints(cell(l.end))
	}
	lo, hi = lo.Unmap(), hi.Unmap()
	switch {
	case err != nil:
		return lo, hi, s, errors.New("no range of addresses")
	case lo.Is4() != hi.Is4():
		return lo, hi, s, errors.New("a range from IPv4 to IPv6")
	case hi.Less(lo):
		return lo, hi, s, fmt.Errorf("a range that ends, at %s, before it begins", hi)
	}
	s.country = countryCode(cell(l.country))
	var inName string
	if s.asn, inName = asNumber(cell(l.asn)); s.asn != 0 {
		if s.org = orgName(cell(l.org)); s.org == "" {
			s.org = orgName(inName)
		}
	}
	return lo, hi, s, nil
}

// lines reads the rows of a CSV file, with their lines. Lines that begin with
// # are comments.
type lines struct {
	in   *bufio.Reader
	line int
	sep  rune
	row  []string
}

func newLines(r io.Reader) *lines { return &lines{in: bufio.NewReaderSize(r, maxLine)} }

// next is the next row that has something in it. It is valid until the call
// after.
func (l *lines) next() ([]string, int, error) {
	for {
		text, err := l.in.ReadSlice('\n')
		if err == bufio.ErrBufferFull {
			return nil, l.line + 1, fmt.Errorf("a line of more than %d bytes; %s", maxLine, accepted)
		}
		if len(text) == 0 && err != nil {
			return nil, l.line + 1, err
		}
		if l.line++; l.line == 1 {
			text = bytes.TrimPrefix(text, []byte("\ufeff"))
		}
		text = bytes.TrimSpace(text)
		if len(text) == 0 || text[0] == '#' {
			continue
		}
		if bytes.IndexByte(text, 0) >= 0 {
			return nil, l.line, errors.New("not a text file; " + accepted)
		}
		if l.sep == 0 {
			l.sep = separator(text)
		}
		return l.cut(string(text)), l.line, nil
	}
}

// separator is the sign of ',', ';' and tab that a line has most of.
func separator(line []byte) rune {
	best, most := ',', 0
	for _, sep := range ",;\t" {
		if n := bytes.Count(line, []byte(string(sep))); n > most {
			best, most = sep, n
		}
	}
	return best
}

// cut cuts a line into its cells.
func (l *lines) cut(text string) []string {
	l.row = l.row[:0]
	if strings.IndexByte(text, '"') >= 0 {
		r := csv.NewReader(strings.NewReader(text))
		r.Comma, r.LazyQuotes, r.FieldsPerRecord = l.sep, true, -1
		if row, err := r.Read(); err == nil {
			l.row = append(l.row, row...)
		}
		if len(l.row) == 0 {
			l.row = append(l.row, "")
		}
		return l.row
	}
	for cell := range strings.SplitSeq(text, string(l.sep)) {
		l.row = append(l.row, strings.TrimSpace(cell))
	}
	return l.row
}
