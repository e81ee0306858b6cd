package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"seine/analyzer"
	"seine/analyzer/explain"
	"seine/analyzer/explain/llm"
	"seine/analyzer/replay"
	"seine/detectors"
)

// A narration tells the alerts of a file in plain language.
type narration struct {
	file, id string // id, or the beginning of one; empty means all
	top      int    // 0 all
	format   string
	known    []*detectors.Detector
	teller   *explain.Teller
	model    *llm.Model // nil: none is asked

	names  analyzer.Names
	out    *bufio.Writer
	told   int
	failed bool // the model has failed before
}

// errToldEnough ends the reading when enough was told.
var errToldEnough = errors.New("enough")

// run tells the alerts on w.
func (n *narration) run(ctx context.Context, w io.Writer) error {
	n.out = bufio.NewWriter(w)
	if err := mustRead([]string{n.file}); err != nil {
		return err
	}
	alerts := replay.New(replay.Sources([]string{n.file}), n.known)
	n.names = alerts.Names()
	take := func(a *detectors.Alert) error {
		if n.top > 0 && n.told == n.top {
			return errToldEnough
		}
		return n.tell(ctx, a)
	}
	var found []*detectors.Alert
	if n.id != "" {
		take = func(a *detectors.Alert) error {
			if strings.HasPrefix(string(a.AppendID(nil)), n.id) {
				found = append(found, a)
			}
			return nil
		}
	}
	sum, err := alerts.Each(ctx, take)
	err = without(err, errToldEnough)
	warn(broken(sum))
	if ctx.Err() != nil {
		return errors.Join(&codeError{exitInterrupted, nil}, n.out.Flush())
	}
	if n.id != "" && len(found) == 0 && err == nil {
		read := uint64(0)
		for _, f := range sum.Alerts {
			read += f.Rows
		}
		return &codeError{exitUsage, fmt.Errorf("no alert with the id %s is among the %d of %s", n.id, read, n.file)}
	}
	if n.id == "" && n.told == 0 && err == nil {
		warn([]string{n.file + " has no alert"})
	}
	if len(found) > 0 {
		a, errUnique := unique(n.id, found)
		if errUnique != nil {
			return errUnique
		}
		err = errors.Join(err, n.tell(ctx, a))
	}
	if n.format == "json" {
		if n.told == 0 {
			n.out.WriteByte('[')
		}
		n.out.WriteString("\n]\n")
	}
	if errOut := n.out.Flush(); errOut != nil {
		return errOut
	}
	if err != nil {
		if brokenPipe(err) {
			return err
		}
		return &codeError{exitInput, err}
	}
	return nil
}

// unique is the alert that an id means; of one that was told several times,
// as it grew, the last.
func unique(id string, found []*detectors.Alert) (*detectors.Alert, error) {
	last := found[len(found)-1]
	var others []string
	for _, a := range found {
		text := string(a.AppendID(nil))
		if text != string(last.AppendID(nil)) && len(others) < 5 {
			others = append(others, fmt.Sprintf("  %s  %s", text, a.Summary))
		}
	}
	if len(others) == 0 {
		return last, nil
	}
	others = append(others, fmt.Sprintf("  %s  %s", last.AppendID(nil), last.Summary))
	return nil, &codeError{exitUsage, fmt.Errorf("several ids begin with %s, among them\n%s", id, strings.Join(others, "\n"))}
}

// tell writes one alert.
func (n *narration) tell(ctx context.Context, a *detectors.Alert) error {
	x := n.teller.Tell(a, n.names)
	if n.model != nil {
		var err error
		if x, err = n.model.Retell(ctx, a, x); err != nil && ctx.Err() == nil && !n.failed {
			n.failed = true
			warn([]string{"the language model was not used: " + err.Error()})
		}
	}
	n.told++
	switch n.format {
	case "json":
		return n.json(a, x)
	case "markdown":
		if n.told > 1 {
			n.out.WriteString("\n")
		}
		n.out.WriteString(n.teller.Markdown(a, x, 2))
	default:
		width := textWidth(os.Stdout)
		if n.told > 1 {
			n.out.WriteString("\n" + strings.Repeat("─", width) + "\n\n")
		}
		n.out.WriteString(n.teller.Text(a, x, width))
	}
	return n.out.Flush()
}

// json writes one alert as JSON.
func (n *narration) json(a *detectors.Alert, x explain.Told) error {
	text, err := json.MarshalIndent(struct {
		ID       string `json:"id"`
		Detector string `json:"detector"`
		Rule     string `json:"rule"`
		Severity string `json:"severity"`
		Subject  string `json:"subject"`
		explain.Told
	}{string(a.AppendID(nil)), a.Detector.ID, a.Rule.ID, a.Severity.String(), a.Subject.String(), x}, "  ", "  ")
	if err != nil {
		return err
	}
	before := ",\n  "
	if n.told == 1 {
		before = "[\n  "
	}
	n.out.WriteString(before)
	_, err = n.out.Write(text)
	return err
}
