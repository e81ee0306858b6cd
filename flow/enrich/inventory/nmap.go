package inventory

import (
	"bufio"
	"bytes"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"seine/flow"
)

// maxToken bounds an element of XML with its attributes, in bytes.
const maxToken = 8 << 20

var nmapLayout = layout{
	name: "nmap or masscan XML",
	match: func(head []byte) bool {
		head = bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
		return bytes.HasPrefix(head, []byte("<")) && bytes.Contains(head[:min(len(head), 8192)], []byte("<nmaprun"))
	},
	read: readNmap,
}

// A meter hands bytes to the XML decoder and stops it within a token that has
// no end: the decoder holds all of a token.
type meter struct {
	*bufio.Reader
	n int // since the last token
}

var errToken = fmt.Errorf("an element is larger than %d MB", maxToken>>20)

func (m *meter) ReadByte() (byte, error) {
	if m.n++; m.n > maxToken {
		return 0, errToken
	}
	return m.Reader.ReadByte()
}

// An nmapHost is the host element being read.
type nmapHost struct {
	line     int
	up       bool
	addrs    []flow.Addr
	date     flow.Time
	dated    bool
	services []nmapService
	scripts  []nmapScript // of the host
}

type nmapService struct {
	line    int
	open    bool
	proto   flow.Proto
	port    uint16
	banner  string
	tunnel  string
	extra   string
	service Service
	scripts []nmapScript
}

type nmapScript struct {
	line       int
	id, output string
}

// maxPorts bounds the ports of one host element: both protocols.
const maxPorts = 2 << 16

func readNmap(l *loader, f *file) error {
	m := &meter{Reader: bufio.NewReaderSize(f.r, 64<<10)}
	d := xml.NewDecoder(m)
	d.CharsetReader = func(name string, r io.Reader) (io.Reader, error) {
		switch strings.ToLower(name) {
		case "utf-8", "us-ascii", "ascii", "iso-8859-1", "latin1", "windows-1252":
			return r, nil // what is no UTF-8 is made harmless where it is kept
		}
		return nil, fmt.Errorf("encoding %q is not read; utf-8 is", name)
	}
	x := nmapReader{l: l, f: f}
	depth := 0
	for {
		m.n = 0
		tok, err := d.RawToken()
		if err == io.EOF {
			if depth > 0 {
				l.warn("%s: the scan ends in the middle; what came before is used", f.name)
			}
			return nil
		}
		line, _ := d.InputPos()
		if err != nil {
			if x.hosts > 0 && !errors.Is(err, errToken) { // interrupted: what is there is good
				l.warn("%s:%d: the scan is damaged from here (%v); what came before is used", f.name, line, err)
				return nil
			}
			return fmt.Errorf("%s:%d: %w", f.name, line, err)
		}
		switch tok := tok.(type) {
		case xml.StartElement:
			if depth++; depth > maxNesting {
				return fmt.Errorf("%s:%d: elements are nested more than %d deep", f.name, line, maxNesting)
			}
			x.start(tok.Name.Local, tok.Attr, line)
		case xml.EndElement:
			depth--
			x.end(tok.Name.Local)
		case xml.CharData:
			if x.inCPE && x.text.Len() < maxCPE {
				x.text.Write(tok)
			}
		}
	}
}

// An nmapReader follows the elements.
type nmapReader struct {
	l       *loader
	f       *file
	masscan bool
	hosts   int
	host    *nmapHost
	service *nmapService
	inCPE   bool
	text    bytes.Buffer
}

