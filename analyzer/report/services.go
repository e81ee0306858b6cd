package report

import (
	"bufio"
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"

	"seine/analyzer/services"
	"seine/flow"
	"seine/flow/enrich/inventory"
)

const servicesLayout = "seine.services/1"

// ServiceFormats are the formats of WriteServices.
func ServiceFormats() []string { return []string{"table", "json", "ndjson", "csv"} }

// WriteServices writes services in one of ServiceFormats, the first
// Options.Top of them, or all for 0.
func WriteServices(w io.Writer, format string, res *services.Result, o Options) error {
	out := bufio.NewWriterSize(w, bufferSize)
	shown := res.Services
	if o.Top > 0 && len(shown) > o.Top {
		shown = shown[:o.Top]
	}
	var err error
	switch format {
	case "json":
		servicesJSON(out, res, shown)
	case "ndjson":
		for i := range shown {
			b := newEncoder(o).service(nil, &shown[i], res.Inventory)
			_, _ = out.Write(append(b, '\n'))
		}
	case "csv":
		err = servicesCSV(out, res, shown)
	default:
		servicesTable(out, res, shown, o)
	}
	if err != nil {
		return err
	}
	return out.Flush()
}

func servicesJSON(w *bufio.Writer, res *services.Result, shown []services.Service) {
	o := object{b: []byte(`{"schema":"` + servicesLayout + `"`)}
	o.number("services_found", uint64(len(res.Services)))
	o.number("seen", uint64(res.Seen))
	o.number("client_ports_left_out", uint64(res.Ephemeral))
	o.number("flows_to_outside_left_out", res.Elsewhere)
	o.number("flows_dropped", res.Dropped)
	o.key("services")
	o.b = append(o.b, '[')
	e := newEncoder(Options{})
	for i := range shown {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = e.service(append(o.b, '\n'), &shown[i], res.Inventory)
	}
	if len(shown) > 0 {
		o.b = append(o.b, '\n')
	}
	_, _ = w.Write(append(o.b, "]}\n"...))
}

// service appends a service as an object. What is not known is left out.
func (e *encoder) service(b []byte, s *services.Service, joined bool) []byte {
	o := object{b: append(b, '{')}
	o.text("ip", s.Addr.String())
	o.number("port", uint64(s.Port))
	o.text("protocol", s.Proto.String())
	if s.Name != "" {
		o.text("service", s.Name)
	}
	o.flag("seen", s.Seen)
	if s.Seen {
		o.number("clients", s.Clients)
		o.number("outside_clients", s.Outside)
		if s.AtLeast {
			o.flag("more_clients", true)
		}
		o.number("flows", s.Flows)
		o.number("bytes_in", s.In)
		o.number("bytes_out", s.Out)
		o.moment("first_seen", e, s.First)
		o.moment("last_seen", e, s.Last)
	}
	if joined {
		o.text("inventory", s.Standing(true))
	}
	if v := s.Scan; v != nil {
		if v.Product != "" {
			o.text("product", v.Product)
		}
		if v.Version != "" {
			o.text("version", v.Version)
		}
		if v.Packaged != "" {
			o.text("packaged_by", v.Packaged)
		}
		if len(v.CPEs) > 0 {
			o.texts("cpe", v.CPEs)
		}
		o.text("source", placeOf(v.File, v.Line))
		if v.HasDate {
			o.moment("scanned", e, v.Date)
		}
		o.number("vulnerabilities", uint64(len(v.CVEs)))
		o.array("worst", min(len(v.CVEs), 5), func(i int) { o.vulnerability(e, &v.CVEs[i]) })
	}
	return append(o.b, '}')
}

