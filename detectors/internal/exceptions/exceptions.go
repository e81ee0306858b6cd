// Package exceptions reads lists of what is allowed although a rule forbids it:
// which service, of which server, for which clients, why, and until when.
package exceptions

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"seine/flow"
)

// An Exception is one entry of a list. Empty networks stand for all.
type Exception struct {
	Rule           string // what it is about, or "*"
	Server, Client netip.Prefix
	Reason         string
	Expires        flow.Time // from when on it no longer holds; flow.MaxTime: never
	Text           string    // Expires as it was written
	Author         string
	File           string
	Line           int
}

// Holds reports whether the exception is in force at t.
func (e *Exception) Holds(t flow.Time) bool { return t < e.Expires }

// Serves reports whether the exception is about a rule and a server.
func (e *Exception) Serves(rule string, server flow.Addr) bool {
	return (e.Rule == "*" || e.Rule == rule) && (!e.Server.IsValid() || e.Server.Contains(server.Netip()))
}

// Allows reports whether it is about a client.
func (e *Exception) Allows(client flow.Addr) bool {
	return !e.Client.IsValid() || e.Client.Contains(client.Netip())
}

// Place is where the exception stands, "exceptions.yaml:3".
func (e *Exception) Place() string { return fmt.Sprintf("%s:%d", e.File, e.Line) }

// Limits on a list.
const (
	maxBytes   = 4 << 20
	maxEntries = 10_000
)

const layout = "a list is YAML, with entries of rule, server, client, reason, expires and author below \"exceptions:\", or CSV with a header of the same names"

// Load reads a list. known are the rules that it may name.
func Load(file string, known []string) ([]Exception, error) {
	src := flow.FileSource(file, &flow.Options{})
	defer src.Close()
	r, err := src.Reader()
	if err != nil {
		return nil, err
	}
	text, err := io.ReadAll(io.LimitReader(r, maxBytes+1))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	if len(text) > maxBytes {
		return nil, fmt.Errorf("%s: more than %d MB", file, maxBytes>>20)
	}
	return Parse(file, text, known)
}

// Parse reads the text of a list that name stands for. Whatever is wrong with
// an entry is an error: an exception that is not what was meant hides or shows
// too much.
func Parse(name string, text []byte, known []string) ([]Exception, error) {
	body := strings.TrimPrefix(string(text), "\ufeff")
	var entries []entry
	var err error
	if isCSV(body) {
		entries, err = readCSV(body)
	} else {
		entries, err = readYAML(body)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if len(entries) > maxEntries {
		return nil, fmt.Errorf("%s: more than %d exceptions", name, maxEntries)
	}
	var all []Exception
	var errs []error
	for i := range entries {
		e, err := entries[i].exception(known)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%d: %w", name, entries[i].line, err))
			continue
		}
		e.File, e.Line = name, entries[i].line
		all = append(all, e)
	}
	return all, errors.Join(errs...)
}

// An entry is one as it was written.
type entry struct {
	line   int
	values map[string]string
}

var names = []string{"rule", "server", "client", "reason", "expires", "author"}

func (e *entry) exception(known []string) (x Exception, err error) {
	x.Rule, x.Reason, x.Text, x.Author = e.values["rule"], e.values["reason"], e.values["expires"], e.values["author"]
	switch {
	case x.Rule == "":
		return x, errors.New("no rule: name one, or \"*\" for all")
	case x.Rule != "*" && !slices.Contains(known, x.Rule):
		return x, fmt.Errorf("unknown rule %q (known: %s)", x.Rule, strings.Join(known, ", "))
	case x.Reason == "":
		return x, errors.New("no reason: an exception says why it is one")
	case x.Rule == "*" && e.values["server"] == "" && e.values["client"] == "":
		return x, errors.New("rule \"*\" without a server or a client would allow everything")
	}
	if x.Server, err = network(e.values["server"]); err != nil {
		return x, fmt.Errorf("server: %w", err)
	}
	if x.Client, err = network(e.values["client"]); err != nil {
		return x, fmt.Errorf("client: %w", err)
	}
	if x.Expires, err = end(x.Text); err != nil {
		return x, fmt.Errorf("expires: %w", err)
	}
	return x, nil
}

