package report

import (
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"seine/analyzer"
	"seine/analyzer/stats"
	"seine/flow"
)

// StatsFormats are the outputs of a summing up of flows.
func StatsFormats() []string { return []string{"table", "json", "ndjson", "csv", "html"} }

// WriteStats writes what flows sum up to in one of StatsFormats. Width and
// Color are of the table.
func WriteStats(w io.Writer, format string, r *stats.Result, o Options) error {
	var b []byte
	switch format {
	case "table":
		b = statsText(r, o)
	case "json":
		return writeStatsJSON(w, r)
	case "ndjson":
		return writeStatsLines(w, r)
	case "csv":
		return writeStatsCSV(w, r)
	case "html":
		return writeStatsPage(w, r, o)
	default:
		return fmt.Errorf("unknown format %q (known: %s)%s", format, strings.Join(StatsFormats(), ", "), analyzer.DidYouMean(format, StatsFormats()))
	}
	_, err := w.Write(b)
	return err
}

// WriteRead tells people what was read, but for what the caller tells by
// itself: told, as in Options. It is meant for standard error, so that an
// error of w is of no interest.
func WriteRead(w io.Writer, t *analyzer.Taken, told error) {
	s := &analyzer.Summary{Files: t.Files, Bad: t.Bad}
	var text summaryText
	text.input(s)
	line := plural(t.Records, "record") + " read"
	if t.Bad > 0 {
		line += ", " + thousands(t.Bad) + " bad"
	}
	if t.Skipped > 0 {
		line += ", " + thousands(t.Skipped) + " skipped (headers, comments)"
	}
	text.line("rows", "%s", line)
	text.stitching(t.Stitched, t.Filtered)
	text.faults(s, told)
	_, _ = w.Write(text.Bytes())
}

// A statsColumn is one number of a group.
type statsColumn struct {
	title string // of people's table
	name  string // of JSON and CSV
	// keep says which columns go first where there is no room for all: 0
	// never goes, the highest goes first.
	keep   int
	have   func(*stats.Row) bool
	text   func(*stats.Row) string // for people
	exact  func(*stats.Row) string // for programs; the same as JSON
	quoted bool                    // exact is a text in JSON
}

func sized(r *stats.Row) bool   { return r.Sized > 0 }
func counted(r *stats.Row) bool { return r.Counted > 0 }
func timed(r *stats.Row) bool   { return r.Timed > 0 }
func dated(r *stats.Row) bool   { return r.Dated }
func always(*stats.Row) bool    { return true }

func hasUp(r *stats.Row) bool          { return r.HasUp() }
func hasDown(r *stats.Row) bool        { return r.HasDown() }
func hasPacketsUp(r *stats.Row) bool   { return r.HasPacketsUp() }
func hasPacketsDown(r *stats.Row) bool { return r.HasPacketsDown() }

// bothSides tells what either side sent, as far as it is known.
func bothSides(up, down string, hasUp, hasDown bool) string {
	switch {
	case hasUp && hasDown:
		return up + " up, " + down + " down"
	case hasUp:
		return up + " up, down unknown"
	case hasDown:
		return "up unknown, " + down + " down"
	}
	return ""
}

// statsColumns are the numbers of any group, in their order.
var statsColumns = sync.OnceValue(makeStatsColumns)

