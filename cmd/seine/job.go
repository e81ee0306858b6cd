package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"seine/analyzer"
	"seine/analyzer/report"
	"seine/analyzer/risk"
	"seine/analyzer/stats"
	"seine/cmd/seine/internal/settings"
	"seine/detectors"
	"seine/flow/where"
)

// A job is one run of analyze.
type job struct {
	settings *settings.Settings
	options  *settings.Options
	explain  bool
	verdicts verdicts // of the user on flows and findings

	// open makes the outputs; nil opens those that the options ask for.
	open func(common report.Options, stdout io.Writer) (*outputs, error)

	cpuProfile, memProfile string
}

// run analyses the inputs that args name, or explains how they are read.
func (j *job) run(ctx context.Context, args []string) (err error) {
	stop, err := profile(j.cpuProfile, j.memProfile)
	if err != nil {
		return &codeError{exitUsage, err}
	}
	defer func() {
		if e := stop(); err == nil {
			err = e
		}
	}()
	in, _, err := takeIn(j.options, args)
	if err != nil {
		return err
	}
	if j.explain {
		return explainInput(os.Stdout, in.Sources, in.Format)
	}
	plan, err := j.prepare(in)
	if err != nil {
		return err
	}
	return j.analyze(ctx, plan)
}

// prepare checks the configuration as far as only the engine and the
// detectors can.
func (j *job) prepare(in analyzer.Intake) (*analyzer.Plan, error) {
	o, l := j.options, lists()
	known, err := knowledge(o)
	if err != nil {
		return nil, err
	}
	if j.verdicts, err = loadVerdicts(o, j.settings.Detectors(), namesOf(in)); err != nil {
		return nil, err
	}
	in.Select.Ignore = j.verdicts.rules.Ignorer()
	plan, err := analyzer.Prepare(analyzer.Config{
		Sources: in.Sources, Formats: l.Inputs, Format: o.InputFormat, Stitch: in.Stitch, Select: in.Select,
		Chain: o.Chain, All: j.settings.Detectors(), Params: o.Params,
		Lateness: o.Lateness, MaxHosts: o.MaxHosts, Retention: o.Retention,
		Evidence: o.Evidence, Floor: o.MinSeverity, MaxBad: o.MaxBad, Symbols: in.Symbols,
		Known: known, Location: o.Zone,
	})
	if err != nil {
		return nil, j.settings.Blame(err)
	}
	return plan, nil
}

// analyze runs the plan and settles what was found and what went wrong.
func (j *job) analyze(ctx context.Context, plan *analyzer.Plan) error {
	o := j.options
	common := report.Options{
		Names: plan.Names(), Version: version(), Evidence: o.Evidence, Verbose: o.Verbose, Top: max(o.Top, 0), Lang: o.Lang,
		Chain: o.Chain,
	}
	var line *progress
	if isTerminal(os.Stderr) && !dumb() && !o.Quiet && !o.NoProgress {
		line = showProgress(os.Stderr, plan)
		defer line.end()
	}
	open := j.open
	if open == nil {
		open = func(common report.Options, stdout io.Writer) (*outputs, error) { return openOutputs(o, common, stdout) }
	}
	if err := j.verdicts.compare(ctx, o, j.settings.Detectors()); err != nil {
		return err
	}
	var sums *stats.Analysis
	common.Traffic = func() *stats.Result {
		if sums == nil {
			return nil
		}
		return sums.Result()
	}
	outs, err := open(common, line.before(os.Stdout))
	if err != nil {
		return err
	}
	defer outs.abort()
	if outs.sums {
		if sums, err = stats.Overview(plan.Names(), append(where.DefaultInternal(), o.Internal...)); err != nil {
			return err
		}
		plan.Watch(sums.Add)
	}
	sum, runErr := plan.Run(ctx, analyzer.Fold(o.Fold, o.Evidence, 0, findings(o, &j.verdicts, o.MinSeverity, outs)))
	line.end()
	outErr := outs.finish()
	if o.Summary != "" {
		outErr = errors.Join(outErr, writeSummary(o.Summary, sum))
	}
	nothing := runErr != nil && sum.Rows+sum.Bad == 0 // the error says it all
	if !o.Quiet && !nothing && (!outs.readerGone() || len(outs.all) > 1) {
		common.Color, common.Told = colored(os.Stderr, o.Color), runErr
		report.WriteSummary(os.Stderr, sum, common)
	}
	if outs.verdict() != nil {
		runErr = without(runErr, errNoOutput)
	}
	return j.verdict(sum, runErr, outErr)
}

// findings is the way of findings to the outputs: from the last stage to the
// first, each a Sink around the next. Those under floor were never looked for.
func findings(o *settings.Options, v *verdicts, floor detectors.Severity, outs *outputs) analyzer.Sink {
	sink := analyzer.Sink(outs)
	if outs.rank {
		sink = risk.Rank(risk.Options{Internal: append(where.DefaultInternal(), o.Internal...)}, sink)
	}
	sink = analyzer.Tally(sink)
	sink = v.rules.Suppress(sink)
	if v.baseline != nil {
		sink = v.baseline.Compare(floor, sink)
	}
	return analyzer.Annotate(o.Known, sink)
}

// verdict chooses the exit code: what went wrong outranks what was found.
func (j *job) verdict(sum *analyzer.Summary, runErr, outErr error) error {
	err := errors.Join(runErr, outErr)
	switch {
	case sum.Interrupted:
		return &codeError{exitInterrupted, err}
	case err != nil:
		return &codeError{exitInput, err}
	}
	if o := j.options; o.CanFail {
		for s, n := range sum.Findings {
			if o.FailNew && sum.Compared != nil {
				n = sum.Compared.New[s] + sum.Compared.Worse[s]
			}
			if n > 0 && s >= int(o.FailOn) {
				return &codeError{code: exitFindings}
			}
		}
	}
	return nil
}

// without drops target from a joined error.
func without(err, target error) error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var rest []error
		for _, e := range joined.Unwrap() {
			rest = append(rest, without(e, target))
		}
		return errors.Join(rest...)
	}
	if errors.Is(err, target) {
		return nil
	}
	return err
}

// writeSummary writes the summary of the run as JSON.
func writeSummary(name string, sum *analyzer.Summary) error {
	f, err := report.CreateAtomic(name)
	if err != nil {
		return err
	}
	defer f.Abort()
	if _, err := f.Write(append(report.AppendSummaryJSON(nil, sum), '\n')); err != nil {
		return fmt.Errorf("summary %s: %w", name, err)
	}
	return f.Commit()
}
