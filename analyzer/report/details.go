package report

import (
	"fmt"
	"strings"

	"seine/detectors"
	"seine/flow"
)

// details writes under a row of the table what it rests on: the whole
// sentence, the facts, and the flows in aligned columns.
func (t *tableSink) details(a *detectors.Alert) {
	const indent = "    "
	if t.o.Width > 0 { // the table may have cut it
		fmt.Fprintf(t.w, "%s%s\n", indent, clean(a.Summary))
	}
	if len(a.Facts) > 0 {
		facts := make([]string, len(a.Facts))
		for i := range a.Facts {
			facts[i] = clean(a.Facts[i].Key) + " " + clean(a.Facts[i].String())
		}
		fmt.Fprintf(t.w, "%s%s\n", indent, strings.Join(facts, ", "))
	}
	identity := "id " + string(appendID(nil, a))
	if len(a.Rule.ATTACK) > 0 {
		identity += ", ATT&CK " + strings.Join(a.Rule.ATTACK, " ")
	}
	if a.Confidence > 0 {
		identity += fmt.Sprintf(", confidence %.2g", a.Confidence)
	}
	fmt.Fprintf(t.w, "%s%s\n", indent, identity)
	for _, line := range noteLines(a.Annotations) {
		fmt.Fprintf(t.w, "%s%s\n", indent, line)
	}
	shown := shownEvidence(a, t.o.Evidence)
	cells := make([][]string, len(shown))
	for i := range shown {
		cells[i] = t.flowCells(&shown[i])
	}
	for _, line := range aligned(cells) {
		fmt.Fprintf(t.w, "%s%s\n", indent, line)
	}
	if more := max(a.Flows, uint64(len(shown))) - uint64(len(shown)); more > 0 {
		fmt.Fprintf(t.w, "%sand %s\n", indent, plural(more, "more flow"))
	}
	fmt.Fprintln(t.w)
}

// flowCells are time, protocol, the two ends, state, bytes and place of a
// flow; a dash stands for what its row did not have.
func (t *tableSink) flowCells(r *flow.Record) []string {
	const absent = "-"
	c := []string{absent, absent, absent, absent, absent, absent}
	if r.Has&flow.HasStart != 0 {
		c[0] = string(t.enc.time(nil, r.Start))
	}
	if r.Has&flow.HasProto != 0 {
		c[1] = r.Proto.String()
	}
	if r.Has&flow.HasAddrs != 0 {
		c[2] = end(r.Src, r.SrcPort, r.Has&flow.HasSrcPort != 0) + " → " + end(r.Dst, r.DstPort, r.Has&flow.HasDstPort != 0)
	}
	if s := t.enc.state(r); s != "" {
		c[3] = clean(s)
	}
	if r.Has&flow.HasBytes != 0 {
		c[4] = volume(float64(r.SrcBytes)+float64(r.DstBytes)) + " sent"
		if r.Has&flow.HasBytes == flow.HasBytes {
			c[4] = volume(float64(r.SrcBytes)) + " out, " + volume(float64(r.DstBytes)) + " in"
		}
	}
	c[5] = fmt.Sprintf("%s:%d", clean(t.o.Names.File(r.File)), r.Row)
	return c
}

// end writes one end of a flow, an IPv6 address with a port in brackets.
func end(a flow.Addr, port uint16, hasPort bool) string {
	switch {
	case !hasPort:
		return a.String()
	case a.Is4():
		return fmt.Sprintf("%s:%d", a, port)
	}
	return fmt.Sprintf("[%s]:%d", a, port)
}

// aligned joins cells to lines whose columns stand under each other.
func aligned(rows [][]string) []string {
	var widths []int
	for _, r := range rows {
		for j, c := range r {
			if j == len(widths) {
				widths = append(widths, 0)
			}
			widths[j] = max(widths[j], width(c))
		}
	}
	lines := make([]string, len(rows))
	for i, r := range rows {
		var b strings.Builder
		for j, c := range r {
			b.WriteString(c)
			if j < len(r)-1 {
				b.WriteString(strings.Repeat(" ", widths[j]-width(c)+gap))
			}
		}
		lines[i] = strings.TrimRight(b.String(), " ")
	}
	return lines
}