func network(text string) (netip.Prefix, error) {
	if text == "" || text == "*" || text == "any" {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		a, errAddr := netip.ParseAddr(text)
		if errAddr != nil || a.Zone() != "" {
			return p, fmt.Errorf("%q is no address or network such as 10.1.0.0/16", text)
		}
		p = netip.PrefixFrom(a, a.BitLen())
	}
	if p != p.Masked() {
		return p, fmt.Errorf("%q has bits set behind its length; write %q", text, p.Masked().String())
	}
	return p, nil
}

// end is when an exception ends that expires as text says: a day counts whole.
func end(text string) (flow.Time, error) {
	if text == "" || text == "never" {
		return flow.MaxTime, nil
	}
	if t, err := time.Parse("2006-01-02", text); err == nil {
		if at, ok := flow.FromTime(t.AddDate(0, 0, 1)); ok {
			return at, nil
		}
	}
	if t, err := time.Parse(time.RFC3339, text); err == nil {
		if at, ok := flow.FromTime(t); ok {
			return at, nil
		}
	}
	return 0, fmt.Errorf("%q is no day such as 2026-12-31, no time such as 2026-12-31T18:00:00Z, and not \"never\"", text)
}

// isCSV reports whether the first line that says anything is a header.
func isCSV(text string) bool {
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		return strings.Contains(line, ",") && strings.Contains(line, "rule") && !strings.ContainsAny(line, ":{[")
	}
	return false
}

func readCSV(text string) ([]entry, error) {
	r := csv.NewReader(strings.NewReader(text))
	r.Comment, r.TrimLeadingSpace = '#', true
	header, err := r.Read()
	if err != nil {
		return nil, err
	}
	for i, h := range header {
		if header[i] = strings.ToLower(strings.TrimSpace(h)); !slices.Contains(names, header[i]) {
			return nil, fmt.Errorf("unknown column %q (known: %s)", h, strings.Join(names, ", "))
		}
	}
	header = slices.Clone(header)
	var all []entry
	for {
		row, err := r.Read()
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		line, _ := r.FieldPos(0)
		e := entry{line: line, values: map[string]string{}}
		for i, v := range row {
			e.values[header[i]] = strings.TrimSpace(v)
		}
		all = append(all, e)
	}
}

func readYAML(text string) ([]entry, error) {
	var doc yaml.Node
	d := yaml.NewDecoder(strings.NewReader(text))
	if err := d.Decode(&doc); err != nil && err != io.EOF {
		return nil, err
	}
	var more yaml.Node
	if err := d.Decode(&more); err != io.EOF {
		return nil, errors.New("more than one document")
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	list := doc.Content[0]
	if list.Kind == yaml.MappingNode && len(list.Content) == 2 && list.Content[0].Value == "exceptions" {
		list = list.Content[1]
	}
	if list.Kind != yaml.SequenceNode {
		if list.Tag == "!!null" {
			return nil, nil
		}
		return nil, fmt.Errorf("line %d: no list of exceptions; %s", max(list.Line, 1), layout)
	}
	var all []entry
	for _, n := range list.Content {
		if n.Kind != yaml.MappingNode {
			return nil, fmt.Errorf("line %d: no exception; %s", n.Line, layout)
		}
		e := entry{line: n.Line, values: map[string]string{}}
		for i := 0; i+1 < len(n.Content); i += 2 {
			key, value := n.Content[i], n.Content[i+1]
			switch _, twice := e.values[key.Value]; {
			case !slices.Contains(names, key.Value):
				return nil, fmt.Errorf("line %d: unknown key %q (known: %s)", key.Line, key.Value, strings.Join(names, ", "))
			case twice:
				return nil, fmt.Errorf("line %d: %s is there twice", key.Line, key.Value)
			case value.Kind != yaml.ScalarNode:
				return nil, fmt.Errorf("line %d: %s is no single value", value.Line, key.Value)
			}
			if value.Tag != "!!null" {
				e.values[key.Value] = strings.TrimSpace(value.Value)
			}
		}
		all = append(all, e)
	}
	return all, nil
}
