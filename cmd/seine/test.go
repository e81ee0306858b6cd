package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/fixture"
	"seine/analyzer/report"
	"seine/cmd/seine/internal/settings"
	"seine/detectors"
	"seine/flow"
)

// A tester runs test cases.
type tester struct {
	format  string
	outputs []string
	update  bool
	verbose bool
	quiet   bool
	jobs    int
	filter  string
	config  string

	// base makes settings that have what the flags say.
	base func() *settings.Settings
}

// testFormats are the layouts of results, by name.
var testFormats = []string{"table", "json", "junit"}

func testCommand() *cobra.Command {
	var t tester
	var rules []string
	cmd := &cobra.Command{
		Use:   "test [flags] DIR|FILE...",
		Short: "check that cases of flows give the findings that they should",
		Long:  testHelp,
		Example: "  seine test cases/\n" +
			"  seine test cases/ --rules rules/ -o results.xml -o -\n" +
			"  seine test cases/night-scan.yaml --update\n" +
			"  seine test detectors/port-scan/testdata --filter 'fires-.*'",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return &usageError{errors.New("test takes folders or files of cases, as in \"seine test cases/\"")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			t.base = func() *settings.Settings {
				set := defaults().Anew()
				flags := set.Flags(settings.GroupDetect)
				for _, r := range rules {
					_ = flags.Set("rules", r) // which takes any text
				}
				return set
			}
			return t.run(cmd.Context(), args, cmd.OutOrStdout())
		},
	}
	fs := cmd.Flags()
	fs.SortFlags = false
	fs.StringVarP(&t.format, "format", "f", "table", "`FORMAT` of standard output: "+strings.Join(testFormats, ", "))
	fs.StringArrayVarP(&t.outputs, "output", "o", nil, "write to `FILE` instead of standard output: .xml is JUnit XML, .json JSON, else as -f says; - is standard output (repeatable)")
	fs.BoolVar(&t.update, "update", false, "write what was found into the cases: exact lists and counts, the lines wanted of scenarios")
	fs.StringVar(&t.filter, "filter", "", "run only the cases of whose name a part matches this `REGEXP`")
	fs.StringArrayVar(&rules, "rules", nil, "rules of your own, `FILE|DIR`, for cases that name none themselves (repeatable; seine explain rules)")
	fs.StringVar(&t.config, "config", "", "configuration `FILE` (YAML) that the cases build on")
	fs.BoolVarP(&t.verbose, "verbose", "v", false, "list the cases that passed too")
	fs.BoolVarP(&t.quiet, "quiet", "q", false, "nothing on standard error")
	fs.IntVarP(&t.jobs, "jobs", "j", 0, "cases to run side by side; 0 as many as there are cores")
	complete(cmd, "format", testFormats, 0)
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	_ = cmd.MarkFlagFilename("rules", "yaml", "yml")
	return cmd
}

const testHelp = `Runs test cases: each is flows, a configuration and the findings that must come of them. A case is a
file of YAML; a folder is searched for files case.yaml, for others that have the key "expect", and
for the scenarios (txtar archives) of detectors.

  title: a night scan is found, the backup is not
  flows: flows.csv            # or a list, folders, patterns; without it the files beside the case
  config:                     # as in a configuration file; names of files are relative to the case
    min-severity: low
    rules: rules.yaml
    set: {port-scan.targets: 10}
  expect:
    must have:
      - {detector: port-scan, src_ip: 10.0.0.9, severity: ">= medium", facts: {targets: ">= 10"}}
    must not have:
      - {detector: exfiltration}
      - {ip: 10.0.0.20}
    counts: {total: "<= 3", high: 1, detector port-scan: 1}

A finding is described by any of its fields: detector, rule, severity, ip (either side), src_ip,
dst_ip, role, dst_port, protocol, group, summary, facts, count, flows, confidence, status, attack,
time, first_seen, last_seen, window, id. A value is what it must be: a word, a network (10.0.0.0/8),
a list of which one will do, a range (3..5), ">= 3", "!= x", "~ regular expression", "*" for any. An
item of "must have" may say how often with "times". "counts" knows total, the severities, detector ID,
rule ID, and of the run rows, bad, hidden and suppressed. "exact" is the complete list of findings:
"exact: []" says that there are none. --update writes "exact" and "counts" where they are there, or
both into a case that expects nothing yet, and leaves everything else as it is.

The variables of the environment (SEINE_…) are not looked at. It ends with code 1 if a case failed,
with code 2 if one is broken: a file that cannot be read, a detector that does not exist.`

