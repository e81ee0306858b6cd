package replay

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"seine/detectors"
	"seine/flow"
)

// The layouts that are read.
const (
	alertLayout  = "seine.alert/1"
	reportLayout = "seine.report/1"
)

// A versionError is about a layout that is not read: it ends the replay, since
// nothing of the file could be trusted.
type versionError struct{ layout, want string }

func (e *versionError) Error() string {
	if name, _, _ := strings.Cut(e.want, "/"); strings.HasPrefix(e.layout, name+"/") {
		return fmt.Sprintf("layout %q is of another version of Seine; this one reads %q", shorten(e.layout), e.want)
	}
	return fmt.Sprintf("layout %q is not one of alerts; %q is (-f ndjson), and %q (-f json)", shorten(e.layout), alertLayout, reportLayout)
}

// required are the members without which an alert is none.
var required = [...]string{"schema", "id", "time", "detector", "rule", "severity"}

// A draft is an alert that is being read, with what is settled only when all
// of it is known.
type draft struct {
	*detectors.Alert
	detector, rule string
	attack         []string
	seen           [len(required)]bool
	src, dst       bool
	first, last    bool
	count          bool
}

// alert reads one alert.
func (r *Replay) alert(text []byte) (*detectors.Alert, error) {
	if !json.Valid(text) {
		return nil, invalid(text)
	}
	c := &cursor{text: text}
	if c.kind() != '{' {
		return nil, c.expected("an alert")
	}
	d := &draft{Alert: &detectors.Alert{}}
	if err := c.members(func(key string) error { return r.member(c, d, key) }); err != nil {
		return nil, err
	}
	for i, name := range required {
		if !d.seen[i] {
			return nil, fmt.Errorf("no member %q", name)
		}
	}
	return d.settle(r)
}

// invalid says where a text ceases to be JSON.
func invalid(text []byte) error {
	var v json.RawMessage
	err := json.Unmarshal(text, &v)
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		if syntax.Offset >= int64(len(text)) {
			return errors.New("cut short: the object does not end")
		}
		return fmt.Errorf("not JSON: %w at byte %d", err, syntax.Offset)
	}
	return errors.New("not JSON")
}

func (d *draft) settle(r *Replay) (*detectors.Alert, error) {
	a := d.Alert
	if d.src != d.dst {
		return nil, errEnds
	}
	if a.Subject.Role != detectors.NoRole && a.Subject.Has&detectors.SubjectIP == 0 {
		return nil, errors.New("role without ip")
	}
	a.HasTime = true
	if !d.first {
		a.FirstSeen = a.Time
	}
	if !d.last {
		a.LastSeen = max(a.Time, a.FirstSeen)
	}
	if !d.count {
		a.Count = 1
	}
	a.Grows = a.Grows && a.HasWindow
	a.Detector, a.Rule = r.plugins.find(d.detector, d.rule, d.attack, a.Severity)
	return a, nil
}

// member reads one member of an alert. Those of later versions, of which a
// replay has no need, are passed over.
func (r *Replay) member(c *cursor, d *draft, key string) (err error) {
	for i, name := range required {
		if key == name {
			d.seen[i] = true
		}
	}
	a, s := d.Alert, &d.Subject
	switch key {
	case "schema":
		var layout string
		if layout, err = c.string(); err == nil && layout != alertLayout {
			err = &versionError{layout, alertLayout}
		}
	case "id":
		a.ID, err = c.id()
	case "time":
		a.Time, err = c.moment()
	case "detector":
		d.detector, err = c.name()
	case "rule":
		d.rule, err = c.name()
	case "severity":
		var text string
		if text, err = c.string(); err == nil {
			a.Severity, err = detectors.ParseSeverity(text)
		}
	case "confidence":
		if a.Confidence, err = c.float(); err == nil && (a.Confidence <= 0 || a.Confidence > 1) {
			err = fmt.Errorf("%g is not between 0 and 1", a.Confidence)
		}
	case "status":
		a.Status, err = c.status()
	case "summary":
		a.Summary, err = c.string()
	case "ip":
		s.Has |= detectors.SubjectIP
		s.IP, err = c.addr()
	case "role":
		s.Role, err = c.role()
	case "src_ip":
		d.src = true
		s.Has |= detectors.SubjectPair
		s.Src, err = c.addr()
	case "dst_ip":
		d.dst = true
		s.Has |= detectors.SubjectPair
		s.Dst, err = c.addr()
	case "dst_port":
		var v uint64
		v, err = c.uint(65535)
		s.Has |= detectors.SubjectPort
		s.DstPort = uint16(v)
	case "protocol":
		s.Has |= detectors.SubjectProtocol
		s.Protocol, err = c.protocol()
	case "group":
		s.Has |= detectors.SubjectGroup
		s.Group, err = c.string()
	case "facts":
		a.Facts, err = c.facts()
	case "attack":
		d.attack, err = c.texts()
	case "count":
		d.count = true
		a.Count, err = c.uint(1<<64 - 1)
	case "first_seen":
		d.first = true
		a.FirstSeen, err = c.moment()
	case "last_seen":
		d.last = true
		a.LastSeen, err = c.moment()
	case "window":
		a.HasWindow = true
		a.Window, err = c.moment()
	case "grows":
		a.Grows = c.raw()[0] == 't'
	case "flows":
		a.Flows, err = c.uint(1<<64 - 1)
	case "evidence":
		err = c.elements(maxFlows, func() error {
			var f flow.Record
			err := r.record(c, &f)
			a.Evidence = append(a.Evidence, f)
			return err
		})
	case "annotations":
		err = c.elements(maxFacts, func() error {
			n, err := c.annotation()
			a.Annotations = append(a.Annotations, n)
			return err
		})
	case "charts":
		err = c.elements(maxFacts, func() error {
			chart, err := c.chart()
			a.Charts = append(a.Charts, chart)
			return err
		})
	default:
		c.raw()
	}
	return err
}

// id reads the id of an alert: outputs write it as it is, so it must be one.
func (c *cursor) id() (string, error) {
	text, err := c.string()
	if err != nil {
		return "", err
	}
	if !IsID(text) {
		return "", fmt.Errorf("%q is no id, which has 16 digits of 0…9a…f", shorten(text))
	}
	return text, nil
}

// IsID reports whether a text has the form of the id of an alert.
func IsID(text string) bool {
	return len(text) == 16 && strings.Trim(text, "0123456789abcdef") == ""
}

// name reads the id of a detector or rule.
func (c *cursor) name() (string, error) {
	text, err := c.string()
	if err == nil && text == "" {
		err = errors.New("is empty")
	}
	return text, err
}

func (c *cursor) role() (detectors.Role, error) {
	text, err := c.string()
	for _, role := range []detectors.Role{detectors.RoleSrc, detectors.RoleDst} {
		if text == role.String() {
			return role, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%q is neither src nor dst", shorten(text))
	}
	return 0, err
}

func (c *cursor) status() (detectors.Status, error) {
	text, err := c.string()
	for _, s := range []detectors.Status{detectors.New, detectors.Known, detectors.Gone} {
		if text == s.String() {
			return s, nil
		}
	}
	if err == nil {
		err = fmt.Errorf("%q is none of new, known, gone", shorten(text))
	}
	return 0, err
}
