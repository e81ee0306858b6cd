package report

import (
	"bufio"
	"io"

	"seine/analyzer"
	"seine/detectors"
)

// bufferSize is what an output gathers before it writes, in bytes.
const bufferSize = 64 << 10

func ndjsonFormat() *Format {
	return &Format{
		Name:  "ndjson",
		Title: "one JSON object a line for each alert, written as they come",
		Doc: "One alert a line in the layout `" + alertLayout + "`, in the order of the input. " +
			"An empty run writes nothing.",
		Ext: []string{".ndjson", ".jsonl"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			return &ndjson{w: bufio.NewWriterSize(w, bufferSize), enc: newEncoder(o)}
		},
	}
}

type ndjson struct {
	w   *bufio.Writer
	enc *encoder
	buf []byte
}

func (n *ndjson) Alert(a *detectors.Alert) error {
	n.buf = append(n.enc.alert(n.buf[:0], a), '\n')
	_, err := n.w.Write(n.buf)
	return err
}

func (n *ndjson) Close(*analyzer.Summary) error { return n.w.Flush() }

func jsonFormat() *Format {
	return &Format{
		Name:  "json",
		Hosts: true,
		Title: "one JSON document: the alerts, the hosts by risk, and the summary of the run",
		Doc: "An object in the layout `" + reportLayout + "`: `alerts` is an array of alerts, each in the layout `" +
			alertLayout + "`, in the order of the input; `hosts` ranks the hosts that they accuse, the riskiest first; " +
			"`summary` tells what was read. " +
			"The document is written as the alerts come, and complete also for an empty or interrupted run.",
		Ext: []string{".json"},
		New: func(w io.Writer, o Options) analyzer.Sink {
			return &document{w: bufio.NewWriterSize(w, bufferSize), enc: newEncoder(o)}
		},
	}
}

// A document streams the alerts of a JSON document. Its head is written with
// the first alert or at the end, so that a run that fails before writes
// nothing.
type document struct {
	w     *bufio.Writer
	enc   *encoder
	buf   []byte
	begun bool
}

func (d *document) Alert(a *detectors.Alert) error {
	d.buf = d.next(d.buf[:0])
	d.buf = d.enc.alert(d.buf, a)
	_, err := d.w.Write(d.buf)
	return err
}

// next appends what comes before an alert.
func (d *document) next(b []byte) []byte {
	if d.begun {
		return append(b, ",\n"...)
	}
	d.begun = true
	return append(b, `{"schema":"`+reportLayout+`","alerts":[`+"\n"...)
}

func (d *document) Close(s *analyzer.Summary) error {
	if d.begun {
		d.buf = append(d.buf[:0], "\n],\n"...)
	} else {
		d.buf = append(d.buf[:0], `{"schema":"`+reportLayout+`","alerts":[],`+"\n"...)
	}
	d.buf = append(d.buf, `"hosts":`...)
	d.buf = d.enc.hosts(d.buf, s.Ranking)
	d.buf = append(d.buf, ",\n\"summary\":"...)
	d.buf = appendSummary(d.buf, s, false)
	d.buf = append(d.buf, "}\n"...)
	if _, err := d.w.Write(d.buf); err != nil {
		return err
	}
	return d.w.Flush()
}
