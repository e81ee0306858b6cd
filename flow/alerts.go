package flow

import (
	"bytes"
	"fmt"
)

// How Seine's own outputs can be read again, for the one who takes them for
// flows.
const (
	readAgain    = "\"seine triage\" and \"seine explain\" read them"
	notReadAgain = "nothing of Seine reads them again; \"seine triage\" and \"seine explain\" read those of -f ndjson and -f json"
)

// An ownError refuses what Seine wrote itself.
type ownError string

func (e ownError) Error() string { return string(e) }

// Is makes it an input that no format matches.
func (e ownError) Is(target error) bool { return target == ErrUnrecognised }

// ownAlerts tells what the head of an input is if Seine wrote its alerts to
// it. An alert has a time, two addresses, a port and a protocol, and so looks
// like a flow to any format that goes by names; counting it as one would
// report on the report.
func ownAlerts(head []byte) error {
	text := bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n")
	if len(text) == 0 {
		return nil
	}
	if text[0] == '{' || text[0] == '[' {
		return ownJSON(firstObject(text))
	}
	for _, f := range []struct{ begins, has, name string }{
		{"id,time,severity,confidence,detector,rule,", "", "CSV"},
		{"id;time;severity;confidence;detector;rule;", "", "CSV"},
		{"id\ttime\tseverity\tconfidence\tdetector\trule\t", "", "CSV"},
		{"# Seine: ", "", "Markdown"},
		{"severity  ", "  detector/rule  ", "a table"},
		{"<!doctype html>", "<title>Seine report", "a page"},
	} {
		if bytes.HasPrefix(text, []byte(f.begins)) && bytes.Contains(text, []byte(f.has)) {
			return OwnAlerts(f.name)
		}
	}
	return nil
}

// OwnAlerts is the error of an input that holds Seine's alerts in the named
// layout, for a format that only finds out when it opens one.
func OwnAlerts(layout string) error {
	return ownError(fmt.Sprintf("these are alerts of Seine (%s), not flows; %s", layout, notReadAgain))
}

// ownJSON does the same for an object of which the blanks have been dropped.
// Quotes within strings are escaped there, so no string can look like a
// member.
func ownJSON(object []byte) error {
	has := func(members ...string) bool {
		for _, m := range members {
			if !bytes.Contains(object, []byte(m)) {
				return false
			}
		}
		return true
	}
	switch {
	case has(`"hits":{`): // the answer of a search, of events of any kind
	case has(`"schema":"seine.alert/`), has(`"schema":"seine.report/`):
		return ownError("these are alerts of Seine, not flows; " + readAgain)
	case has(`"schema":"seine.`):
		return ownError("this is a document that Seine wrote, not flows")
	case has(`dataset":"seine.alert"`):
		return OwnAlerts("ecs")
	case has(`"event_type":"alert"`, `"seine":{`):
		return OwnAlerts("eve")
	case has(`"class_uid":2004`, `"product":{"name":"Seine"`):
		return OwnAlerts("ocsf")
	case has(`"type":"bundle"`, `"identity_class":"system"`, `"name":"Seine"`):
		return OwnAlerts("stix")
	case has(`"runs":[`) && (has(`"seineAlertId/v1":`) || has(`"driver":{"name":"Seine"`)):
		return OwnAlerts("sarif")
	}
	return nil
}

// firstObject is the first object of a JSON text, or as much of it as there
// is, without the blanks between its parts.
func firstObject(text []byte) []byte {
	out := make([]byte, 0, len(text))
	depth, quoted := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch {
		case quoted:
			if c == '\\' && i+1 < len(text) {
				out = append(out, c)
				i++
				c = text[i]
			} else if c == '"' {
				quoted = false
			}
		case c == ' ' || c == '\t' || c == '\r' || c == '\n':
			continue
		case c == '"':
			quoted = true
		case c == '{':
			depth++
		case c == '}':
			if depth--; depth <= 0 {
				return append(out, c)
			}
		}
		out = append(out, c)
	}
	return out
}
