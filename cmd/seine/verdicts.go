package main

import (
	"context"
	"errors"
	"fmt"

	"seine/analyzer"
	"seine/analyzer/triage"
	"seine/cmd/seine/internal/settings"
	"seine/detectors"
	"seine/flow"
	"seine/flow/where"
)

// verdicts are what the user has decided about flows and findings, and those
// of an earlier run.
type verdicts struct {
	rules    *triage.Rules
	baseline *triage.Baseline // nil: none
}

// loadVerdicts reads the rules that the options name. names resolves the
// numbers in flows; nil if there are none.
func loadVerdicts(o *settings.Options, known []*detectors.Detector, names flow.Names) (v verdicts, err error) {
	if o.FailNew && len(o.Baseline) == 0 {
		return v, &codeError{exitUsage, errors.New("--fail-on new:SEVERITY needs a --baseline to tell what is new")}
	}
	files := triage.Files{
		Suppress: o.Suppress, AsOf: o.AsOf, HasAsOf: o.HasAsOf, Detectors: known, Ignore: o.Ignore, NoFlows: names == nil,
	}
	if names == nil {
		files.Ignore = nil
	}
	v.rules, err = triage.Load(files, scopeOf(o, names))
	if err != nil {
		return v, &codeError{exitUsage, err}
	}
	if !o.Quiet {
		warn(v.rules.Warnings())
	}
	return v, nil
}

func scopeOf(o *settings.Options, names flow.Names) triage.Scope {
	return triage.Scope{
		Zone: o.Zone, Internal: append(where.DefaultInternal(), o.Internal...), Names: names, Known: o.Known,
	}
}

// compare reads the baseline that the options name.
func (v *verdicts) compare(ctx context.Context, o *settings.Options, known []*detectors.Detector) (err error) {
	if len(o.Baseline) == 0 {
		return nil
	}
	v.baseline, err = triage.LoadBaseline(ctx, o.Baseline, o.Match, known)
	if err != nil && !errors.Is(err, analyzer.ErrInput) {
		err = &codeError{exitInput, err}
	}
	return err
}

// namesOf are the names of an intake; nil if nothing is read.
func namesOf(in analyzer.Intake) flow.Names {
	if in.Symbols == nil {
		return nil
	}
	return &names{in.Sources, in.Symbols}
}

// mustRead refuses standard input that is given twice.
func mustRead(lists ...[]string) error {
	n := 0
	for _, l := range lists {
		for _, name := range l {
			if name == flow.Stdin {
				n++
			}
		}
	}
	if n > 1 {
		return &usageError{fmt.Errorf("standard input (-) can be read once, and is named %d times", n)}
	}
	return nil
}
