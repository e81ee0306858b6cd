package inventory

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"strconv"
	"strings"

	"seine/flow"
)

// scanLayouts are the layouts of scans.
var scanLayouts = []layout{nmapLayout, grepableLayout, listLayout, jsonLayout, csvLayout}

// begins is the head without a byte order mark and blanks.
func begins(head []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
}

// lines calls take for each line of a text, with its number.
func lines(r io.Reader, take func(line string, n int)) error {
	s := bufio.NewScanner(r)
	s.Buffer(make([]byte, 64<<10), maxLine)
	n := 0
	for s.Scan() {
		n++
		take(strings.TrimPrefix(strings.TrimRight(s.Text(), "\r"), "\ufeff"), n)
	}
	if s.Err() == bufio.ErrTooLong {
		return fmt.Errorf("line %d is longer than %d MB", n+1, maxLine>>20)
	}
	return s.Err()
}

var grepableLayout = layout{
	name: "nmap or masscan grepable (-oG)",
	match: func(head []byte) bool {
		head = begins(head)
		if bytes.HasPrefix(head, []byte("# Nmap ")) || bytes.HasPrefix(head, []byte("# Masscan ")) {
			return true
		}
		line, _, _ := bytes.Cut(head, []byte("\n"))
		return bytes.Contains(line, []byte("Host: ")) && (bytes.Contains(line, []byte("Ports: ")) || bytes.Contains(line, []byte("Status: ")))
	},
	read: readGrepable,
}

func readGrepable(l *loader, f *file) error {
	f.list = "nmap"
	return lines(f.r, func(line string, n int) {
		if strings.HasPrefix(line, "#") {
			if _, when, ok := strings.Cut(line, " initiated "); ok {
				when, _, _ = strings.Cut(when, " as:")
				if at, ok := parseMoment(strings.TrimSpace(when)); ok {
					f.date, f.dated = at, true
				}
			}
			if strings.HasPrefix(line, "# Masscan") {
				f.list = "masscan"
			}
			return
		}
		date, dated := f.date, f.dated
		var addr flow.Addr
		for field := range strings.SplitSeq(line, "\t") {
			name, value, _ := strings.Cut(field, ": ")
			switch name {
			case "Timestamp":
				if s, err := strconv.ParseInt(value, 10, 64); err == nil {
					date, dated = seconds(s)
				}
			case "Host":
				text, _, _ := strings.Cut(value, " ")
				a, err := flow.ParseAddr([]byte(text))
				if err != nil {
					f.fault(n, fmt.Sprintf("%q is no address", short(text)))
					return
				}
				addr = a
			case "Ports":
				if addr == (flow.Addr{}) {
					f.fault(n, "ports without a host")
					return
				}
				for item := range strings.SplitSeq(value, ", ") {
					s, ok := grepablePort(f, n, item)
					if !ok {
						continue
					}
					s.Entry, s.Addr = f.entry(n), addr
					s.Date, s.HasDate = date, dated
					settleCPE(&s)
					l.service(s)
				}
			}
		}
	})
}

// grepablePort reads 22/open/tcp//ssh//OpenSSH 7.4 (protocol 2.0)/.
func grepablePort(f *file, line int, item string) (s Service, ok bool) {
	p := strings.Split(strings.TrimSpace(item), "/")
	if len(p) < 3 {
		f.fault(line, fmt.Sprintf("%q is no port", short(item)))
		return s, false
	}
	if p[1] != "open" {
		return s, false
	}
	port, err := strconv.ParseUint(p[0], 10, 16)
	proto, known := protocol(p[2])
	if err != nil || port == 0 || !known {
		f.fault(line, fmt.Sprintf("%q is no port", short(item)))
		return s, false
	}
	s.Proto, s.Port = proto, uint16(port)
	if len(p) > 4 {
		s.Name = short(p[4])
	}
	if len(p) > 6 { // product and version, in one text
		words := strings.Fields(p[6])
		for i, w := range words {
			if w[0]-'0' <= 9 && i > 0 {
				s.Product = short(strings.Join(words[:i], " "))
				s.Version, s.Packaged = versionOf(w, strings.Join(words[i:], " "))
				return s, true
			}
		}
		s.Product = short(p[6])
	}
	return s, true
}

var listLayout = layout{
	name: "masscan list (-oL)",
	match: func(head []byte) bool {
		head = begins(head)
		return bytes.HasPrefix(head, []byte("#masscan")) || bytes.HasPrefix(head, []byte("open tcp ")) || bytes.HasPrefix(head, []byte("open udp "))
	},
	read: func(l *loader, f *file) error {
		f.list = "masscan"
		return lines(f.r, func(line string, n int) {
			w := strings.Fields(line)
			if len(w) == 0 || strings.HasPrefix(line, "#") || w[0] != "open" && w[0] != "banner" {
				return
			}
			if len(w) < 4 {
				f.fault(n, "want: open PROTOCOL PORT ADDRESS TIME")
				return
			}
			proto, ok := protocol(w[1])
			port, err := strconv.ParseUint(w[2], 10, 16)
			a, errAddr := flow.ParseAddr([]byte(w[3]))
			if !ok || err != nil || port == 0 || errAddr != nil {
				f.fault(n, "want: open PROTOCOL PORT ADDRESS TIME")
				return
			}
			s := Service{Entry: f.entry(n), Addr: a, Proto: proto, Port: uint16(port)}
			if len(w) > 4 {
				if at, err := strconv.ParseInt(w[4], 10, 64); err == nil {
					s.Date, s.HasDate = seconds(at)
				}
			}
			if w[0] == "banner" && len(w) > 6 {
				s.Name = short(w[5])
				product(&s, strings.Join(w[6:], " "))
				settleCPE(&s)
			}
			l.service(s)
		})
	},
}