// run runs the cases that args name and tells how they fared.
func (t *tester) run(ctx context.Context, args []string, stdout io.Writer) error {
	outs, err := t.open(stdout)
	if err != nil {
		return err
	}
	defer func() {
		for _, o := range outs {
			o.abort()
		}
	}()
	cases, err := t.cases(args)
	if err != nil {
		return err
	}
	results, err := t.all(ctx, cases)
	if err != nil {
		return err
	}
	for _, o := range outs {
		if err := o.write(results, t.verbose); err != nil {
			return fmt.Errorf("output %s: %w", o.name, err)
		}
	}
	if !t.quiet && !slices.ContainsFunc(outs, func(o *testOutput) bool { return o.file == nil && o.format == "table" }) {
		fmt.Fprintln(os.Stderr, "seine:", fixture.Sentence(results))
	}
	switch _, failed, broken := fixture.Tally(results); {
	case broken > 0:
		return &codeError{code: exitUsage}
	case failed > 0:
		return &codeError{code: exitFindings}
	}
	return nil
}

// cases finds the cases that are wanted.
func (t *tester) cases(args []string) ([]fixture.Found, error) {
	filter, err := regexp.Compile(t.filter)
	if err != nil {
		return nil, &codeError{exitUsage, fmt.Errorf("--filter: %w", err)}
	}
	all, err := fixture.Find(args)
	if err != nil {
		return nil, &codeError{exitUsage, err}
	}
	wanted := slices.DeleteFunc(slices.Clone(all), func(f fixture.Found) bool { return !filter.MatchString(f.Name) })
	if len(wanted) == 0 {
		return nil, &codeError{exitUsage, fmt.Errorf("--filter: of %d cases none has a name that matches %q", len(all), t.filter)}
	}
	return wanted, nil
}

// all runs cases side by side and gives the results in their order.
func (t *tester) all(ctx context.Context, cases []fixture.Found) ([]fixture.Result, error) {
	results := make([]fixture.Result, len(cases))
	jobs := t.jobs
	if jobs <= 0 {
		jobs = runtime.GOMAXPROCS(0)
	}
	next := make(chan int)
	var wait sync.WaitGroup
	for range min(jobs, len(cases)) {
		wait.Go(func() {
			for i := range next {
				results[i] = t.one(ctx, &cases[i])
			}
		})
	}
	for i := range cases {
		if ctx.Err() != nil {
			break
		}
		next <- i
	}
	close(next)
	wait.Wait()
	if ctx.Err() != nil {
		return nil, &codeError{exitInterrupted, errors.New("interrupted")}
	}
	return results, nil
}

// one runs a case.
func (t *tester) one(ctx context.Context, f *fixture.Found) fixture.Result {
	r := fixture.Result{Name: f.Name, File: f.File, Err: f.Err}
	if f.Err != nil {
		return r
	}
	c := f.Case
	r.Title = c.Title
	if c.Scenario != nil {
		t.scenario(c.Scenario, &r)
		return r
	}
	if c.Expect.Empty() && !t.update {
		r.Err = fmt.Errorf("%s: nothing is expected: \"exact: []\" says that nothing is to be found, --update writes what is", c.File)
		return r
	}
	outcome, known, err := t.outcome(ctx, c)
	if err == nil {
		err = c.Unknown(known)
	}
	if err != nil {
		r.Err = err
		return r
	}
	r.Findings = len(outcome.Findings)
	if t.update {
		if c, r.Updated, r.Err = rewrite(c, outcome); r.Err != nil {
			return r
		}
	}
	r.Failures = c.Judge(outcome)
	return r
}

// rewrite puts an outcome into the file of a case, and gives the case as it is
// then.
func rewrite(c *fixture.Case, o *fixture.Outcome) (*fixture.Case, bool, error) {
	text, changed, err := c.Update(o)
	if err != nil || !changed {
		return c, false, err
	}
	fresh, err := fixture.Parse(c.File, text)
	if err != nil {
		return c, false, fmt.Errorf("what --update would write is no case: %w", err)
	}
	return fresh, true, replaceFile(c.File, text)
}

// replaceFile writes a file so that nobody sees a half of it.
func replaceFile(name string, text []byte) error {
	f, err := report.CreateAtomic(name)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(text); err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	return f.Commit()
}

