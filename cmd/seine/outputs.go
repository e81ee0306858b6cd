package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"seine/analyzer"
	"seine/analyzer/report"
	"seine/cmd/seine/internal/settings"
	"seine/detectors"
	"seine/flow"
)

// An output is one destination of alerts.
type output struct {
	name string
	sink analyzer.Sink
	file *report.AtomicFile // nil for standard output
	err  error              // why it takes nothing more
}

// outputs is a Sink that hands alerts to several outputs. One that fails is
// given up, and the others go on: only when none is left is that an error of
// the sink, which ends the run.
type outputs struct {
	all  []*output
	wait bool // something else still wants the run to reach its end
	rank bool // an output shows the hosts by risk
	sums bool // an output shows what the flows sum up to
}

// topOnTerminal is how many rows a table has on a terminal by default.
const topOnTerminal = 100

// openOutputs opens what o asks for. Standard output is written if there is
// no file or if "-" is among them. A file whose name does not tell its format
// has that of standard output. stdout wraps standard output.
func openOutputs(o *settings.Options, common report.Options, stdout io.Writer) (*outputs, error) {
	outs := &outputs{wait: o.Summary != "", rank: o.Summary != ""}
	toStdout := len(o.Outputs) == 0
	named := map[string]bool{}
	for _, name := range o.Outputs {
		if path := filepath.Clean(name); named[path] {
			outs.abort()
			return nil, &codeError{exitUsage, fmt.Errorf("-o %s is given twice: each output needs a name of its own", name)}
		} else {
			named[path] = true
		}
		if name == flow.Stdin {
			toStdout = true
			continue
		}
		format, err := report.ByExtension(name)
		if err != nil && o.Format != "" {
			format, err = report.ByName(o.Format)
		}
		if err != nil {
			outs.abort()
			return nil, &codeError{exitUsage, fmt.Errorf("%w; -f FORMAT names one", err)}
		}
		if err := outs.open(name, format, common); err != nil {
			outs.abort()
			return nil, &codeError{exitInput, err}
		}
	}
	if !toStdout {
		return outs, nil
	}
	name := o.Format
	if name == "" {
		name = "ndjson"
		if isTerminal(os.Stdout) {
			name = "table"
		}
	}
	format, err := report.ByName(name)
	if err != nil {
		outs.abort()
		return nil, &codeError{exitUsage, err}
	}
	if format.Binary && isTerminal(os.Stdout) {
		outs.abort()
		return nil, &codeError{exitUsage, fmt.Errorf("%s is binary: name a file with -o, or pipe it on", format.Name)}
	}
	common.Color = colored(os.Stdout, o.Color)
	common.Width = columnsOf(os.Stdout)
	if o.Top < 0 && isTerminal(os.Stdout) {
		common.Top = topOnTerminal
	}
	outs.rank, outs.sums = outs.rank || format.Hosts, outs.sums || format.Traffic
	outs.all = append(outs.all, &output{name: "standard output", sink: format.New(stdout, common)})
	return outs, nil
}

func (s *outputs) open(name string, format *report.Format, common report.Options) error {
	f, err := report.CreateAtomic(name)
	if err != nil {
		return err
	}
	s.rank, s.sums = s.rank || format.Hosts, s.sums || format.Traffic
	s.all = append(s.all, &output{name: name, file: f, sink: format.New(f, common)})
	return nil
}

// Alert implements analyzer.Sink.
func (s *outputs) Alert(a *detectors.Alert) error {
	for _, out := range s.all {
		if out.err == nil {
			out.err = out.sink.Alert(a)
		}
	}
	return s.verdict()
}

// Close implements analyzer.Sink.
func (s *outputs) Close(sum *analyzer.Summary) error {
	for _, out := range s.all {
		if err := out.sink.Close(sum); out.err == nil {
			out.err = err
		}
	}
	return nil
}

var errNoOutput = errors.New("no output is left")

// verdict is an error if nobody wants alerts any more.
func (s *outputs) verdict() error {
	if s.wait {
		return nil
	}
	for _, out := range s.all {
		if out.err == nil {
			return nil
		}
	}
	return errNoOutput
}

// finish makes the files that were written whole appear under their names and
// drops the others. The error tells which outputs failed; a standard output
// whose reader has gone away is none.
func (s *outputs) finish() error {
	var errs []error
	for _, out := range s.all {
		err := out.err
		if out.file != nil {
			if err == nil {
				err = out.file.Commit()
			} else {
				out.file.Abort()
			}
		} else if brokenPipe(err) {
			continue
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("output %s: %w", out.name, err))
		}
	}
	return errors.Join(errs...)
}

// readerGone reports whether standard output was closed by its reader.
func (s *outputs) readerGone() bool {
	for _, out := range s.all {
		if out.file == nil && brokenPipe(out.err) {
			return true
		}
	}
	return false
}

// abort drops what was written.
func (s *outputs) abort() {
	for _, out := range s.all {
		if out.file != nil {
			out.file.Abort()
		}
	}
}
