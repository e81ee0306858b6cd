// Package prefixes holds lists of addresses and prefixes and tells which
// entry of which file covers an address.
package prefixes

import (
	"bufio"
	"fmt"
	"io"
	"net/netip"
	"strings"

	"github.com/gaissmai/bart"

	"seine/flow"
)

// An Entry is one listed prefix and where it stands.
type Entry struct {
	File   string
	Line   int
	Prefix netip.Prefix
}

// String writes the entry as the list has it: an address, or a prefix.
func (e Entry) String() string {
	if e.Prefix.IsSingleIP() {
		return e.Prefix.Addr().String()
	}
	return e.Prefix.String()
}

// A Table is the content of any number of lists. The longest prefix that
// covers an address answers for it; of two equal ones the first.
type Table struct {
	plain    bart.Table[place] // IPv4 and IPv6
	mapped   bart.Table[place] // IPv4-mapped spellings, which are not IPv4
	files    []string
	entries  int
	badCount int
	warnings []string
}

type place struct {
	file uint32
	line uint32
}

// keepWarnings is how many tokens that are no address are named.
const keepWarnings = 5

// New makes an empty table.
func New() *Table { return &Table{} }

// Len is the number of entries.
func (t *Table) Len() int { return t.entries }

// Load adds the list in file, compressed or not. Tokens are separated by
// commas, blanks or newlines; # and ; start a comment; quotes around a token
// are dropped.
func (t *Table) Load(file string) error {
	src := flow.FileSource(file, &flow.Options{})
	defer src.Close()
	r, err := src.Reader()
	if err != nil {
		return err
	}
	return t.Read(file, r)
}

// Read adds the list in r, which name stands for.
func (t *Table) Read(name string, r io.Reader) error {
	t.files = append(t.files, name)
	br := bufio.NewReaderSize(r, 64<<10)
	before := t.badCount
	line, comment := 1, false
	var token []byte
	flush := func() {
		t.add(name, line, string(token))
		token = token[:0]
	}
	for {
		c, err := br.ReadByte()
		if err == io.EOF {
			flush()
			break
		}
		if err != nil {
			return fmt.Errorf("%s:%d: %w", name, line, err)
		}
		switch {
		case c == '\n':
			flush()
			line++
			comment = false
		case comment:
		case c == '#' || c == ';':
			flush()
			comment = true
		case c == ',' || c == ' ' || c == '\t' || c == '\r':
			flush()
		case len(token) < 256:
			token = append(token, c)
		}
	}
	if n := t.badCount - before; n > 0 {
		t.warnings = append(t.warnings, fmt.Sprintf("%s: %d tokens that are no address or prefix were skipped", name, n))
	}
	return nil
}

func (t *Table) add(name string, line int, token string) {
	token = strings.TrimPrefix(token, "\ufeff")
	token = strings.Trim(token, `"'`)
	if token == "" {
		return
	}
	p, err := netip.ParsePrefix(token)
	if err != nil {
		var a netip.Addr
		if a, err = netip.ParseAddr(token); err == nil && a.Zone() == "" {
			p = netip.PrefixFrom(a, a.BitLen())
		}
	}
	if err != nil || !p.IsValid() {
		if t.badCount++; t.badCount <= keepWarnings {
			t.warnings = append(t.warnings, fmt.Sprintf("%s:%d: %q is no address or prefix", name, line, token))
		}
		return
	}
	p = p.Masked()
	at := place{uint32(len(t.files) - 1), uint32(line)}
	isNew := false
	if !mappedRange.Contains(p.Addr()) || p.Bits() < mappedRange.Bits() {
		isNew = insert(&t.plain, p, at)
	}
	if p.Overlaps(mappedRange) {
		isNew = insert(&t.mapped, shift(p), at)
	}
	if isNew {
		t.entries++
	}
}

// insert adds p unless it is there, and reports whether it was not.
func insert(table *bart.Table[place], p netip.Prefix, at place) bool {
	if _, ok := table.Get(p); ok {
		return false
	}
	table.Insert(p, at)
	return true
}

// mappedRange holds the IPv4-mapped addresses.
var mappedRange = netip.MustParsePrefix("::ffff:0:0/96")

// shift moves a prefix of IPv4-mapped addresses, or one around all of them,
// out of the range that libraries read as IPv4, and back.
func shift(p netip.Prefix) netip.Prefix {
	b := p.Addr().As16()
	b[0] ^= 0xff
	return netip.PrefixFrom(netip.AddrFrom16(b), p.Bits()).Masked()
}

// Lookup finds the entry that covers a.
func (t *Table) Lookup(a flow.Addr) (Entry, bool) {
	n := a.Netip()
	if a.Is4In6() {
		p, at, ok := t.mapped.LookupPrefixLPM(shift(netip.PrefixFrom(n, 128)))
		if !ok {
			return Entry{}, false
		}
		return Entry{t.files[at.file], int(at.line), shift(p)}, true
	}
	p, at, ok := t.plain.LookupPrefixLPM(netip.PrefixFrom(n, n.BitLen()))
	if !ok {
		return Entry{}, false
	}
	return Entry{t.files[at.file], int(at.line), p}, true
}

// Warnings tells the first tokens that were skipped, with their lines, and
// how many there were per file.
func (t *Table) Warnings() []string { return t.warnings }
