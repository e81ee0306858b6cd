package inventory

import (
	"bytes"
	"encoding/json"
	"strings"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

const (
	basisRange    = "version range of the NVD, not verified; back-ported fixes of distributions are not considered"
	basisPackaged = "version range of the NVD, not verified; this is a package of %s, which mends holes without a new version number"
)

var nvdLayout = layout{
	name: "NVD JSON 2.0",
	match: func(head []byte) bool {
		head = begins(head)
		if len(head) == 0 || head[0] != '{' {
			return false
		}
		has := func(word string) bool { return bytes.Contains(head, []byte(word)) }
		return has(`"NVD_CVE"`) || has(`"cve_items"`) || has(`"vulnerabilities"`) && has(`"cve"`) && !has(`"cveID"`)
	},
	read: readNVD,
}

// A target is a version of a product that the scans found.
type target struct {
	openssh         bool
	version, update string
	parsed          version
	packaged        string
	cves            []Vulnerability
	place           map[string]int // of a vulnerability among cves
}

// aim makes targets of what the scans found.
func (l *loader) aim() {
	l.targets, l.details = map[string][]*target{}, map[string]*details{}
	for _, s := range l.places {
		for _, c := range s.names() {
			if c.Version == "" || c.Version == notApplicable {
				continue
			}
			l.target(&c, s.Packaged)
		}
	}
	for _, found := range l.reported {
		for i := range found {
			l.details[found[i].ID] = nil
		}
	}
}

// names are the products of a service with their versions, also under the
// names that the NVD has for them.
func (s *Service) names() []CPE {
	var all []CPE
	for _, text := range s.CPEs {
		c, ok := ParseCPE(text)
		if !ok {
			continue
		}
		if c.Version == "" && c.Part == "a" && isVersion(s.Version) {
			c.Version = strings.ToLower(s.Version)
		}
		all = append(all, c)
	}
	return all
}

// target is the one of a product and version; it is made where it is not
// there, under all the names of the product.
func (l *loader) target(c *CPE, packaged string) *target {
	for _, t := range l.targets[c.key()] {
		if t.version == c.Version && t.update == c.Update && t.packaged == packaged {
			return t
		}
	}
	t := &target{version: c.Version, update: c.Update, packaged: packaged, place: map[string]int{}}
	t.openssh = c.key() == "a:openbsd:openssh"
	text := c.Version
	if c.Update != "" && c.Update != notApplicable {
		text += c.Update
	}
	t.parsed = parseVersion(text)
	for _, key := range append([]string{c.key()}, aliases[c.key()]...) {
		l.targets[key] = append(l.targets[key], t)
	}
	return t
}

// details are what the NVD tells of a vulnerability.
type details struct {
	cvss       float64
	kev        bool
	kevSince   flow.Time
	entry      provenance.Entry
	ransomware bool
	kevSource  string
	epss       float64
	epssSource string
	rejected   bool
}

// An nvdCVE is an entry of the NVD, as far as it matters.
type nvdCVE struct {
	ID             string                 `json:"id"`
	VulnStatus     string                 `json:"vulnStatus"`
	CISAExploitAdd string                 `json:"cisaExploitAdd"`
	Metrics        map[string][]nvdMetric `json:"metrics"`
	Configurations []struct {
		Negate bool `json:"negate"`
		Nodes  []struct {
			Negate   bool       `json:"negate"`
			CPEMatch []nvdMatch `json:"cpeMatch"`
		} `json:"nodes"`
	} `json:"configurations"`
}

type nvdMetric struct {
	Type     string `json:"type"`
	CVSSData struct {
		BaseScore float64 `json:"baseScore"`
	} `json:"cvssData"`
}

// An nvdMatch says which versions of a product are concerned.
type nvdMatch struct {
	Vulnerable            bool   `json:"vulnerable"`
	Criteria              string `json:"criteria"`
	VersionStartIncluding string `json:"versionStartIncluding"`
	VersionStartExcluding string `json:"versionStartExcluding"`
	VersionEndIncluding   string `json:"versionEndIncluding"`
	VersionEndExcluding   string `json:"versionEndExcluding"`
}

func readNVD(l *loader, f *file) error {
	f.list = "NVD"
	t := newJSONText(f.r)
	found, err := t.members([]string{"vulnerabilities", "cve_items"}, func(key, value string) {
		if key == "timestamp" {
			f.date, f.dated = parseMoment(value)
		}
	}, func(raw []byte, line int, err error) {
		if err != nil {
			f.fault(line, err.Error())
			return
		}
		if !l.concerns(raw) {
			return
		}
		var e struct {
			CVE *nvdCVE `json:"cve"`
			nvdCVE
		}
		if err := json.Unmarshal(raw, &e); err != nil {
			f.fault(line, "no entry of the NVD: "+err.Error())
			return
		}
		cve := &e.nvdCVE
		if e.CVE != nil {
			cve = e.CVE
		}
		if !cveForm.MatchString(cve.ID) || len(cve.ID) > 32 {
			f.fault(line, "an entry without an id of the form CVE-2021-44228")
			return
		}
		l.vulnerability(f, cve, line)
	})
	if err == nil && !found {
		l.warn("%s: no vulnerabilities in it", f.name)
	}
	return err
}

// concerns reports whether the text of an entry names a product of the scans,
// or a vulnerability that they report. It looks at most entries of a dump, and
// so does not parse them.
func (l *loader) concerns(raw []byte) bool {
	if i := bytes.Index(raw, []byte(`"CVE-`)); i >= 0 {
		id := raw[i+1 : min(len(raw), i+34)]
		if j := bytes.IndexByte(id, '"'); j > 0 {
			if _, asked := l.details[string(id[:j])]; asked {
				return true
			}
		}
	}
	var key [maxCPE]byte
	for {
		i := bytes.Index(raw, []byte("cpe:2.3:"))
		if i < 0 {
			return false
		}
		raw = raw[i+len("cpe:2.3:"):]
		n, colons := 0, 0
		for _, c := range raw[:min(len(raw), maxCPE)] {
			if c == '"' {
				break
			}
			if c == '\\' {
				continue
			}
			if c == ':' {
				if colons++; colons == 3 {
					break
				}
			}
			if c-'A' < 26 {
				c += 'a' - 'A'
			}
			key[n] = c
			n++
		}
		if _, wanted := l.targets[string(key[:n])]; wanted {
			return true
		}
	}
}

// vulnerability puts an entry to the versions that it concerns.
func (l *loader) vulnerability(f *file, cve *nvdCVE, line int) {
	d := &details{cvss: cve.score(), entry: f.entry(line), rejected: strings.EqualFold(cve.VulnStatus, "Rejected")}
	if since, ok := parseMoment(cve.CISAExploitAdd); ok {
		d.kev, d.kevSince, d.kevSource = true, since, sourceOf(&d.entry)
	}
	if _, asked := l.details[cve.ID]; asked {
		l.details[cve.ID] = d
	}
	if d.rejected {
		return
	}
	for _, config := range cve.Configurations {
		if config.Negate {
			continue
		}
		for _, node := range config.Nodes {
			if node.Negate {
				continue
			}
			for i := range node.CPEMatch {
				l.match(&node.CPEMatch[i], cve.ID, d)
			}
		}
	}
}

// match puts a vulnerability to the targets that one of its criteria covers.
func (l *loader) match(m *nvdMatch, id string, d *details) {
	if !m.Vulnerable {
		return
	}
	c, ok := ParseCPE(m.Criteria)
	if !ok {
		return
	}
	targets := l.targets[c.key()]
	if len(targets) == 0 {
		return
	}
	r := m.span(&c)
	for _, t := range targets {
		if !r.covers(t) {
			continue
		}
		if at, have := t.place[id]; have {
			if t.cves[at].Date > d.entry.Date {
				continue
			}
			t.cves[at].Entry = d.entry
		} else if len(t.cves) < maxCVEs {
			t.place[id] = len(t.cves)
			t.cves = append(t.cves, Vulnerability{ID: id, Entry: d.entry})
		} else {
			continue
		}
		if have := l.details[id]; have == nil || have.entry.Date <= d.entry.Date {
			l.details[id] = d
		}
	}
}

// A span is a set of versions.
type span struct {
	exact, update              string // of one version; empty for any
	low, high                  version
	hasLow, hasHigh            bool
	beyondLow, beforeHigh, not bool // the bounds do not belong to it; no version at all does
}

func (m *nvdMatch) span(c *CPE) span {
	s := span{exact: c.Version, update: c.Update}
	switch {
	case m.VersionStartIncluding != "":
		s.low, s.hasLow = parseVersion(m.VersionStartIncluding), true
	case m.VersionStartExcluding != "":
		s.low, s.hasLow, s.beyondLow = parseVersion(m.VersionStartExcluding), true, true
	}
	switch {
	case m.VersionEndIncluding != "":
		s.high, s.hasHigh = parseVersion(m.VersionEndIncluding), true
	case m.VersionEndExcluding != "":
		s.high, s.hasHigh, s.beforeHigh = parseVersion(m.VersionEndExcluding), true, true
	}
	s.not = c.Version == notApplicable
	return s
}

// covers reports whether the version of t belongs to the span.
func (s *span) covers(t *target) bool {
	if s.not {
		return false
	}
	v := t.parsed
	if s.exact != "" {
		return s.is(t)
	}
	if t.openssh {
		v = v.portable()
	}
	if s.hasLow {
		if c := v.compare(s.low); c < 0 || c == 0 && s.beyondLow {
			return false
		}
	}
	if s.hasHigh {
		if c := v.compare(s.high); c > 0 || c == 0 && s.beforeHigh {
			return false
		}
	}
	return true
}

// is reports whether t is the one version of the span. Without an update in
// the span any will do, the one in "7.4p1" included; a letter alone is none,
// but another version.
func (s *span) is(t *target) bool {
	want := parseVersion(s.exact)
	switch s.update {
	case "":
		n := len(want)
		return t.parsed.compare(want) == 0 ||
			len(t.parsed) > n+1 && t.parsed[:n].compare(want) == 0 && t.parsed[n].kind == word && t.parsed[n+1].kind == number
	case notApplicable:
		v := t.parsed
		if t.openssh {
			v = v.portable()
		}
		return v.compare(want) == 0
	}
	return t.parsed.compare(parseVersion(s.exact+s.update)) == 0
}

// portable drops the p1 of OpenSSH, which marks the portable release of a
// version and mends nothing.
func (v version) portable() version {
	for i, p := range v {
		if p.kind == word && p.text == "p" {
			return v[:i]
		}
	}
	return v
}

// metrics are the kinds of scores, the one to go by first.
var metrics = []string{"cvssMetricV31", "cvssMetricV40", "cvssMetricV30", "cvssMetricV2"}

// score is the base score: of the newest usual version, and the NVD's own
// before those of others.
func (c *nvdCVE) score() float64 {
	for _, kind := range metrics {
		best := -1.0
		for _, m := range c.Metrics[kind] {
			if s := m.CVSSData.BaseScore; s >= 0 && s <= 10 && (best < 0 || m.Type == "Primary") {
				best = s
			}
		}
		if best >= 0 {
			return best
		}
	}
	return 0
}
