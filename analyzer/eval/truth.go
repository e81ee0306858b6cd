package eval

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"seine/flow"
)

// A Class is what is known of a host or a flow.
type Class uint8

// The classes.
const (
	Unlabelled Class = iota
	Malicious
	Benign
)

// A Capture is an input of which the truth is known.
type Capture struct {
	ID         string
	Path       string // of the input, as it can be opened
	Hosts      map[flow.Addr]Class
	Behaviours []string // what the malicious hosts do, in free words
}

// maxTruth bounds the size of a file of truth, in bytes.
const maxTruth = 64 << 20

// LoadTruth reads a file of truth: one JSON object or an array of them, each
//
//	{"id": …, "path": …, "malicious_hosts": [{"ip": …}, …], "benign_hosts": ["192.0.2.1", …], "behaviours": [ … ]}
//
// An "ip" that ends in .json names a file beside it with a list of
// {"src": …, "grade": "clear"}; hosts graded otherwise are left unlabelled.
// Paths are relative to the file.
func LoadTruth(name string) ([]Capture, error) {
	data, err := readTruth(name)
	if err != nil {
		return nil, err
	}
	type entry struct {
		ID        string `json:"id"`
		Path      string `json:"path"`
		Malicious []struct {
			IP string `json:"ip"`
		} `json:"malicious_hosts"`
		Benign     []string `json:"benign_hosts"`
		Behaviours []string `json:"behaviours"`
	}
	var entries []entry
	if strings.HasPrefix(strings.TrimSpace(string(data)), "{") {
		data = append(append([]byte{'['}, data...), ']')
	}
	if err := json.Unmarshal(data, &entries); err != nil {
		return nil, fmt.Errorf("truth %s: %w", name, err)
	}
	dir := filepath.Dir(name)
	var all []Capture
	for i, e := range entries {
		c := Capture{ID: e.ID, Path: filepath.Join(dir, filepath.FromSlash(e.Path)), Hosts: map[flow.Addr]Class{}, Behaviours: e.Behaviours}
		if c.ID == "" {
			c.ID = e.Path
		}
		if e.Path == "" {
			return nil, fmt.Errorf("truth %s: entry %d has no path", name, i+1)
		}
		for _, ip := range e.Benign {
			if err := c.set(ip, Benign); err != nil {
				return nil, fmt.Errorf("truth %s: %s: %w", name, c.ID, err)
			}
		}
		for _, m := range e.Malicious {
			if strings.HasSuffix(m.IP, ".json") {
				err = c.list(filepath.Join(dir, filepath.FromSlash(m.IP)))
			} else {
				err = c.set(m.IP, Malicious)
			}
			if err != nil {
				return nil, fmt.Errorf("truth %s: %s: %w", name, c.ID, err)
			}
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, fmt.Errorf("truth %s names no capture", name)
	}
	return all, nil
}

func readTruth(name string) ([]byte, error) {
	fi, err := os.Stat(name)
	if err != nil {
		return nil, fmt.Errorf("truth %w", err)
	}
	if fi.Size() > maxTruth {
		return nil, fmt.Errorf("truth %s has more than %d MB", name, maxTruth>>20)
	}
	return os.ReadFile(name)
}

func (c *Capture) set(ip string, class Class) error {
	a, err := flow.ParseAddr([]byte(ip))
	if err != nil {
		return fmt.Errorf("host %q: %w", ip, err)
	}
	if old := c.Hosts[a]; old != Unlabelled && old != class {
		return fmt.Errorf("host %s is called malicious and benign", ip)
	}
	c.Hosts[a] = class
	return nil
}

// list adds the hosts of a list.
func (c *Capture) list(name string) error {
	data, err := readTruth(name)
	if err != nil {
		return err
	}
	var hosts []struct{ Src, Grade string }
	if err := json.Unmarshal(data, &hosts); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, h := range hosts {
		if h.Grade != "" && h.Grade != "clear" {
			continue
		}
		if err := c.set(h.Src, Malicious); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

// ErrNoTruth is the error of inputs of which nothing is known.
var ErrNoTruth = errors.New("the truth file does not name it")

// Find is the capture of which path is the input. The end of the path counts,
// so that a copy of the captures in another place is found too.
func Find(all []Capture, dir, path string) (Capture, error) {
	best, length := -1, 0
	for i := range all {
		rel, err := filepath.Rel(dir, all[i].Path)
		if err != nil {
			rel = all[i].Path
		}
		for tail := rel; ; {
			if n := len(tail); n > length && (path == tail || strings.HasSuffix(path, string(filepath.Separator)+tail)) {
				best, length = i, n
			}
			_, rest, ok := strings.Cut(tail, string(filepath.Separator))
			if !ok || !strings.Contains(rest, string(filepath.Separator)) {
				break
			}
			tail = rest
		}
	}
	if best < 0 {
		return Capture{}, fmt.Errorf("%s: %w", path, ErrNoTruth)
	}
	c := all[best]
	c.Path = path
	return c, nil
}

// ClassOf reads the label of a flow, in the words of CTU-13 and IoT-23
// (From-Botnet, Malicious, Benign, Background), UNSW-NB15 and the NetFlow
// collections (an attack category, Normal, 0 and 1), CIDDS (normal, attacker,
// victim) and CICFlowMeter (BENIGN, the name of an attack). It tells of the
// source of the flow: flows to a bad host, as replies are, say nothing of it.
func ClassOf(label string) Class {
	l := strings.ToLower(strings.TrimSpace(label))
	has := func(words ...string) bool {
		for _, w := range words {
			if strings.Contains(l, w) {
				return true
			}
		}
		return false
	}
	switch {
	case l == "", l == "-", l == "(empty)", l == "victim", l == "suspicious", l == "unknown", l == "no label", l == "nolabel":
		return Unlabelled
	case has("background", "flow=to-", "to-botnet", "to-normal"):
		return Unlabelled
	case l == "0", has("benign", "normal", "legitimate"):
		return Benign
	}
	return Malicious
}
