package assets

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strings"

	"seine/flow"
)

// Limits of lists.
const (
	maxFile     = 256 << 20 // bytes, unpacked
	maxAssets   = 1_000_000 // entries of all lists
	maxRoles    = 16        // of an asset
	maxDistinct = 1000      // roles of all assets that are listed
	maxText     = 200       // bytes of a name, owner, role
	maxPerEntry = 4096      // prefixes of an entry, as a range makes them
	maxNamed    = 5         // bad entries of a file that are named
)

// accepted tells what a list may be.
const accepted = "wanted is CSV with a header such as ip,name,role,owner,criticality, a hosts file, JSON or YAML"

// Load reads the lists in files, each compressed or not. warnings tell of
// entries that cannot be read and of roles that no detector knows; a file that
// is no list is an error.
func Load(files []string) (t *Table, warnings []string, err error) {
	t = &Table{}
	var errs []error
	for _, file := range files {
		w, err := t.load(file)
		warnings = append(warnings, w...)
		errs = append(errs, err)
	}
	t.settle()
	return t, warnings, errors.Join(errs...)
}

func (t *Table) load(file string) ([]string, error) {
	if info, err := os.Stat(file); err == nil && info.IsDir() {
		return nil, fmt.Errorf("%s: a folder; name the files in it", file)
	}
	src := flow.FileSource(file, &flow.Options{})
	defer src.Close()
	r, err := src.Reader()
	if err != nil {
		var at *os.PathError
		if errors.As(err, &at) {
			err = at.Err
		}
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	data, err := io.ReadAll(io.LimitReader(r, maxFile+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(data) > maxFile {
		return nil, fmt.Errorf("%s: more than %d bytes", file, maxFile)
	}
	return t.read(file, data)
}

// A reading is one file being read.
type reading struct {
	table    *Table
	file     string
	entries  int
	bad      int
	unknown  map[Role]bool
	levels   map[string]bool
	warnings []string
	full     bool
	wide     bool // a role of a network that is nobody's alone has been told
}

// read adds the list that data is.
func (t *Table) read(file string, data []byte) ([]string, error) {
	in := &reading{table: t, file: file, unknown: map[Role]bool{}, levels: map[string]bool{}}
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	var err error
	switch head := strings.TrimSpace(string(data[:min(len(data), 64<<10)])); {
	case head == "":
		return []string{file + ": nothing in it"}, nil
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		err = errors.New("text in UTF-16, as PowerShell writes it: save it as UTF-8")
	case bytes.IndexByte(data[:min(len(data), 64<<10)], 0) >= 0:
		err = errors.New("not a text file; " + accepted)
	case head[0] == '[' || head[0] == '{':
		err = in.json(data)
	case isHosts(head):
		in.hosts(data)
	case isYAML(head):
		err = in.yaml(data)
	default:
		err = in.csv(data)
	}
	if err != nil {
		return in.warnings, fmt.Errorf("%s: %w", file, err)
	}
	if in.bad > maxNamed {
		in.warn("%s: %d entries were skipped", file, in.bad)
	}
	if in.full {
		in.warn("%s: more than %d entries in all lists: the rest is not known", file, maxAssets)
	}
	if in.entries == 0 {
		in.warn("%s: no assets in it; %s", file, accepted)
	}
	return in.warnings, nil
}

func (in *reading) warn(format string, args ...any) {
	in.warnings = append(in.warnings, fmt.Sprintf(format, args...))
}

// fault counts an entry that cannot be read.
func (in *reading) fault(line int, why string) {
	if in.bad++; in.bad <= maxNamed {
		in.warn("%s:%d: %s", in.file, line, why)
	}
}

// A field is one of those that an entry may have.
type field int

const (
	noField field = iota
	addressField
	nameField
	roleField
	ownerField
	levelField
	fieldCount
)

// fieldNames are the names of the fields, folded. Of several columns for a
// field, but addresses and roles, the first name that a list has counts.
var fieldNames = [fieldCount][]string{
	addressField: {"ip", "ipaddress", "ipaddr", "address", "addr", "cidr", "network", "net", "subnet", "prefix", "range", "ips", "ipaddresses",
		"addresses", "ipv4", "ipv6", "ipv4address", "ipv6address", "hostip", "primaryip", "iprange", "ipranges", "networks", "subnets"},
	nameField: {"name", "hostname", "asset", "assetname", "host", "fqdn", "dnsname", "dns", "computername", "computer", "devicename", "device",
		"machine", "machinename", "system", "systemname", "displayname", "label", "hostnames"},
	roleField: {"role", "roles", "function", "type", "assettype", "devicetype", "hosttype", "category", "purpose"},
	ownerField: {"owner", "owners", "ownedby", "team", "contact", "responsible", "department", "assetowner", "businessowner", "technicalowner",
		"managedby"},
	levelField: {"criticality", "crit", "importance", "businesscriticality", "assetcriticality", "businessimpact", "impact", "priority", "sensitivity"},
}

// fieldOf finds the field that a name means.
func fieldOf(name string) field {
	n := foldName(name)
	for f := addressField; f < fieldCount; f++ {
		for _, known := range fieldNames[f] {
			if n == known {
				return f
			}
		}
	}
	return noField
}

// foldName is a name without case and signs.
func foldName(name string) string {
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

// values are the texts of an entry by field.
type values [fieldCount][]string

// put adds a text of a field.
func (v *values) put(f field, text string) {
	if text = strings.TrimSpace(text); text != "" && f != noField {
		v[f] = append(v[f], text)
	}
}

// first is the first text of a field, cut to maxText.
func (v *values) first(f field) string {
	if len(v[f]) == 0 {
		return ""
	}
	return cut(v[f][0])
}

func cut(s string) string {
	if len(s) <= maxText {
		return s
	}
	return strings.ToValidUTF8(s[:maxText], "")
}

// take adds an entry with these texts.
func (in *reading) take(line int, v *values) {
	it := item{line: line, name: v.first(nameField), owner: v.first(ownerField)}
	for _, text := range v[addressField] {
		for _, word := range split(text, ",;| \t") {
			ps, err := prefixes(word)
			if err != nil {
				in.fault(line, err.Error())
				return
			}
			it.prefixes = append(it.prefixes, ps...)
		}
	}
	if len(it.prefixes) == 0 {
		in.fault(line, "no address")
		return
	}
	for _, text := range v[roleField] {
		it.roles = append(it.roles, in.roles(line, text)...)
	}
	for _, p := range it.prefixes {
		if len(it.roles) > 0 && tooWide(p) && !in.wide {
			in.wide = true
			in.warn("%s:%d: %s is wider than the network of anybody: all its addresses have the role %s, strangers included", in.file, line, p, it.roles[0])
		}
	}
	if word := v.first(levelField); word != "" {
		level, known := parseLevel(word)
		if it.level = level; !known && !in.levels[word] && len(in.levels) < maxNamed {
			in.levels[word] = true
			in.warn("%s:%d: the criticality %q is none of low, medium, high, critical: it is shown, and counts for nothing", in.file, line, word)
		}
	}
	if in.table.n+len(it.prefixes) > maxAssets {
		in.full = true
		return
	}
	in.entries++
	in.table.add(in.file, &it)
}

// roles reads the roles in a text. Blanks separate them too, unless the whole
// is one that is written with a blank.
func (in *reading) roles(line int, text string) (all []Role) {
	for _, part := range split(text, ",;|/+") {
		words := []string{part}
		if _, known := ParseRole(part); !known {
			words = strings.Fields(part)
		}
		for _, w := range words {
			r, known := ParseRole(cut(w))
			if r == "" {
				continue
			}
			all = append(all, r)
			if !known && !in.unknown[r] && len(in.unknown) < maxNamed {
				in.unknown[r] = true
				in.warn("%s:%d: no detector knows the role %q%s (known: %s)", in.file, line, w, nearest(string(r)), roleList())
			}
		}
	}
	return all
}

func roleList() string {
	var names []string
	for _, r := range Roles() {
		names = append(names, string(r))
	}
	return strings.Join(names, ", ")
}

// split cuts a text at any of the separators.
func split(text, separators string) (words []string) {
	for _, w := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(separators, r) }) {
		if w = strings.TrimSpace(w); w != "" {
			words = append(words, w)
		}
	}
	return words
}

// prefixes reads an address, a prefix, or a range a-b.
func prefixes(word string) ([]netip.Prefix, error) {
	bad := fmt.Errorf("%q is no address, network such as 192.0.2.0/24, or range", cut(word))
	if strings.Contains(word, "/") {
		p, err := netip.ParsePrefix(word)
		if err != nil {
			return nil, bad
		}
		return []netip.Prefix{unmapped(p.Masked())}, nil
	}
	from, to, ranged := strings.Cut(word, "-")
	lo, err := netip.ParseAddr(from)
	if err != nil || lo.Zone() != "" {
		return nil, bad
	}
	lo = lo.Unmap()
	if !ranged {
		return []netip.Prefix{netip.PrefixFrom(lo, lo.BitLen())}, nil
	}
	hi, err := netip.ParseAddr(to)
	if hi = hi.Unmap(); err != nil || hi.Zone() != "" || lo.Is4() != hi.Is4() || hi.Less(lo) {
		return nil, bad
	}
	return between(lo, hi), nil
}

// tooWide reports whether a prefix holds more than one owner has.
func tooWide(p netip.Prefix) bool {
	if p.Addr().Is4() {
		return p.Bits() < 8
	}
	return p.Bits() < 16 && !(p.Addr().As16()[0]&0xfe == 0xfc && p.Bits() >= 7) // ULA
}

// unmapped moves a prefix of IPv4-mapped addresses to those of IPv4.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p
}

// between are the prefixes that hold the addresses from lo to hi, of one
// family.
func between(lo, hi netip.Addr) (all []netip.Prefix) {
	for len(all) < maxPerEntry {
		p := netip.PrefixFrom(lo, lo.BitLen())
		for p.Bits() > 0 {
			wider := netip.PrefixFrom(lo, p.Bits()-1).Masked()
			if wider.Addr() != lo || hi.Less(lastOf(wider)) {
				break
			}
			p = wider
		}
		all = append(all, p)
		if lo = lastOf(p).Next(); !lo.IsValid() || hi.Less(lo) {
			break
		}
	}
	return all
}

func lastOf(p netip.Prefix) netip.Addr {
	b := p.Addr().AsSlice()
	for i := p.Bits(); i < 8*len(b); i++ {
		b[i/8] |= 0x80 >> (i % 8)
	}
	a, _ := netip.AddrFromSlice(b)
	return a
}
