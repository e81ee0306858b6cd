package inventory

import (
	"fmt"
	"slices"
)

// join gives each service its vulnerabilities, the worst first.
func (l *loader) join() {
	shared := map[*target][]Vulnerability{}
	of := func(t *target) []Vulnerability {
		if vs, ok := shared[t]; ok {
			return vs
		}
		vs := slices.Clone(t.cves)
		for i := range vs {
			vs[i].Basis = basisRange
			if t.packaged != "" {
				vs[i].Basis = fmt.Sprintf(basisPackaged, t.packaged)
			}
		}
		vs = l.completed(vs)
		shared[t] = vs
		return vs
	}
	for _, s := range l.places {
		var parts [][]Vulnerability
		for _, c := range s.names() {
			for _, t := range l.targets[c.key()] {
				if t.version == c.Version && t.update == c.Update && t.packaged == s.Packaged && len(t.cves) > 0 {
					parts = append(parts, of(t))
				}
			}
		}
		if found := l.reported[s]; len(found) > 0 {
			own := make([]Vulnerability, 0, len(found))
			for i := range found {
				own = append(own, found[i].Vulnerability)
			}
			parts = append([][]Vulnerability{l.completed(own)}, parts...)
		}
		switch len(parts) {
		case 0:
		case 1:
			s.CVEs = parts[0]
		default:
			s.CVEs = united(parts)
		}
		s.CVEs = s.CVEs[:min(len(s.CVEs), maxCVEs)]
	}
	if l.dropped > 0 {
		l.warn("the scans hold more than %d services; %d were left out", maxServices, l.dropped)
	}
}

// completed adds what the NVD, KEV and EPSS tell, drops what was rejected, and
// sorts.
func (l *loader) completed(vs []Vulnerability) []Vulnerability {
	vs = slices.DeleteFunc(vs, func(v Vulnerability) bool { d := l.details[v.ID]; return d != nil && d.rejected })
	for i := range vs {
		v := &vs[i]
		d := l.details[v.ID]
		if d == nil {
			continue
		}
		if d.cvss > 0 {
			v.CVSS = d.cvss
		}
		v.KEV, v.KEVSince, v.KEVSource, v.Ransomware = d.kev, d.kevSince, d.kevSource, d.ransomware
		v.EPSS, v.EPSSSource = d.epss, d.epssSource
	}
	slices.SortFunc(vs, func(a, b Vulnerability) int { return worse(&a, &b) })
	return vs
}

// united joins lists of which an earlier one knows better.
func united(parts [][]Vulnerability) []Vulnerability {
	var all []Vulnerability
	seen := map[string]bool{}
	for _, vs := range parts {
		for _, v := range vs {
			if !seen[v.ID] {
				seen[v.ID] = true
				all = append(all, v)
			}
		}
	}
	slices.SortFunc(all, func(a, b Vulnerability) int { return worse(&a, &b) })
	return all
}
