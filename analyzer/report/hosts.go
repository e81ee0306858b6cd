package report

import (
	"bufio"
	"fmt"
	"io"

	"seine/analyzer"
	"seine/detectors"
)

const hostsLayout = "seine.hosts/1"

// NewHosts makes a sink that writes only the ranking of hosts, at the end of
// the run: as a table for people or as one JSON document in the layout
// "seine.hosts/1". Options.Top limits both.
func NewHosts(w io.Writer, asJSON bool, o Options) analyzer.Sink {
	return &hostsSink{w: bufio.NewWriterSize(w, bufferSize), json: asJSON, o: o}
}

type hostsSink struct {
	w    *bufio.Writer
	json bool
	o    Options
}

// Alert takes no notice: the ranking comes with the summary.
func (*hostsSink) Alert(*detectors.Alert) error { return nil }

func (h *hostsSink) Close(s *analyzer.Summary) error {
	switch {
	case h.json:
		shown := s.Ranking
		if h.o.Top > 0 && len(shown) > h.o.Top {
			shown = shown[:h.o.Top]
		}
		o := object{b: []byte(`{"schema":"` + hostsLayout + `"`)}
		o.number("accused", s.Accused)
		o.key("hosts")
		b := newEncoder(h.o).hosts(o.b, shown)
		if _, err := h.w.Write(append(b, "}\n"...)); err != nil {
			return err
		}
	case len(s.Ranking) == 0 && findings(&s.Findings) > 0:
		fmt.Fprintf(h.w, "No host is accused: %s are about none, or of severity info.\n", plural(findings(&s.Findings), "finding"))
	case len(s.Ranking) == 0:
		fmt.Fprintln(h.w, emptyLine(s))
	default:
		writeHosts(h.w, s, h.o.Top, h.o)
	}
	return h.w.Flush()
}
