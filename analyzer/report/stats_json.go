package report

import (
	"encoding/csv"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"seine/analyzer/stats"
)

const statsLayout = "seine.stats/1"

// A stream writes what an object gathers, in parts: there may be millions of
// rows.
type stream struct {
	object
	w   io.Writer
	err error
}

// flush writes all but the last byte, which tells what may follow, once there
// is enough of it.
func (s *stream) flush() {
	if len(s.b) < bufferSize {
		return
	}
	last := s.b[len(s.b)-1]
	if _, err := s.w.Write(s.b[:len(s.b)-1]); s.err == nil {
		s.err = err
	}
	s.b = append(s.b[:0], last)
}

func (s *stream) end() error {
	if s.err == nil {
		_, s.err = s.w.Write(s.b)
	}
	return s.err
}

// writeStatsJSON writes one JSON document.
func writeStatsJSON(w io.Writer, r *stats.Result) error {
	o := &stream{w: w, object: object{b: []byte("{")}}
	o.text("schema", statsLayout)
	o.key("total")
	o.open()
	o.group(&stats.Row{Group: r.Total})
	o.shut()
	if len(r.Distinct) > 0 {
		o.key("distinct")
		o.open()
		for _, d := range r.Distinct {
			o.distinct(d.Name, d.Distinct)
		}
		o.shut()
	}
	if r.Overview {
		o.key("percentiles")
		o.open()
		for _, p := range r.Percentiles {
			o.key(p.Of)
			o.open()
			put := o.number
			if p.Unit == "s" {
				put = func(name string, v uint64) { o.float(name, time.Duration(v).Seconds()) }
			}
			o.number("n", p.N)
			put("min", p.Min)
			put("p50", p.P50)
			put("p90", p.P90)
			put("p95", p.P95)
			put("p99", p.P99)
			put("max", p.Max)
			if !p.Exact {
				o.float("relative_error", stats.QuantileError)
			}
			o.shut()
		}
		o.shut()
	}
	if s := r.Series; s != nil {
		o.key("series")
		o.open()
		o.seriesHead(s)
		o.bins("flows", s, func(b stats.Bin) uint64 { return b.Flows })
		if r.Total.Sized > 0 {
			o.bins("bytes", s, func(b stats.Bin) uint64 { return b.Bytes })
		}
		if r.Total.Counted > 0 {
			o.bins("packets", s, func(b stats.Bin) uint64 { return b.Packets })
		}
		o.shut()
	}
	o.array("tables", len(r.Tables), func(i int) {
		t := &r.Tables[i]
		o.b = append(o.b, "\n{"...)
		o.tableHead(t)
		o.array("rows", len(t.Rows), func(j int) {
			o.b = append(o.b, '\n')
			o.open()
			o.row(t, &t.Rows[j])
			o.shut()
			o.flush()
		})
		o.shut()
	})
	o.b = append(o.b, "}\n"...)
	return o.end()
}

func (o *object) seriesHead(s *stats.Series) {
	if len(s.Bins) > 0 || s.Start != 0 {
		o.text("start", s.Start.String())
	}
	o.float("width_s", time.Duration(s.Width).Seconds())
	if s.Asked > 0 {
		o.float("asked_s", time.Duration(s.Asked).Seconds())
	}
}

func (o *object) bins(name string, s *stats.Series, get func(stats.Bin) uint64) {
	o.array(name, len(s.Bins), func(i int) { o.b = strconv.AppendUint(o.b, get(s.Bins[i]), 10) })
}

func (o *object) tableHead(t *stats.Table) {
	o.texts("by", t.By)
	o.text("sort", t.Sort)
	if t.Ascend {
		o.flag("ascending", true)
	}
	if t.Having != "" {
		o.text("having", t.Having)
	}
	o.number("groups", t.Groups)
	o.text("share_of", t.Share)
	if t.Approx {
		o.key("approximate")
		o.open()
		o.number("max_groups", uint64(t.Limit))
		o.text("measure", t.Weighed)
		o.number("missed_at_most", t.Bound)
		o.shut()
	}
	if t.Series != nil {
		o.key("series")
		o.open()
		o.seriesHead(t.Series)
		o.text("measure", t.Drawn)
		o.shut()
	}
}

