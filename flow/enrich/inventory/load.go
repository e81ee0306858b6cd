package inventory

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"seine/flow"
	"seine/flow/enrich/provenance"
)

// Files are the files and directories to read.
type Files struct {
	Scans []string // of scanners: nmap, masscan, naabu, httpx, CSV
	KEV   []string // CISA's catalogue of known exploited vulnerabilities, JSON
	EPSS  []string // scores of the Exploit Prediction Scoring System, CSV
	NVD   []string // dumps of the National Vulnerability Database, JSON 2.0
}

// Limits on what is kept.
const (
	maxServices = 1_000_000
	maxText     = 256     // bytes of a name, a product, a version
	maxCPEs     = 16      // of a service
	maxCVEs     = 4096    // of a service
	keepFaults  = 5       // entries that are no good, named with their lines
	maxLine     = 1 << 20 // bytes of a line
)

// Load reads files. Its error tells which cannot be read or hold something
// else; single entries that are no good are told by Table.Warnings.
func Load(files Files) (*Table, error) {
	l := &loader{places: map[place]*Service{}, reported: map[*Service][]finding{}}
	l.each(files.Scans, scanLayouts, "a scan")
	errScans := errors.Join(l.errs...)
	l.aim()
	l.each(files.NVD, []layout{nvdLayout}, "a dump of the NVD")
	l.wanted()
	l.each(files.KEV, []layout{kevLayout}, "the KEV catalogue")
	l.each(files.EPSS, []layout{epssLayout}, "a list of EPSS scores")
	if err := errors.Join(l.errs...); err != nil {
		return nil, err
	}
	if len(files.Scans) > 0 && len(l.places) == 0 && errScans == nil {
		l.warnings = append(l.warnings, "the scans hold no open port")
	}
	if len(files.Scans) == 0 && len(files.KEV)+len(files.EPSS)+len(files.NVD) > 0 {
		l.warnings = append(l.warnings, "kev, epss and nvd tell of vulnerabilities of services; without an inventory (--inventory FILE) they are of no use")
	}
	l.join()
	t := New(l.listed())
	t.warnings = l.warnings
	return t, nil
}

// A layout is one kind of file.
type layout struct {
	name  string
	match func(head []byte) bool
	read  func(l *loader, f *file) error
}

// A loader gathers what the files say.
type loader struct {
	places   map[place]*Service
	reported map[*Service][]finding // what the scans say is vulnerable
	targets  map[string][]*target   // products by key
	details  map[string]*details    // of the vulnerabilities that anybody asks for
	dropped  int                    // services beyond maxServices
	warnings []string
	errs     []error
}

// A file is one that is being read.
type file struct {
	name   string
	r      io.Reader
	list   string // what it calls itself
	date   flow.Time
	dated  bool
	loader *loader
	bad    int
}

// entry is the provenance of something at a line.
func (f *file) entry(line int) provenance.Entry {
	return provenance.Entry{File: f.name, Line: line, List: f.list, Date: f.date, HasDate: f.dated}
}

// fault counts an entry that is no good.
func (f *file) fault(line int, why string) {
	if f.bad++; f.bad <= keepFaults {
		f.loader.warn("%s:%d: %s", f.name, line, why)
	}
}

func (l *loader) warn(format string, args ...any) {
	l.warnings = append(l.warnings, fmt.Sprintf(format, args...))
}

// each reads the files that names stand for, as one of some layouts.
func (l *loader) each(names []string, layouts []layout, what string) {
	for _, name := range names {
		sources := flow.Expand([]string{name}, &flow.Options{})
		read := 0
		for _, src := range sources {
			ok, err := l.source(src, layouts, what)
			src.Close()
			if err != nil {
				l.errs = append(l.errs, err)
			}
			if ok {
				read++
			}
		}
		if read == 0 && len(l.errs) == 0 {
			l.errs = append(l.errs, fmt.Errorf("%s: no file in it is %s (accepted: %s)", name, what, accepted(layouts)))
		}
	}
}

func accepted(layouts []layout) string {
	var names []string
	for _, y := range layouts {
		names = append(names, y.name)
	}
	return strings.Join(names, ", ")
}

// source reads one file. It reports false for one of a directory that is
// something else.
func (l *loader) source(src *flow.Source, layouts []layout, what string) (ok bool, err error) {
	head, err := src.Head()
	if err != nil {
		return false, named(src.Name, err)
	}
	for _, y := range layouts {
		if !y.match(head) {
			continue
		}
		r, err := src.Reader()
		if err != nil {
			return false, named(src.Name, err)
		}
		f := &file{name: src.Name, r: r, loader: l}
		err = y.read(l, f)
		if f.bad > keepFaults {
			l.warn("%s: %d entries are no good; the first %d are named above", f.name, f.bad, keepFaults)
		}
		if err == io.ErrUnexpectedEOF {
			err = fmt.Errorf("the file ends in the middle; fetch it anew (%w)", err)
		}
		if err != nil {
			return true, named(src.Name, err)
		}
		return true, nil
	}
	if src.Optional {
		return false, nil
	}
	return false, fmt.Errorf("%s: %s", src.Name, refusal(head, layouts, what))
}