func makeStatsColumns() []statsColumn {
	whole := func(get func(*stats.Row) uint64) func(*stats.Row) string {
		return func(r *stats.Row) string { return strconv.FormatUint(get(r), 10) }
	}
	bytes := func(get func(*stats.Row) uint64) func(*stats.Row) string {
		return func(r *stats.Row) string { return volume(float64(get(r))) }
	}
	count := func(get func(*stats.Row) uint64) func(*stats.Row) string {
		return func(r *stats.Row) string { return thousands(get(r)) }
	}
	moment := func(get func(*stats.Row) flow.Time) func(*stats.Row) string {
		return func(r *stats.Row) string { return get(r).String() }
	}
	clock := func(get func(*stats.Row) flow.Time) func(*stats.Row) string {
		return func(r *stats.Row) string { return get(r).UTC().Format("2006-01-02 15:04:05") }
	}
	flows := func(r *stats.Row) uint64 { return r.Flows }
	all := func(r *stats.Row) uint64 { return r.Bytes() }
	up := func(r *stats.Row) uint64 { return r.Up }
	down := func(r *stats.Row) uint64 { return r.Down }
	packets := func(r *stats.Row) uint64 { return r.Packets() }
	packetsUp := func(r *stats.Row) uint64 { return r.PacketsUp }
	packetsDown := func(r *stats.Row) uint64 { return r.PacketsDown }
	first := func(r *stats.Row) flow.Time { return r.First }
	last := func(r *stats.Row) flow.Time { return r.Last }
	rate := func(n func(*stats.Row) uint64, times float64) func(*stats.Row) float64 {
		return func(r *stats.Row) float64 { return times * float64(n(r)) / (float64(r.Span()) / 1e9) }
	}
	lasting := func(has func(*stats.Row) bool) func(*stats.Row) bool {
		return func(r *stats.Row) bool { return has(r) && r.Dated && r.Span() > 0 }
	}
	bps, pps := rate(all, 8), rate(packets, 1)
	meanBytes := func(r *stats.Row) float64 { return float64(r.Bytes()) / float64(r.Sized) }
	perPacket := func(r *stats.Row) float64 { return float64(r.Bytes()) / float64(r.Packets()) }
	meanTime := func(r *stats.Row) float64 { return float64(r.Duration) / 1e9 / float64(r.Timed) }
	float := func(get func(*stats.Row) float64) func(*stats.Row) string {
		return func(r *stats.Row) string { return strconv.FormatFloat(get(r), 'f', -1, 64) }
	}
	return []statsColumn{
		{title: "flows", name: "flows", keep: 1, have: always, text: count(flows), exact: whole(flows)},
		{title: "bytes", name: "bytes", keep: 1, have: sized, text: bytes(all), exact: whole(all)},
		{title: "up", name: "src_bytes", keep: 4, have: hasUp, text: bytes(up), exact: whole(up)},
		{title: "down", name: "dst_bytes", keep: 4, have: hasDown, text: bytes(down), exact: whole(down)},
		{title: "packets", name: "packets", keep: 3, have: counted, text: count(packets), exact: whole(packets)},
		{name: "src_pkts", title: "packets up", keep: 9, have: hasPacketsUp, text: count(packetsUp), exact: whole(packetsUp)},
		{name: "dst_pkts", title: "packets down", keep: 9, have: hasPacketsDown, text: count(packetsDown), exact: whole(packetsDown)},
		{title: "first seen", name: "first", keep: 5, have: dated, text: clock(first), exact: moment(first), quoted: true},
		{title: "last seen", name: "last", keep: 6, have: dated, text: clock(last), exact: moment(last), quoted: true},
		{title: "bit/s", name: "bps", keep: 7, have: lasting(sized), exact: float(bps),
			text: func(r *stats.Row) string { return strings.TrimSpace(scaled(round3(bps(r)), " ")) }},
		{title: "packet/s", name: "pps", keep: 9, have: lasting(counted), exact: float(pps),
			text: func(r *stats.Row) string { return strings.TrimSpace(scaled(round3(pps(r)), " ")) }},
		{title: "bytes/flow", name: "bytes_per_flow", keep: 7, have: sized, exact: float(meanBytes),
			text: func(r *stats.Row) string { return volume(round3(meanBytes(r))) }},
		{title: "bytes/packet", name: "bytes_per_packet", keep: 9, exact: float(perPacket),
			have: func(r *stats.Row) bool { return r.Sized > 0 && r.Packets() > 0 },
			text: func(r *stats.Row) string { return volume(round3(perPacket(r))) }},
		{title: "all durations", name: "duration", keep: 9, have: timed,
			text:  func(r *stats.Row) string { return span(time.Duration(r.Duration)) },
			exact: func(r *stats.Row) string { return string(appendSeconds(nil, r.Duration)) }},
		{title: "mean duration", name: "mean_duration", keep: 8, have: timed, exact: float(meanTime),
			text: func(r *stats.Row) string { return span(time.Duration(meanTime(r) * 1e9)) }},
	}
}

// round3 keeps three digits behind the point, so that what is shown does not
// hang on the last bits of a division.
func round3(v float64) float64 {
	if v > 1e15 {
		return v
	}
	return float64(int64(v*1000+0.5)) / 1000
}

// keyText is a value of a field for people.
func keyText(r *stats.Row, i int) string {
	if r.Absent[i] {
		return "(none)"
	}
	if r.Key[i] == "" {
		return `""`
	}
	return clean(r.Key[i])
}

// heading names a table: "Top 10 of 812: src_ip, dst_port by bytes".
func heading(t *stats.Table) string {
	what := strings.Join(t.By, ", ")
	n := thousands(t.Groups)
	switch {
	case t.Approx && t.Having != "":
		n = "at least " + n
	case t.Approx:
		n = "more than " + thousands(max(t.Groups, uint64(t.Limit)))
	}
	by := " by " + t.Sort
	if t.Sort == "key" {
		by = ""
	}
	shown := uint64(len(t.Rows))
	switch {
	case shown == t.Groups && !t.Approx:
		return fmt.Sprintf("%s%s: all %s", what, by, n)
	case t.Ascend && t.Sort != "key":
		return fmt.Sprintf("%s%s: the last %s of %s", what, by, thousands(shown), n)
	case t.Sort == "key":
		return fmt.Sprintf("%s: the first %s of %s", what, thousands(shown), n)
	}
	return fmt.Sprintf("%s%s: the top %s of %s", what, by, thousands(shown), n)
}

// unsorted reports whether the rows were to be ranked by a number that none of
// them has.
func unsorted(t *stats.Table) bool {
	for _, c := range statsColumns() {
		if c.name == t.Sort {
			return len(t.Rows) > 0 && !slices.ContainsFunc(t.Rows, func(r stats.Row) bool { return c.have(&r) })
		}
	}
	return false
}

// statsNotes tell what to know about the numbers of a table.
func statsNotes(t *stats.Table) []string {
	var notes []string
	if t.Having != "" {
		notes = append(notes, "only those with "+clean(t.Having))
	}
	if unsorted(t) {
		notes = append(notes, "no flow has "+t.Sort+": the order is that of the values")
	}
	if t.Either {
		notes = append(notes, "a flow counts for both its ends; up is what this end sent")
	}
	if t.Approx {
		notes = append(notes, fmt.Sprintf("there are more groups than --max-groups %d: the lightest were forgotten. What is shown was there; "+
			"a row may lack of its %s at most what stands under \"lacks\", and who is not in the table had at most %s",
			t.Limit, t.Weighed, quantity(t.Bound, unitOf(t.Weighed))))
		if t.Sort != t.Weighed {
			notes = append(notes, fmt.Sprintf("the order by %s is of the groups that were kept for their %s", t.Sort, t.Weighed))
		}
	}
	for _, r := range t.Rows {
		for i, d := range r.Distinct {
			if d.Error > 0 {
				notes = append(notes, fmt.Sprintf("%s are estimates with the standard error behind ±", t.Counts[i]))
				return notes
			}
		}
	}
	return notes
}