var jsonLayout = layout{
	name: "masscan, naabu or httpx JSON",
	match: func(head []byte) bool {
		head = begins(head)
		if len(head) == 0 || head[0] != '{' && head[0] != '[' {
			return false
		}
		if head[0] == '[' && len(bytes.Trim(head, "[] \t\r\n")) == 0 {
			return true // nothing found
		}
		for _, word := range []string{`"vulnerabilities"`, `"cve_items"`, `"CVE_Items"`} {
			if bytes.Contains(head, []byte(word)) {
				return false
			}
		}
		has := func(word string) bool { return bytes.Contains(head, []byte(word)) }
		return has(`"port`) && (has(`"ip"`) || has(`"host"`) || has(`"url"`)) && !has(`"src_`) && !has(`"dest_`) && !has(`"id.orig_h"`)
	},
	read: readScanJSON,
}

// A scanObject is an object of any of the scanners that write JSON.
type scanObject struct {
	IP        string          `json:"ip"`
	Host      string          `json:"host"`
	HostIP    string          `json:"host_ip"`
	A         []string        `json:"a"`
	Timestamp json.RawMessage `json:"timestamp"`
	Port      json.RawMessage `json:"port"` // a number, a text, or {"Port":80,"Protocol":0}
	Protocol  string          `json:"protocol"`
	Proto     string          `json:"proto"`
	Ports     []struct {
		Port    int    `json:"port"`
		Proto   string `json:"proto"`
		Status  string `json:"status"`
		Service struct {
			Name   string `json:"name"`
			Banner string `json:"banner"`
		} `json:"service"`
	} `json:"ports"`
	RecType string `json:"rec_type"`
	Data    struct {
		Status string `json:"status"`
	} `json:"data"`
	URL       string   `json:"url"`
	Scheme    string   `json:"scheme"`
	Webserver string   `json:"webserver"`
	Tech      []string `json:"tech"`
	CPE       []struct {
		CPE string `json:"cpe"`
	} `json:"cpe"`
	Failed   bool            `json:"failed"`
	Finished json.RawMessage `json:"finished"`
}

func readScanJSON(l *loader, f *file) error {
	t := newJSONText(f.r)
	err := t.objects(func(raw []byte, line int, err error) {
		if err != nil {
			f.fault(line, err.Error())
			return
		}
		var o scanObject
		if err := json.Unmarshal(raw, &o); err != nil {
			if !bytes.Contains(raw, []byte("finished")) { // the last one of masscan, which is no JSON
				f.fault(line, "no JSON of a scanner: "+err.Error())
			}
			return
		}
		if o.Finished != nil || o.Failed {
			return
		}
		o.services(l, f, line)
	})
	if err == io.ErrUnexpectedEOF && len(l.places) > 0 {
		l.warn("%s:%d: the scan ends in the middle; what came before is used", f.name, t.line)
		return nil
	}
	return err
}

// services adds what an object tells.
func (o *scanObject) services(l *loader, f *file, line int) {
	s := Service{Entry: f.entry(line)}
	s.Date, s.HasDate = o.moment()
	found := false
	for _, text := range append([]string{o.IP, o.HostIP, o.Host}, o.A...) {
		if a, err := flow.ParseAddr([]byte(text)); err == nil {
			s.Addr, found = a, true
			break
		}
	}
	if !found {
		f.fault(line, fmt.Sprintf("no address: %q", short(o.IP+o.Host)))
		return
	}
	for i := range o.Ports { // masscan
		p := &o.Ports[i]
		if p.Status != "" && p.Status != "open" {
			continue
		}
		proto, ok := protocol(p.Proto)
		if !ok || p.Port < 1 || p.Port > 65535 {
			f.fault(line, fmt.Sprintf("%d is no port of %q", p.Port, short(p.Proto)))
			continue
		}
		one := s
		one.Proto, one.Port, one.Name = proto, uint16(p.Port), short(p.Service.Name)
		if p.Service.Banner != "" {
			product(&one, p.Service.Banner)
			settleCPE(&one)
		}
		l.service(one)
	}
	if o.Port == nil || o.RecType != "" && o.Data.Status != "" && o.Data.Status != "open" {
		return
	}
	name, port := "tcp", 0
	if o.Protocol+o.Proto != "" {
		name = o.Protocol + o.Proto
	}
	var older struct{ Port, Protocol int } // naabu before 2.1
	if err := json.Unmarshal(bytes.Trim(o.Port, `"`), &port); err != nil {
		if json.Unmarshal(o.Port, &older) == nil {
			if port = older.Port; older.Protocol == 1 {
				name = "udp"
			}
		}
	}
	proto, ok := protocol(name)
	if !ok || port < 1 || port > 65535 {
		f.fault(line, fmt.Sprintf("%s is no port of %q", short(string(o.Port)), short(name)))
		return
	}
	s.Proto, s.Port = proto, uint16(port)
	if o.URL != "" { // httpx
		s.Name = short(o.Scheme)
		product(&s, "Server: "+o.Webserver+"\n")
		for _, t := range o.Tech[:min(len(o.Tech), 64)] {
			what, version, _ := strings.Cut(t, ":")
			if c, ok := productCPE(what, version); ok && version != "" {
				addCPE(&s, c.String())
			}
		}
		for i := range o.CPE[:min(len(o.CPE), maxCPEs)] {
			addCPE(&s, o.CPE[i].CPE)
		}
		if c, ok := productCPE(s.Product, s.Version); ok && s.Version != "" {
			addCPE(&s, c.String())
		}
	}
	l.service(s)
}

func (o *scanObject) moment() (flow.Time, bool) {
	text := string(bytes.Trim(o.Timestamp, `"`))
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		return seconds(n)
	}
	return parseMoment(text)
}