func (x *nmapReader) start(name string, attrs []xml.Attr, line int) {
	get := func(key string) string {
		for i := range attrs {
			if attrs[i].Name.Local == key {
				return attrs[i].Value
			}
		}
		return ""
	}
	moment := func(key string) (flow.Time, bool) {
		n, err := strconv.ParseInt(get(key), 10, 64)
		if err != nil {
			return 0, false
		}
		return seconds(n)
	}
	switch {
	case name == "nmaprun":
		x.f.list = short(get("scanner"))
		x.masscan = x.f.list == "masscan"
		x.f.date, x.f.dated = moment("start")
	case name == "host":
		x.host = &nmapHost{line: line, up: true}
		if x.host.date, x.host.dated = moment("endtime"); !x.host.dated {
			x.host.date, x.host.dated = x.f.date, x.f.dated
		}
		x.hosts++
	case x.host == nil:
	case name == "status":
		x.host.up = get("state") == "up"
	case name == "address":
		if get("addrtype") == "mac" || len(x.host.addrs) >= 8 {
			return
		}
		a, err := flow.ParseAddr([]byte(get("addr")))
		if err != nil {
			x.f.fault(line, fmt.Sprintf("%q is no address", short(get("addr"))))
			return
		}
		x.host.addrs = append(x.host.addrs, a)
	case name == "port":
		x.service = nil
		if len(x.host.services) >= maxPorts {
			return
		}
		proto, ok := protocol(get("protocol"))
		port, err := strconv.ParseUint(get("portid"), 10, 16)
		if !ok || err != nil || port == 0 {
			x.f.fault(line, fmt.Sprintf("%q is no port of %q", short(get("portid")), short(get("protocol"))))
			return
		}
		x.host.services = append(x.host.services, nmapService{line: line, proto: proto, port: uint16(port)})
		x.service = &x.host.services[len(x.host.services)-1]
	case name == "script":
		s := nmapScript{line: line, id: short(get("id")), output: get("output")}
		switch {
		case !telling(s.id, s.output):
		case x.service != nil && len(x.service.scripts) < 16:
			x.service.scripts = append(x.service.scripts, s)
		case x.service == nil && len(x.host.scripts) < 16:
			x.host.scripts = append(x.host.scripts, s)
		}
	case x.service == nil:
	case name == "state":
		x.service.open = get("state") == "open"
	case name == "service":
		s := &x.service.service
		s.Name, s.Product = short(get("name")), short(get("product"))
		s.Version, s.Packaged = versionOf(get("version"), get("extrainfo"))
		x.service.tunnel, x.service.extra, x.service.banner = get("tunnel"), get("extrainfo"), get("banner")
	case name == "cpe":
		x.inCPE = true
		x.text.Reset()
	}
}

func (x *nmapReader) end(name string) {
	switch name {
	case "cpe":
		if x.inCPE && x.service != nil {
			addCPE(&x.service.service, x.text.String())
		}
		x.inCPE = false
	case "port":
		x.service = nil
	case "host":
		if x.host != nil && x.host.up {
			x.take(x.host)
		}
		x.host, x.service = nil, nil
	}
}

// take adds what a host element told, for each of its addresses.
func (x *nmapReader) take(h *nmapHost) {
	for _, a := range h.addrs {
		byPort := map[uint16]*Service{}
		for i := range h.services {
			n := &h.services[i]
			if !n.open {
				continue
			}
			s := n.service
			s.Entry = x.f.entry(n.line)
			s.Date, s.HasDate = h.date, h.dated
			s.Addr, s.Proto, s.Port = a, n.proto, n.port
			if n.tunnel == "ssl" && s.Name == "http" {
				s.Name = "https"
			}
			if s.Product == "" && n.banner != "" {
				product(&s, n.banner)
			}
			settleCPE(&s)
			kept := x.l.service(s)
			for j := range n.scripts {
				x.l.script(kept, &n.scripts[j], x.f)
			}
			if n.proto == flow.TCP {
				byPort[n.port] = kept
			}
		}
		for j := range h.scripts { // those of a host are about what their names begin with
			kept := byPort[445]
			if kept == nil {
				kept = byPort[139]
			}
			if strings.HasPrefix(h.scripts[j].id, "smb") {
				x.l.script(kept, &h.scripts[j], x.f)
			}
		}
	}
}

func protocol(name string) (flow.Proto, bool) {
	switch strings.ToLower(name) {
	case "tcp":
		return flow.TCP, true
	case "udp":
		return flow.UDP, true
	case "sctp":
		return flow.SCTP, true
	}
	return 0, false
}

var (
	cveForm     = regexp.MustCompile(`CVE-\d{4}-\d{4,19}\b`)
	vulnersLine = regexp.MustCompile(`\b(CVE-\d{4}-\d{4,19})\s+(\d{1,2}(?:\.\d+)?)\b`)
)

