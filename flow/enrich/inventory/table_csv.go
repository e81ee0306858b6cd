package inventory

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"

	"seine/flow"
)

// csvNames are the columns that a CSV file may have, and their other names.
var csvNames = map[string]string{
	"address": "address", "ip": "address", "ip_address": "address", "server": "address", "host": "address", "addr": "address",
	"port": "port", "dst_port": "port", "portid": "port",
	"protocol": "protocol", "proto": "protocol",
	"name": "name", "service": "name",
	"product": "product", "version": "version",
	"cpe": "cpe", "cpes": "cpe",
	"cve": "cve", "cves": "cve",
	"date": "date", "last_seen": "date", "scanned": "date", "scan_date": "date",
}

var csvLayout = layout{
	name: "CSV with the columns address and port",
	match: func(head []byte) bool {
		_, columns := csvColumns(splitHeader(headerOf(head)))
		return columns["address"] && columns["port"]
	},
	read: readCSV,
}

// headerOf is the first line that is no comment.
func headerOf(head []byte) string {
	for line := range strings.Lines(string(begins(head))) {
		if line = strings.TrimSpace(line); line != "" && line[0] != '#' {
			return line
		}
	}
	return ""
}

func separator(line string) rune {
	for _, c := range ",;\t" {
		if strings.ContainsRune(line, c) {
			return c
		}
	}
	return ','
}

func splitHeader(line string) []string {
	return strings.Split(strings.TrimRight(line, "\r"), string(separator(line)))
}

// csvColumns names the columns of a header, empty where it is none of ours.
func csvColumns(header []string) (names []string, have map[string]bool) {
	have = map[string]bool{}
	for _, h := range header {
		name := csvNames[strings.ToLower(strings.Trim(strings.TrimSpace(h), `"`))]
		if have[name] {
			name = ""
		}
		names = append(names, name)
		if name != "" {
			have[name] = true
		}
	}
	return names, have
}

func readCSV(l *loader, f *file) error {
	head := make([]byte, 8192)
	n, err := io.ReadFull(f.r, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return err
	}
	head = head[:n]
	bound := &lineBound{r: io.MultiReader(bytes.NewReader(begins(head)), f.r)}
	r := csv.NewReader(bound)
	r.Comma, r.FieldsPerRecord, r.LazyQuotes, r.ReuseRecord, r.Comment = separator(headerOf(head)), -1, true, true, '#'
	header, err := r.Read()
	if err != nil {
		return err
	}
	names, _ := csvColumns(header)
	for {
		row, err := r.Read()
		if err == io.EOF {
			return nil
		}
		line := 1
		if err == nil {
			line, _ = r.FieldPos(0)
		}
		var broken *csv.ParseError
		if errors.As(err, &broken) {
			f.fault(broken.Line, broken.Err.Error())
			continue
		}
		if err != nil {
			return err
		}
		if err := l.csvRow(f, names, row, line); err != nil {
			f.fault(line, err.Error())
		}
	}
}

// csvRow adds the service of a row. A row with no port is that of a host.
func (l *loader) csvRow(f *file, names, row []string, line int) error {
	s := Service{Entry: f.entry(line), Proto: flow.TCP}
	var cves []string
	place := false
	for i, v := range row {
		if i >= len(names) {
			break
		}
		v = strings.TrimPrefix(strings.TrimSpace(v), "'") // as before a formula
		if v == "" {
			continue
		}
		switch names[i] {
		case "address":
			a, err := flow.ParseAddr([]byte(v))
			if err != nil {
				return fmt.Errorf("%q is no address", short(v))
			}
			s.Addr = a
		case "port":
			p, err := strconv.ParseUint(v, 10, 16)
			if err != nil || p == 0 {
				return fmt.Errorf("%q is no port", short(v))
			}
			s.Port, place = uint16(p), true
		case "protocol":
			proto, ok := protocol(v)
			if !ok {
				return fmt.Errorf("%q is none of tcp, udp, sctp", short(v))
			}
			s.Proto = proto
		case "name":
			s.Name = short(v)
		case "product":
			s.Product = short(v)
		case "version":
			s.Version, s.Packaged = versionOf(v, "")
		case "cpe":
			for _, c := range strings.FieldsFunc(v, func(r rune) bool { return r == ' ' || r == ';' || r == '|' }) {
				addCPE(&s, c)
			}
		case "cve":
			cves = cveForm.FindAllString(strings.ToUpper(v), maxCVEs)
		case "date":
			at, ok := parseMoment(v)
			if !ok {
				return fmt.Errorf("%q is no date", short(v))
			}
			s.Date, s.HasDate = at, true
		}
	}
	if s.Addr == (flow.Addr{}) || !place {
		return errors.New("no address or no port")
	}
	settleCPE(&s)
	kept := l.service(s)
	for _, id := range cves {
		l.report(kept, Vulnerability{Entry: s.Entry, ID: id, Basis: "reported by the inventory"})
	}
	return nil
}

// A lineBound stops a reader that holds whole records at one without an end.
type lineBound struct {
	r io.Reader
	n int // bytes since the last newline
}

func (b *lineBound) Read(p []byte) (int, error) {
	n, err := b.r.Read(p)
	if i := bytes.LastIndexByte(p[:n], '\n'); i >= 0 {
		b.n = n - i
	} else if b.n += n; b.n > maxLine {
		return 0, fmt.Errorf("a line is longer than %d MB", maxLine>>20)
	}
	return n, err
}