func (o *object) vulnerability(e *encoder, v *inventory.Vulnerability) {
	o.open()
	o.text("cve", v.ID)
	if v.CVSS > 0 {
		o.float("cvss", v.CVSS)
	}
	if v.EPSS > 0 {
		o.float("epss", v.EPSS)
	}
	o.flag("kev", v.KEV)
	if v.KEV {
		o.text("kev_source", v.KEVSource)
		if v.KEVSince != 0 {
			o.moment("kev_since", e, v.KEVSince)
		}
		o.flag("ransomware", v.Ransomware)
	}
	o.text("basis", v.Basis)
	o.text("source", placeOf(v.File, v.Line))
	o.shut()
}

func placeOf(file string, line int) string {
	if line == 0 {
		return file
	}
	return file + ":" + strconv.Itoa(line)
}

// serviceColumns are fixed: a new one may only be added at the end. They make a
// file that --inventory takes.
var serviceColumns = []string{
	"address", "port", "protocol", "service", "product", "version", "cpe", "cve", "seen", "clients", "outside_clients", "flows",
	"bytes_in", "bytes_out", "first_seen", "last_seen", "inventory", "source", "scanned_at", "cvss", "epss", "kev", "ransomware", "basis",
}

func servicesCSV(w io.Writer, res *services.Result, shown []services.Service) error {
	out := csv.NewWriter(w)
	if err := out.Write(serviceColumns); err != nil {
		return err
	}
	number := func(n uint64) string { return strconv.FormatUint(n, 10) }
	score := func(v float64) string {
		if v == 0 {
			return ""
		}
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	for i := range shown {
		s := &shown[i]
		row := make([]string, len(serviceColumns))
		row[0], row[1], row[2], row[3] = s.Addr.String(), number(uint64(s.Port)), s.Proto.String(), cell(s.Name)
		row[8] = strconv.FormatBool(s.Seen)
		if s.Seen {
			row[9], row[10], row[11], row[12], row[13] = number(s.Clients), number(s.Outside), number(s.Flows), number(s.In), number(s.Out)
			row[14], row[15] = s.First.String(), s.Last.String()
		}
		row[16] = s.Standing(res.Inventory)
		if v := s.Scan; v != nil {
			row[4], row[5], row[6] = cell(v.Product), cell(v.Version), cell(strings.Join(v.CPEs, " "))
			var ids []string
			for j := range v.CVEs {
				ids = append(ids, v.CVEs[j].ID)
			}
			row[7], row[17] = cell(strings.Join(ids, " ")), cell(placeOf(v.File, v.Line))
			if v.HasDate {
				row[18] = v.Date.String()
			}
			if worst := v.Worst(); worst != nil {
				row[19], row[20], row[21], row[22] = score(worst.CVSS), score(worst.EPSS), strconv.FormatBool(worst.KEV), strconv.FormatBool(worst.Ransomware)
				row[23] = cell(worst.Basis)
			}
		}
		if err := out.Write(row); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func servicesTable(w io.Writer, res *services.Result, shown []services.Service, o Options) {
	if len(res.Services) == 0 {
		fmt.Fprintln(w, "No service of the network was seen answering.")
	} else {
		cells := [][]string{{"server", "port", "service", "clients", "outside", "flows", "bytes", "first seen (UTC)", "last seen"}}
		if res.Inventory {
			cells[0] = append(cells[0], "scan", "product", "may have")
		}
		for i := range shown {
			cells = append(cells, serviceCells(&shown[i], res.Inventory))
		}
		for _, line := range aligned(narrowed(cells, o.Width)) {
			fmt.Fprintln(w, line)
		}
	}
	if more := len(res.Services) - len(shown); more > 0 {
		fmt.Fprintf(w, "%s not shown (--top 0 shows all)\n", plural(uint64(more), "more service"))
	}
	if o.Verbose {
		for i := range shown {
			serviceDetails(w, &shown[i])
		}
	}
	if res.Ephemeral > 0 {
		fmt.Fprintf(w, "left out: %s with few clients that may be a client's own (--any-port shows them)\n", plural(uint64(res.Ephemeral), "port"))
	}
	if res.Elsewhere > 0 && res.Seen == 0 {
		fmt.Fprintf(w, "%s to servers elsewhere left out: --outside shows them, --internal PREFIX names networks of your own\n", plural(res.Elsewhere, "flow"))
	}
	if res.Dropped > 0 {
		fmt.Fprintf(w, "%s to further services that there was no room for\n", plural(res.Dropped, "flow"))
	}
}

func serviceCells(s *services.Service, joined bool) []string {
	row := []string{s.Addr.String(), fmt.Sprintf("%d/%s", s.Port, s.Proto), clean(s.Name)}
	if s.Seen {
		clients := thousands(s.Clients)
		if s.AtLeast {
			clients = "≥ " + clients
		}
		row = append(row, clients, thousands(s.Outside), thousands(s.Flows), volume(float64(s.In)+float64(s.Out)), minute(s.First), minute(s.Last))
	} else {
		row = append(row, "-", "-", "-", "-", "-", "-")
	}
	if !joined {
		return row
	}
	product, may := "", ""
	if v := s.Scan; v != nil {
		product = clean(strings.TrimSpace(v.Product + " " + v.Version))
		if v.Packaged != "" && product != "" {
			product += " (" + clean(v.Packaged) + ")"
		}
		if worst := v.Worst(); worst != nil {
			may = clean(worst.ID)
			if worst.CVSS > 0 {
				may += " CVSS " + strconv.FormatFloat(worst.CVSS, 'f', 1, 64)
			}
			if worst.KEV {
				may += ", exploited"
			}
			if n := len(v.CVEs) - 1; n > 0 {
				may += fmt.Sprintf(" and %d more", n)
			}
		}
	}
	return append(row, s.Standing(true), product, may)
}

// minute writes a time to the minute.
func minute(t flow.Time) string { return t.UTC().Format("2006-01-02 15:04") }

// narrowed cuts the product, and leaves columns out, until the rows fit.
func narrowed(cells [][]string, total int) [][]string {
	if total <= 0 {
		return cells
	}
	for _, drop := range []string{"", "first seen (UTC)", "bytes", "flows", "last seen", "product"} {
		for c, title := range cells[0] {
			if title != drop {
				continue
			}
			for i, row := range cells {
				cells[i] = append(row[:c:c], row[c+1:]...)
			}
			break
		}
		wide := 0
		for c := range cells[0] {
			widest := 0
			for _, row := range cells {
				widest = max(widest, width(row[c]))
			}
			wide += widest + gap
		}
		if wide-gap <= total {
			break
		}
	}
	return cells
}

// serviceDetails writes where what is known of a service comes from.
func serviceDetails(w io.Writer, s *services.Service) {
	v := s.Scan
	if v == nil {
		return
	}
	fmt.Fprintf(w, "\n%s %d/%s: %s", s.Addr, s.Port, s.Proto, clean(placeOf(v.File, v.Line)))
	if v.HasDate {
		fmt.Fprintf(w, ", scanned %s", v.Date)
	}
	fmt.Fprintln(w)
	for i := range v.CVEs {
		c := &v.CVEs[i]
		if i == 10 {
			fmt.Fprintf(w, "    and %d more\n", len(v.CVEs)-i)
			break
		}
		fmt.Fprintf(w, "    %s", clean(c.ID))
		if c.CVSS > 0 {
			fmt.Fprintf(w, "  CVSS %.1f", c.CVSS)
		}
		if c.EPSS > 0 {
			fmt.Fprintf(w, "  EPSS %.2f", c.EPSS)
		}
		if c.KEV {
			fmt.Fprintf(w, "  known to be exploited (%s)", clean(c.KEVSource))
		}
		if c.Ransomware {
			fmt.Fprint(w, ", by ransomware too")
		}
		fmt.Fprintf(w, "  %s (%s)\n", clean(c.Basis), clean(placeOf(c.File, c.Line)))
	}
}
