// Package zeek reads the connection logs of Zeek, as tab-separated text with
// its header or as a JSON object a line, and writes flows as such a text.
package zeek

import (
	_ "embed"
	"fmt"
	"strings"
	"sync/atomic"

	"seine/flow"
)

//go:embed README.md
var doc string

const fields = flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
	flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags | flow.HasICMP |
	flow.HasService | flow.HasLabel | flow.HasUID

// TSV describes the text log with header lines.
func TSV() *flow.Format {
	return &flow.Format{
		Name:   "zeek",
		Title:  "Zeek conn.log as text with #fields header, also labelled, concatenated or with another separator",
		Doc:    doc,
		Ext:    []string{".log", ".log.gz", ".log.labeled"},
		Fields: fields,
		Match:  matchTSV,
		Open:   openTSV,
		Create: create,
	}
}

// JSON describes the log with a JSON object a line.
func JSON() *flow.Format {
	return &flow.Format{
		Name:   "zeek-json",
		Title:  "Zeek conn.log as JSON lines, alone or mixed with other logs",
		Doc:    doc,
		Ext:    []string{".log", ".json", ".log.gz"},
		Fields: fields,
		Match:  matchJSON,
		Open:   openJSON,
	}
}

// isConn reports whether a log of that name (#path, _path) holds connections:
// conn, what policies write while a connection lasts, and filtered or rotated
// ones such as conn_internal or conn.10.
func isConn(path string) bool {
	switch {
	case path == "conn" || isOpen(path):
		return true
	case strings.HasPrefix(path, "conn-summary") || strings.HasPrefix(path, "conn_summary"):
		return false
	}
	return len(path) > 5 && path[:4] == "conn" && strings.IndexByte("._-", path[4]) >= 0
}

// whileOpen is how the logs relate to connections that policies write while
// these last: each row says anew what there has been since the begin.
var whileOpen = flow.Stitching{ByUID: true, Auto: true}

// isOpen reports whether a log of that name, or in a file of that name, tells
// of connections that still last.
func isOpen(name string) bool {
	return strings.HasPrefix(name, "conn_long") || strings.HasPrefix(name, "open_conn")
}

// A tally counts what the notes tell at the end, over all decoders.
type tally struct{ flipped, others, negative atomic.Uint64 }

// note tells src what was counted.
func (seen *tally) note(src *flow.Source) {
	if n := seen.flipped.Load(); n > 0 {
		src.Note(fmt.Sprintf("%d flows were turned round by Zeek (^ in history), which had not seen who opened them", n))
	}
	if n := seen.others.Load(); n > 0 {
		src.Note(fmt.Sprintf("%d records of other Zeek logs were skipped", n))
	}
	if n := seen.negative.Load(); n > 0 {
		src.Note(fmt.Sprintf("%d flows have a negative duration: taken as 0", n))
	}
}

// clip shortens a value for a message.
func clip(b []byte) string {
	const most = 60
	if len(b) > most {
		return string(b[:most]) + "…"
	}
	return string(b)
}
