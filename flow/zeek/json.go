package zeek

import (
	"bytes"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"seine/flow"
	"seine/flow/internal/jsonrows"
	"seine/flow/internal/jsonscan"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// streams are the keys under which collectors write which log a record is of.
var streams = []string{"_path", "@stream", "@path"}

// A shape is what to look for in the objects.
type shape struct {
	paths *jsonscan.Paths
	names []string
	field []field // that each path carries, fieldCount for a stream
}

func newShape(overrides map[string]string) (*shape, error) {
	names, err := spellings(overrides)
	if err != nil {
		return nil, err
	}
	s := new(shape)
	for f, list := range names {
		for _, n := range list {
			s.names = append(s.names, n)
			s.field = append(s.field, field(f))
		}
	}
	for _, n := range streams {
		s.names = append(s.names, n)
		s.field = append(s.field, fieldCount)
	}
	s.paths = jsonscan.Compile(s.names...)
	return s, nil
}

// A census is what the first objects of an input have in common.
type census struct {
	objects int
	flows   int
	found   [fieldCount]string
	largest float64 // time given as a number
	texts   int     // times given as dates
	open    bool    // a record is of a log of connections that still last
	others  []string
	err     error // of the first line that is no object
}

// headLines is how many lines of the head are looked at.
const headLines = 1000

// look goes through the objects at the start of an input.
func (s *shape) look(head []byte) (c census) {
	whole := len(head) < flow.HeadSize
	d := objects{shape: s, scanner: s.paths.Scanner()}
	for n := 0; n < headLines && len(head) > 0; n++ {
		line, rest, found := bytes.Cut(head, []byte("\n"))
		head = rest
		if !found && !whole {
			break // cut short by the head
		}
		line = jsonscan.Element(bytes.TrimPrefix(line, []byte("\ufeff")))
		if len(line) == 0 {
			continue
		}
		if line[0] != '{' {
			if c.err == nil {
				c.err = errors.New("a line is no JSON object")
			}
			continue
		}
		if err := d.scanner.Scan(line); err != nil {
			if c.err == nil {
				c.err = err
			}
			continue
		}
		c.objects++
		if !d.isConn() {
			if p := string(d.stream()); p != "" && !isConn(p) && len(c.others) < 5 && !strings.Contains(strings.Join(c.others, " "), p) {
				c.others = append(c.others, clip([]byte(p)))
			}
			continue
		}
		c.open = c.open || isOpen(string(d.stream()))
		if d.collect(); d.values[srcIP] != nil && d.values[dstIP] != nil && d.values[start] != nil {
			c.flows++
		}
		for i, f := range s.field {
			if f < fieldCount && d.scanner.Kind(i) > jsonscan.Null && c.found[f] == "" {
				c.found[f] = s.names[i]
			}
		}
		c.time(d.values[start])
	}
	return c
}

// time takes note of the time of a record.
func (c *census) time(b []byte) {
	var clock parse.Clock
	t, err := clock.Parse(b)
	switch {
	case b == nil:
	case bytes.ContainsAny(b, ":/"):
		c.texts++
	case err == nil:
		c.largest = max(c.largest, float64(t)/1e9)
	default: // too many to be seconds
		if v, ok := parse.Counter(b); ok {
			c.largest = max(c.largest, float64(v))
		}
	}
}

func matchJSON(head []byte) (int, string) {
	if first := bytes.TrimLeft(head, "\ufeff \t\r\n"); len(first) == 0 || first[0] != '{' && first[0] != '[' {
		return 0, "no JSON object at the start"
	}
	s, _ := newShape(nil)
	c := s.look(head)
	if err := c.none(); err != nil {
		return 0, err.Error()
	}
	return 90, ""
}

// none tells why the objects are not taken for connections.
func (c *census) none() error {
	switch {
	case c.flows > 0:
		return nil
	case len(c.others) > 0:
		return fmt.Errorf("logs of Zeek for %s, none of connections at the start", strings.Join(c.others, ", "))
	case c.objects == 0 && c.err != nil:
		return c.err
	}
	return errors.New("no object has ts, id.orig_h and id.resp_h of a connection")
}

func openJSON(src *flow.Source) (flow.Reader, error) {
	head, err := src.Head()
	if err != nil {
		return nil, err
	}
	s, err := newShape(src.Options.Map)
	if err != nil {
		return nil, err
	}
	c := s.look(head)
	if err := c.none(); err != nil {
		return nil, err
	}
	if c.open || isOpen(filepath.Base(src.Name)) {
		src.Stitch = whileOpen
	}
	unit := parse.GuessUnit(c.largest)
	if src.Fields = fields; jsonrows.Complete(head, headLines) {
		src.Fields = carried(c.found)
	}
	if c.found[connState] != "" { // a whole conn.log, whose unset members are left out
		src.Fields |= flow.HasDuration | flow.HasService
	}
	kind := "in " + unit.String() + " since 1970"
	if c.texts > 0 {
		kind = "as dates, or " + kind
	}
	src.Mapping = append([]string{"zeek-json: an object a line, times " + kind}, explain(c.found, nil)...)
	seen := new(tally)
	zone := src.Options.Location
	in, err := lines.Open(src, func(in *flow.Interner) lines.Decoder {
		return &objects{
			maker: maker{intern: in, seen: seen, clock: parse.Clock{Zone: zone, Unit: unit}},
			shape: s, scanner: s.paths.Scanner(),
		}
	})
	if err != nil {
		return nil, err
	}
	return in.OnEnd(func() { seen.note(src) }), nil
}

// objects decodes an object a line.
type objects struct {
	maker
	shape   *shape
	scanner *jsonscan.Scanner
	values  values
}

// Decode implements lines.Decoder.
func (d *objects) Decode(line []byte, r *flow.Record) error {
	if line[0] != '{' || line[len(line)-1] != '}' {
		line = jsonscan.Element(bytes.TrimPrefix(line, []byte("\ufeff")))
		if len(line) == 0 {
			return lines.ErrSkip
		}
	}
	if err := d.scanner.Scan(line); err != nil {
		return err
	}
	if !d.isConn() {
		d.seen.others.Add(1)
		return lines.ErrSkip
	}
	d.collect()
	return d.record(&d.values, r)
}

// stream is the name of the log that the object says it is of.
func (d *objects) stream() []byte {
	n := len(d.shape.names)
	for i := n - len(streams); i < n; i++ {
		if d.scanner.Kind(i) == jsonscan.String {
			return d.scanner.Text(i)
		}
	}
	return nil
}

// isConn reports whether the object is of a connection log. One that does not
// say is known by members that no other log has.
func (d *objects) isConn() bool {
	if p := d.stream(); p != nil {
		return string(p) == "conn" || isConn(string(p))
	}
	for i, f := range d.shape.field {
		switch f {
		case connState, history, srcPkts, srcIPBytes:
			if d.scanner.Kind(i) != jsonscan.Absent {
				return true
			}
		}
	}
	return false
}

// collect gathers the values of the object.
func (d *objects) collect() {
	clear(d.values[:])
	for i, f := range d.shape.field {
		kind := d.scanner.Kind(i)
		if kind <= jsonscan.Null || f == fieldCount || d.values[f] != nil {
			continue
		}
		v := d.scanner.Text(i)
		if kind == jsonscan.String && (len(v) == 0 || v[0] == '-' && len(v) == 1 || v[0] == '(' && string(v) == "(empty)") {
			continue
		}
		d.values[f] = v
	}
}
