// Package json reads JSON objects whose keys name a time and two addresses,
// whoever wrote them, and writes flow records as JSON lines.
package json

import (
	_ "embed"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/canonical"
	"seine/flow/internal/columns"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

//go:embed README.md
var doc string

// Format describes JSON objects of any make.
func Format() *flow.Format {
	return &flow.Format{
		Name:  "json",
		Title: "JSON objects, a line each or in an array, whose keys name time and addresses; Seine's own JSON lines",
		Doc:   doc,
		Ext:   []string{".json", ".ndjson", ".jsonl"},
		Fields: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasSrcPort |
			flow.HasDstPort | flow.HasBytes | flow.HasPkts | flow.HasState | flow.HasFlags |
			flow.HasICMP | flow.HasService | flow.HasLabel | flow.HasUID,
		Mapped: true,
		Match:  match,
		Open:   open,
		Create: create,
	}
}

// score is the lowest of all: whoever knows the keys themselves knows better.
const score = 40

func match(head []byte) (int, string) {
	l, err := detect(head, nil)
	switch {
	case err != nil:
		return 0, err.Error()
	case l.foreign != "":
		return 0, l.foreign
	case l.mapping.Fields()&anyOf == 0:
		return 0, "objects with a time and two addresses, but no protocol, port or counter (--input-format json reads them as flows all the same)"
	}
	return score, ""
}

// anyOf is what tells flows from the many other things that two addresses can
// have in common; objects that nobody vouches for must have one of it.
const anyOf = flow.HasProto | flow.HasSrcPort | flow.HasDstPort | flow.HasBytes | flow.HasPkts

var (
	errNotJSON  = errors.New("not JSON")
	errNoObject = errors.New("no JSON object is whole")
)

// A layout tells which key carries which field.
type layout struct {
	mapping *columns.Mapping
	paths   *jsonscan.Paths
	fields  []columns.Field // by path
	unit    parse.Unit
	late    *columns.Late // names of fields that the first objects lack; nil if there are no others
	first   int           // number of the first of these names among the paths
	foreign string        // why another tool's objects are no flows, though they look like some
}

// detect finds the layout of the objects that head begins with.
func detect(head []byte, overrides map[string]string) (*layout, error) {
	if !jsonrows.LooksLikeJSON(head) {
		return nil, errNotJSON
	}
	var k keys
	for object := range jsonrows.Objects(head) {
		k.add(object)
		if k.objects == headObjects {
			break
		}
	}
	if k.objects == 0 {
		return nil, errNoObject
	}
	l := &layout{foreign: k.foreign()}
	own := slices.Contains(k.names, canonical.OrientBy)
	if own { // later objects may have what the first ones lack
		k.complete()
	}
	m, err := columns.Map(k.names, overrides)
	if err != nil {
		return nil, err
	}
	if missing := m.Missing(); len(missing) > 0 {
		return nil, fmt.Errorf("no key for %s (keys: %s); --map %s=KEY names one",
			strings.Join(missing, ", "), clip(strings.Join(k.names, ", "), 200), missing[0])
	}
	l.mapping = m
	var paths []string
	for f := columns.Start; f.Valid(); f++ {
		if i := m.Column(f); i >= 0 {
			paths, l.fields = append(paths, k.paths[i]), append(l.fields, f)
		}
	}
	if own || len(k.names) < maxKeys && jsonrows.Complete(head, headObjects) {
		l.paths = jsonscan.Compile(paths...)
	} else {
		for _, path := range k.paths { // what has been looked at is not late
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
		l.paths, l.late = jsonscan.Compile(paths...), m.Late()
		l.first = l.paths.Else(l.late.Len(), l.late.Find)
	}
	l.unit = m.StartUnit(k.values(k.paths[m.Column(columns.Start)]))
	return l, nil
}

// carried is what the objects can carry, those that are not yet known too.
func (l *layout) carried() flow.Fields {
	has := l.mapping.Carried()
	if l.late != nil {
		has |= l.late.Fields()
		if has&(flow.HasSrcPort|flow.HasDstPort) != 0 && has&flow.HasProto != 0 {
			has |= flow.HasICMP
		}
	}
	return has
}

func clip(s string, n int) string {
	if len(s) > n {
		return strings.ToValidUTF8(s[:n], "") + "…"
	}
	return s
}

func open(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	l, err := detect(head, src.Options.Map)
	if err != nil {
		return nil, err
	}
	src.Fields = l.carried()
	src.Mapping = append([]string{fmt.Sprintf("json: keys of the first objects; a time that is a number counts %s since 1970", l.unit)},
		l.mapping.ExplainAs("key")...)
	if l.late != nil {
		if names := l.late.Names(); len(names) > 0 {
			src.Mapping = append(src.Mapping, "read under any known name, if later objects have it: "+strings.Join(names, ", "))
		}
	}
	zone := src.Options.Location
	negative := new(atomic.Uint64)
	return jsonrows.Open(src, func(in *flow.Interner) lines.Decoder {
		clock := parse.Clock{Zone: zone, Unit: l.unit}
		fill := columns.NewFiller(l.mapping, in, clock)
		fill.Negative = negative
		return &decoder{layout: l, scan: l.paths.Scanner(), fill: fill}
	}, func() { columns.NoteNegative(src, negative.Load()) })
}

// create begins JSON lines.
func create(w io.Writer, names flow.Names) (flow.Writer, error) {
	return &writer{w: w, names: names, columns: canonical.Columns()}, nil
}
