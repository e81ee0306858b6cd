package geo

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"sync"

	maxminddb "github.com/oschwald/maxminddb-golang/v2"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

// An mmdb is a database in MaxMind's format. Records are few against the
// networks that point to them, so that what they say is remembered.
type mmdb struct {
	entry provenance.Entry
	four  bool // it has IPv4 alone
	read  *maxminddb.Reader

	mu   sync.Mutex
	says map[uintptr]statement // by offset
}

// maxRemembered bounds the records remembered of one database.
const maxRemembered = 1 << 16

// openMMDB makes a database of a file on the disk or, where data is not nil,
// of its content.
func openMMDB(name string, data []byte) (m *mmdb, err error) {
	defer func() {
		if r := recover(); r != nil {
			m, err = nil, fmt.Errorf("%s: a damaged database", name)
		}
	}()
	var r *maxminddb.Reader
	if data == nil {
		r, err = maxminddb.Open(name)
	} else {
		r, err = maxminddb.OpenBytes(data)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: a damaged database: %w", name, err)
	}
	m = &mmdb{read: r, says: map[uintptr]statement{}, four: r.Metadata.IPVersion == 4}
	m.entry = provenance.Entry{File: name, List: r.Metadata.DatabaseType}
	if at := r.Metadata.BuildEpoch; at > 0 && at < uint(flow.MaxTime/flow.Second) {
		m.entry.Date, m.entry.HasDate = flow.Time(at)*flow.Second, true
	}
	return m, nil
}

// sampled is how many records are looked at to tell what a database is for.
const sampled = 2000

// speaks reports whether any of the first records says anything.
func (m *mmdb) speaks() (is bool, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("a damaged database")
		}
	}()
	n := 0
	for result := range m.read.Networks() {
		if err := result.Err(); err != nil {
			return false, err
		}
		s, err := m.decode(result)
		if err != nil {
			return false, err
		}
		if s.country != "" || s.asn != 0 {
			return true, nil
		}
		if n++; n == sampled {
			break
		}
	}
	return false, nil
}

func (m *mmdb) source() *provenance.Entry { return &m.entry }

func (m *mmdb) find(ip netip.Addr) (s statement, line int, err error) {
	if m.four && !ip.Is4() {
		return s, 0, nil
	}
	defer func() {
		if r := recover(); r != nil {
			err = errors.New("a record that cannot be read")
		}
	}()
	result := m.read.Lookup(ip)
	if err := result.Err(); err != nil {
		return s, 0, err
	}
	if !result.Found() {
		return s, 0, nil
	}
	at := result.Offset()
	m.mu.Lock()
	s, ok := m.says[at]
	m.mu.Unlock()
	if ok {
		return s, 0, nil
	}
	if s, err = m.decode(result); err != nil {
		return s, 0, err
	}
	m.mu.Lock()
	if len(m.says) >= maxRemembered {
		clear(m.says)
	}
	m.says[at] = s
	m.mu.Unlock()
	return s, 0, nil
}

// decode reads a record, however its maker calls the fields.
func (m *mmdb) decode(result maxminddb.Result) (s statement, err error) {
	var record any
	if err := result.Decode(&record); err != nil {
		return s, err
	}
	top, ok := record.(map[string]any)
	if !ok {
		return s, nil
	}
	traits, _ := top["traits"].(map[string]any)
	country, _ := top["country"].(map[string]any)
	as, _ := top["as"].(map[string]any)
	for _, v := range []any{top["country_code"], country["iso_code"], country["code"], top["country"], top["country_iso"], top["countryCode"]} {
		if s.country = countryCode(text(v)); s.country != "" {
			break
		}
	}
	orgs := []any{
		top["autonomous_system_organization"], traits["autonomous_system_organization"], top["as_name"], top["as_organization"],
		as["organization"], as["name"], top["organization"], top["asn_name"], top["isp"], traits["isp"],
	}
	for _, v := range []any{
		top["autonomous_system_number"], traits["autonomous_system_number"], top["asn"], top["as_number"], as["asn"], as["number"],
		top["asNumber"], top["as"], top["org"],
	} {
		n, name := asNumber(text(v))
		if n == 0 {
			continue
		}
		s.asn = n
		if name != "" { // "AS64500 Example"
			orgs = append(orgs, name)
		}
		orgs = append(orgs, top["org"], top["name"]) // these are other things where there is no number
		break
	}
	if s.asn == 0 {
		return s, nil
	}
	for _, v := range orgs {
		if s.org = orgName(text(v)); s.org != "" {
			break
		}
	}
	return s, nil
}

// text is a value that is a text or a whole number.
func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case uint16, uint32, uint64, int32, int, uint:
		return fmt.Sprint(v)
	}
	return ""
}

// countryCode is a code of ISO 3166-1 alpha-2 in capitals, or empty where s is
// none.
func countryCode(s string) string {
	s = strings.TrimSpace(s)
	if len(s) != 2 || !isLetter(s[0]) || !isLetter(s[1]) {
		return ""
	}
	s = strings.ToUpper(s)
	switch s {
	case "XX", "ZZ": // nobody's, for "unknown"
		return ""
	}
	return s
}

func isLetter(c byte) bool { return 'a' <= c|0x20 && c|0x20 <= 'z' }

// asNumber reads "64500", "AS64500" or "AS64500 Example"; 0 where s is none.
func asNumber(s string) (n uint32, name string) {
	s = strings.TrimSpace(s)
	digits := s
	if len(s) > 2 && strings.EqualFold(s[:2], "as") {
		digits = s[2:]
	}
	digits, name, _ = strings.Cut(digits, " ")
	v, err := strconv.ParseUint(digits, 10, 32)
	if err != nil {
		return 0, ""
	}
	return uint32(v), name
}

// maxOrg bounds the name of an organisation, in bytes.
const maxOrg = 200

// orgName is a name of at most maxOrg bytes.
func orgName(s string) string {
	s = strings.TrimSpace(s)
	if s == "-" {
		return ""
	}
	if len(s) > maxOrg {
		s = strings.ToValidUTF8(s[:maxOrg], "")
	}
	return s
}