// named puts the name of the file before an error, unless it is there.
func named(name string, err error) error {
	if strings.Contains(err.Error(), name) {
		return err
	}
	return fmt.Errorf("%s: %w", name, err)
}

// refusal tells what a file seems to be instead.
func refusal(head []byte, layouts []layout, what string) string {
	text := fmt.Sprintf("is not %s (accepted: %s)", what, accepted(layouts))
	if bytes.HasPrefix(head, []byte("PK\x03\x04")) {
		return text + "; it is a zip archive: unpack it first, or pack it as gzip"
	}
	if bytes.HasPrefix(head, []byte("\xff\xfe")) || bytes.HasPrefix(head, []byte("\xfe\xff")) {
		return text + "; it is text in UTF-16, as PowerShell writes it: save it as UTF-8"
	}
	if len(bytes.TrimSpace(head)) == 0 {
		return text + "; it is empty"
	}
	if bytes.Contains(head, []byte(`"CVE_Items"`)) {
		return text + "; it is a feed of the NVD in the old layout 1.1, which is no longer kept up: fetch those of 2.0"
	}
	for _, other := range []struct {
		flag    string
		layouts []layout
	}{{"--inventory", scanLayouts}, {"--kev", []layout{kevLayout}}, {"--nvd", []layout{nvdLayout}}, {"--epss", []layout{epssLayout}}} {
		for _, y := range other.layouts {
			if y.match(head) {
				return text + fmt.Sprintf("; it looks like %s, which %s takes", y.name, other.flag)
			}
		}
	}
	return text
}

// service adds a service that a scan found; of several for a place the latest
// counts, and what it does not know is taken from the one before. It gives
// none where there is no room, or a later scan found another version.
func (l *loader) service(s Service) *Service {
	p := place{s.Addr, s.Port, s.Proto}
	old := l.places[p]
	if old == nil {
		if len(l.places) >= maxServices {
			l.dropped++
			return nil
		}
		kept := s
		l.places[p] = &kept
		return &kept
	}
	newer, older := &s, old
	if old.HasDate && s.HasDate && old.Date > s.Date {
		newer, older = old, &s
	}
	merged := *newer
	differs := old.Version != s.Version || !strings.EqualFold(old.Product, s.Product)
	same := merged.Product == "" || older.Product == "" || strings.EqualFold(merged.Product, older.Product)
	if merged.Name == "" {
		merged.Name = older.Name
	}
	if same && merged.Product == "" {
		merged.Product = older.Product
	}
	if same && merged.Version == "" {
		merged.Version, merged.Packaged = older.Version, older.Packaged
	}
	if same && len(merged.CPEs) == 0 {
		merged.CPEs = older.CPEs
	}
	stale := newer == old && differs
	if newer != old && differs {
		delete(l.reported, old) // of a version that is no longer there
	}
	*old = merged
	if stale {
		return nil
	}
	return old
}

// A finding is a vulnerability that a scan reports.
type finding struct {
	Vulnerability
}

// report adds a vulnerability that the scan found at a service.
func (l *loader) report(s *Service, v Vulnerability) {
	if s == nil || len(l.reported[s]) >= maxCVEs {
		return
	}
	for i := range l.reported[s] {
		if have := &l.reported[s][i]; have.ID == v.ID {
			have.CVSS = max(have.CVSS, v.CVSS)
			return
		}
	}
	l.reported[s] = append(l.reported[s], finding{v})
}

// listed are the services, in no order that matters.
func (l *loader) listed() []*Service {
	all := make([]*Service, 0, len(l.places))
	for _, s := range l.places {
		all = append(all, s)
	}
	return all
}

// short makes a text of a file fit to be kept.
func short(s string) string {
	s = strings.ToValidUTF8(strings.TrimSpace(s), "\ufffd")
	if len(s) <= maxText {
		return s
	}
	n := maxText
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}

// moments are the spellings of times in the files.
var moments = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02 15:04:05", "2006-01-02T15:04:05-0700", "2006-01-02", "Mon Jan _2 15:04:05 2006",
}

// parseMoment reads a time in one of the spellings, in UTC where it says
// nothing else.
func parseMoment(text string) (flow.Time, bool) {
	if len(text) > 40 {
		return 0, false
	}
	for _, form := range moments {
		if t, err := time.Parse(form, text); err == nil {
			return flow.FromTime(t)
		}
	}
	return 0, false
}

// seconds makes a time of seconds since 1970, as scanners write them.
func seconds(n int64) (flow.Time, bool) {
	if n <= 0 || n > 9_000_000_000 {
		return 0, false
	}
	return flow.Time(n) * flow.Second, true
}