// outcome runs the flows of a case as analyze would, and gives all detectors
// that there are for it.
func (t *tester) outcome(ctx context.Context, c *fixture.Case) (*fixture.Outcome, []*detectors.Detector, error) {
	set := t.base()
	if c.Config != nil {
		set.Within(c.File, c.Config, c.Dir)
	}
	_, err := set.Resolve(t.config, nil)
	o, errOptions := set.Options()
	if err = errors.Join(err, errOptions); err != nil {
		return nil, nil, err
	}
	o.Quiet, o.NoProgress, o.CanFail, o.Outputs, o.Summary = true, true, false, nil, ""
	var found collector
	j := job{settings: set, options: o, open: func(report.Options, io.Writer) (*outputs, error) {
		return &outputs{all: []*output{{name: c.File, sink: &found}}}, nil
	}}
	if err := j.run(ctx, c.Flows); err != nil {
		return nil, nil, fmt.Errorf("%s: %w", c.File, err)
	}
	return &fixture.Outcome{Findings: found.alerts, Summary: found.summary}, set.Detectors(), nil
}

// A collector is a sink that keeps the findings.
type collector struct {
	alerts  []*detectors.Alert
	summary *analyzer.Summary
}

// Alert implements analyzer.Sink.
func (c *collector) Alert(a *detectors.Alert) error {
	c.alerts = append(c.alerts, a)
	return nil
}

// Close implements analyzer.Sink.
func (c *collector) Close(s *analyzer.Summary) error {
	c.summary = s
	return nil
}

// scenario runs a scenario of a detector.
func (t *tester) scenario(s *fixture.Scenario, r *fixture.Result) {
	set := t.base()
	if _, r.Err = set.Resolve(t.config, nil); r.Err != nil {
		return
	}
	d, err := s.Detector(set.Detectors())
	if err != nil {
		r.Err = err
		return
	}
	dir, err := os.MkdirTemp("", "seine-test-")
	if err != nil {
		r.Err = err
		return
	}
	defer os.RemoveAll(dir)
	csv, err := flow.Lookup(lists().Inputs, "csv")
	if err != nil {
		r.Err = err
		return
	}
	lines, err := s.Play(fixture.Trial{
		Detector: d, Formats: []*flow.Format{csv}, Each: func(*detectors.Alert) { r.Findings++ },
	}, dir)
	if err != nil {
		r.Err = fmt.Errorf("%s: %w", s.Path, err)
		return
	}
	if r.Failures = s.Judge(lines); r.Failures != nil && t.update {
		r.Failures, r.Updated = nil, true
		r.Err = replaceFile(s.Path, s.Updated(lines))
	}
}

// A testOutput is one place for results.
type testOutput struct {
	name, format string
	w            io.Writer
	file         *report.AtomicFile // nil for standard output
}

// open opens the outputs, or standard output where none is asked for.
func (t *tester) open(stdout io.Writer) (outs []*testOutput, err error) {
	if !slices.Contains(testFormats, t.format) {
		return nil, &usageError{fmt.Errorf("--format: unknown format %q%s (known: %s)", t.format,
			analyzer.DidYouMean(t.format, testFormats), strings.Join(testFormats, ", "))}
	}
	names := t.outputs
	if len(names) == 0 {
		names = []string{flow.Stdin}
	}
	for _, name := range names {
		if name == flow.Stdin {
			outs = append(outs, &testOutput{name: "standard output", format: t.format, w: stdout})
			continue
		}
		format := t.format
		switch strings.ToLower(filepath.Ext(name)) {
		case ".xml":
			format = "junit"
		case ".json":
			format = "json"
		}
		f, err := report.CreateAtomic(name)
		if err != nil {
			for _, o := range outs {
				o.abort()
			}
			return nil, &codeError{exitInput, err}
		}
		outs = append(outs, &testOutput{name: name, format: format, w: f, file: f})
	}
	return outs, nil
}

func (o *testOutput) write(rs []fixture.Result, verbose bool) (err error) {
	switch o.format {
	case "json":
		err = fixture.WriteJSON(o.w, rs)
	case "junit":
		err = fixture.WriteJUnit(o.w, rs)
	default:
		err = fixture.WriteTable(o.w, rs, verbose)
	}
	if err == nil && o.file != nil {
		err = o.file.Commit()
	}
	return err
}

func (o *testOutput) abort() {
	if o.file != nil {
		o.file.Abort()
	}
}