// telling reports whether the output of a script may name vulnerabilities of
// the service, and not just of products like it.
func telling(id, output string) bool {
	if len(output) > maxObject || !strings.Contains(output, "CVE-") {
		return false
	}
	return id == "vulners" || strings.Contains(id, "vuln") && id != "vulscan" && strings.Contains(output, "VULNERABLE") &&
		!strings.Contains(output, "NOT VULNERABLE")
}

// script reads what a script says is vulnerable.
func (l *loader) script(s *Service, n *nmapScript, f *file) {
	if s == nil {
		return
	}
	v := Vulnerability{Entry: s.Entry}
	v.Line = n.line
	if n.id == "vulners" {
		v.Basis = "reported by the scanner (vulners) for the version, not verified"
		for _, m := range vulnersLine.FindAllStringSubmatch(n.output, maxCVEs) {
			v.ID = m[1]
			v.CVSS, _ = strconv.ParseFloat(m[2], 64)
			if v.CVSS > 10 {
				f.fault(n.line, fmt.Sprintf("%s has the score %s", m[1], m[2]))
				continue
			}
			l.report(s, v)
		}
		return
	}
	v.Basis = "tested by the scanner (" + n.id + ")"
	for _, id := range cveForm.FindAllString(n.output, 64) {
		v.ID = id
		l.report(s, v)
	}
}

// addCPE adds a name to a service.
func addCPE(s *Service, text string) {
	c, ok := ParseCPE(text)
	if !ok || len(s.CPEs) >= maxCPEs {
		return
	}
	name := c.String()
	for _, have := range s.CPEs {
		if have == name {
			return
		}
	}
	s.CPEs = append(s.CPEs, name)
}

// settleCPE names the product of a service that the scan gave no name.
func settleCPE(s *Service) {
	if len(s.CPEs) > 0 || s.Product == "" {
		return
	}
	if c, ok := productCPE(s.Product, s.Version); ok {
		s.CPEs = []string{c.String()}
	}
}

// distributions are words in versions that tell of packages whose holes are
// mended without a new number.
var distributions = []struct{ word, name string }{
	{"ubuntu", "Ubuntu"}, {"debian", "Debian"}, {"raspbian", "Raspbian"}, {".el5", "Enterprise Linux"}, {".el6", "Enterprise Linux"},
	{".el7", "Enterprise Linux"}, {".el8", "Enterprise Linux"}, {".el9", "Enterprise Linux"}, {"centos", "CentOS"}, {"red hat", "Red Hat"},
	{"redhat", "Red Hat"}, {"fedora", "Fedora"}, {"suse", "SUSE"}, {"freebsd", "FreeBSD"}, {"+deb", "Debian"},
}

// versionOf takes the number out of what a scanner calls the version, and the
// distribution that it or what is beside it names.
func versionOf(text, beside string) (number, packaged string) {
	all := strings.ToLower(text + " " + beside)
	for _, d := range distributions {
		if strings.Contains(all, d.word) {
			packaged = d.name
			break
		}
	}
	text = strings.TrimSpace(text)
	first, rest, _ := strings.Cut(text, " ")
	if rest = strings.TrimSpace(rest); strings.HasPrefix(rest, "-") || strings.HasPrefix(rest, "or ") || !isVersion(first) {
		return short(text), packaged // a range: shown, but of no use
	}
	return short(first), packaged
}

var (
	sshBanner    = regexp.MustCompile(`^SSH-[\d.]+-(OpenSSH|dropbear)_([\w.]+)(.*)`)
	serverBanner = regexp.MustCompile(`(?i)(?:^|[\r\n])server: *([\w .-]+?)(?:/([\w.-]+))?(?:[ \r\n(]|$)`)
	ftpBanner    = regexp.MustCompile(`(?i)\b(vsftpd|proftpd|pure-ftpd) ?\(?([\d][\w.]*)?`)
)

// product reads product and version from what a service said.
func product(s *Service, banner string) {
	if len(banner) > 4096 {
		banner = banner[:4096]
	}
	for _, form := range []*regexp.Regexp{sshBanner, serverBanner, ftpBanner} {
		m := form.FindStringSubmatch(banner)
		if m == nil {
			continue
		}
		beside := banner
		s.Product = short(m[1])
		if m[2] != "" {
			s.Version, s.Packaged = versionOf(m[2], beside)
		}
		return
	}
}
