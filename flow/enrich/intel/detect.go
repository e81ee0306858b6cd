package intel

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// A layout is one way of writing a list.
type layout struct {
	name  string
	title string
	form  form
}

// A form is how layouts are read.
type form uint8

const (
	noForm form = iota // a part of a feed that lists nothing
	listForm
	torForm
	tableForm
	zeekForm
	recordsForm
	stringsForm
	stixForm
	mispForm
)

// A reading is a list that is being read.
type reading struct {
	t *Table
	f *File
	l *layout

	scratch []byte
}

// read reads the whole list.
func (rd *reading) read(in io.Reader) error {
	switch rd.l.form {
	case listForm:
		return rd.list(in)
	case torForm:
		return rd.tor(in)
	case tableForm:
		return rd.table(in)
	case zeekForm:
		return rd.zeek(in)
	case recordsForm:
		return rd.records(in)
	case stringsForm:
		return rd.strings(in)
	case stixForm:
		return rd.stix(in)
	}
	return rd.misp(in)
}

// accepted tells people what can be read.
const accepted = "accepted are lists of addresses and prefixes a line each (FireHOL, Spamhaus DROP, Emerging Threats, Tor exits, hosts files …), " +
	"AbuseIPDB (CSV, text, JSON), Feodo Tracker and ThreatFox (CSV, JSON), Zeek intel files, STIX 2.1 bundles, MISP feeds, events, CSV and warninglists"

var errUnknown = errors.New("not a threat list that is known; " + accepted)

// detect finds the layout of a list by its first bytes.
func detect(head []byte) (*layout, error) {
	head = bytes.TrimPrefix(head, []byte("\ufeff"))
	text := bytes.TrimLeft(head, " \t\r\n")
	switch {
	case len(text) == 0:
		return nil, errors.New("the file is empty")
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, errors.New("text in UTF-16, as PowerShell writes it: save it as UTF-8")
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, errors.New("a zip archive, which is not read: unpack it first")
	case string(bytes.TrimSpace(text)) == "[]":
		return jsonList, nil // nothing is listed today
	case text[0] == '{' || text[0] == '[':
		return detectJSON(text)
	case bytes.IndexByte(head, 0) >= 0:
		return nil, fmt.Errorf("binary data: %w", errUnknown)
	}
	if l := detectTable(head); l != nil {
		return l, nil
	}
	return detectList(head)
}
