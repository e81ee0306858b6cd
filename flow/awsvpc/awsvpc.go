// Package awsvpc reads the flow logs of Amazon VPC as text, a record a line,
// in the columns that a header names or in the documented default order.
package awsvpc

import (
	"bytes"
	_ "embed"
	"fmt"
	"strings"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/lines"
)

//go:embed README.md
var doc string

// Format describes AWS VPC flow logs.
func Format() *flow.Format {
	return &flow.Format{
		Name:  "awsvpc",
		Title: "AWS VPC flow logs as text, version 2 to 11: header, custom columns, or the default order without one",
		Doc:   doc,
		Ext:   []string{".log", ".log.gz"},
		Fields: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
			flow.HasDstPort | flow.HasSrcBytes | flow.HasSrcPkts | flow.HasState | flow.HasFlags,
		Stitch: stitching,
		Match:  match,
		Open:   open,
	}
}

func match(head []byte) (int, string) {
	if bytes.IndexByte(head, 0) >= 0 {
		return 0, "binary data"
	}
	if jsonrows.LooksLikeJSON(head) {
		if _, err := detectWrapped(head, &flow.Options{}); err != nil {
			return 0, err.Error()
		}
		return 85, "" // less than whoever knows the other members
	}
	l, err := detect(head, &flow.Options{})
	switch {
	case err != nil:
		return 0, err.Error()
	case l.header == nil:
		return 92, ""
	}
	return 95, ""
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	if jsonrows.LooksLikeJSON(head) {
		return openWrapped(src, head)
	}
	l, err := detect(head, src.Options)
	if err != nil {
		return nil, err
	}
	describe(src, l)
	seen := new(tally)
	in, err := lines.OpenScouted(src, scout(l, src.Options.Map), func(in *flow.Interner) lines.Beginner {
		return &decoder{layout: l, overrides: src.Options.Map, intern: in, seen: seen}
	})
	if err != nil {
		return nil, err
	}
	return in.OnEnd(func() { seen.note(src) }), nil
}

// describe tells the source what the layout says.
func describe(src *flow.Source, l *layout) {
	src.Fields = l.fields()
	src.Mapping = l.explain()
	src.Note("each row is one direction of a connection, seen at one interface in one window of up to ten minutes")
	src.Stitch = stitching
	// Without flags nobody can tell a refused connection from one whose
	// answer went another way.
	src.Stitch.Silence = l.at[tcpFlags] >= 0
}

// stitching is how rows relate to connections. The gap is learned: windows
// last one minute or ten, which no row says.
var stitching = flow.Stitching{Pieces: true, Halves: true, Copies: true, Auto: true}

// A tally counts what the notes tell at the end, over all decoders.
type tally struct{ noData, skipData, wide, negative, changes atomic.Uint64 }

// note adds the notes when all has been read.
func (seen *tally) note(src *flow.Source) {
	for _, n := range []struct {
		count *atomic.Uint64
		text  string
	}{
		{&seen.skipData, "windows with SKIPDATA: AWS lost records, so flows are missing"},
		{&seen.noData, "windows with NODATA: no traffic"},
		{&seen.wide, "rows end more than a day after they start: read without a duration"},
		{&seen.changes, "headers name other columns than the part before them: each part is read by its own"},
		{&seen.negative, "rows end before they start: duration taken as 0"},
	} {
		if c := n.count.Load(); c > 0 {
			src.Note(fmt.Sprintf("%d %s", c, n.text))
		}
	}
}

// clip shortens a text for a message.
func clip(b []byte) string {
	const most = 60
	if len(b) > most {
		return strings.ToValidUTF8(string(b[:most]), "") + "…"
	}
	return string(b)
}