// row appends the members of one group.
func (o *object) row(t *stats.Table, r *stats.Row) {
	for i, name := range t.By {
		o.key(name)
		switch {
		case r.Absent[i]:
			o.b = append(o.b, "null"...)
		case t.Numbers[i]:
			o.b = append(o.b, r.Key[i]...)
		default:
			o.b = quote(o.b, r.Key[i])
		}
	}
	o.group(r)
	o.float("share", r.Share)
	if !t.Either {
		o.float("cumulated", r.Cumul)
	}
	for i, name := range t.Counts {
		o.distinct(name, r.Distinct[i])
	}
	if t.Approx {
		o.number("missed_at_most", r.Missed())
	}
	if t.Series != nil && r.Series != nil {
		o.array("series", len(r.Series), func(i int) { o.b = strconv.AppendUint(o.b, r.Series[i], 10) })
		if r.Partial {
			o.flag("series_partial", true)
		}
	}
}

// group appends the numbers that a group has; what no flow had is left out.
func (o *object) group(r *stats.Row) {
	for _, c := range statsColumns() {
		if !c.have(r) {
			continue
		}
		o.key(c.name)
		if c.quoted {
			o.b = quote(o.b, c.exact(r))
		} else {
			o.b = append(o.b, c.exact(r)...)
		}
	}
}

func (o *object) distinct(name string, d stats.Distinct) {
	o.number(name, d.N)
	if d.Error > 0 {
		o.float(name+"_error", d.Error)
	}
}

// writeStatsLines writes a JSON object for the totals and for each row.
func writeStatsLines(w io.Writer, r *stats.Result) error {
	o := &stream{w: w, object: object{b: []byte("{")}}
	o.text("kind", "total")
	o.group(&stats.Row{Group: r.Total})
	for _, d := range r.Distinct {
		o.distinct("distinct("+d.Name+")", d.Distinct)
	}
	o.b = append(o.b, "}\n"...)
	if s := r.Series; s != nil {
		at := s.Start
		for _, bin := range s.Bins {
			o.open()
			o.text("kind", "bin")
			o.text("time", at.String())
			o.float("width_s", time.Duration(s.Width).Seconds())
			o.number("flows", bin.Flows)
			if r.Total.Sized > 0 {
				o.number("bytes", bin.Bytes)
			}
			if r.Total.Counted > 0 {
				o.number("packets", bin.Packets)
			}
			o.b = append(o.b, "}\n"...)
			at = at.Add(s.Width)
		}
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		for j := range t.Rows {
			o.open()
			o.text("kind", "group")
			o.texts("by", t.By)
			o.number("rank", uint64(j+1))
			o.row(t, &t.Rows[j])
			o.b = append(o.b, "}\n"...)
			o.flush()
		}
	}
	return o.end()
}

// writeStatsCSV writes the rows of all tables; the columns of the fields are
// those of all of them together.
func writeStatsCSV(w io.Writer, r *stats.Result) error {
	out := csv.NewWriter(w)
	var fields, counts []string
	approx := false
	for _, t := range r.Tables {
		for _, f := range t.By {
			if !slices.Contains(fields, f) {
				fields = append(fields, f)
			}
		}
		for _, c := range t.Counts {
			if !slices.Contains(counts, c) {
				counts = append(counts, c)
			}
		}
		approx = approx || t.Approx
	}
	columns := statsColumns()
	header := append([]string{"table", "rank"}, fields...)
	for _, c := range columns {
		header = append(header, c.name)
	}
	header = append(header, "share", "cumulated")
	for _, c := range counts {
		header = append(header, c, c+"_error")
	}
	if approx {
		header = append(header, "missed_at_most", "missed_of")
	}
	if err := out.Write(header); err != nil {
		return err
	}
	for i := range r.Tables {
		t := &r.Tables[i]
		name := cell(strings.Join(t.By, ","))
		for j := range t.Rows {
			row := &t.Rows[j]
			line := []string{name, strconv.Itoa(j + 1)}
			for _, f := range fields {
				if k := slices.Index(t.By, f); k >= 0 {
					line = append(line, cell(row.Key[k]))
				} else {
					line = append(line, "")
				}
			}
			for _, c := range columns {
				if c.have(row) {
					line = append(line, c.exact(row))
				} else {
					line = append(line, "")
				}
			}
			line = append(line, strconv.FormatFloat(row.Share, 'f', -1, 64))
			if t.Either {
				line = append(line, "")
			} else {
				line = append(line, strconv.FormatFloat(row.Cumul, 'f', -1, 64))
			}
			for _, c := range counts {
				if k := slices.Index(t.Counts, c); k >= 0 {
					line = append(line, strconv.FormatUint(row.Distinct[k].N, 10), strconv.FormatFloat(row.Distinct[k].Error, 'f', -1, 64))
				} else {
					line = append(line, "", "")
				}
			}
			if approx {
				line = append(line, strconv.FormatUint(row.Missed(), 10), t.Weighed)
			}
			if err := out.Write(line); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}
