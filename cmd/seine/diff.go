package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/replay"
	"seine/analyzer/report"
	"seine/analyzer/triage"
	"seine/detectors"
)

func diffCommand() *cobra.Command {
	formats := report.DiffFormats()
	cmd := &cobra.Command{
		Use:   "diff [flags] OLD NEW",
		Short: "tell what has changed from one run's alerts to another's",
		Long: "Compares two files of alerts, ndjson or json, compressed or not; one of them may be standard input (-).\n" +
			"A finding is new, gone, worse or milder (its severity has changed), or the same. By default it is one and\n" +
			"the same by its id: detector, rule, subject and the start of its window, or else when it was first seen.\n" +
			"--match subject compares detector, rule and subject alone, as for the data of different days.\n\n" +
			"Exit codes: 0 done; 1 done, and --fail-on is met; 2 wrong usage; 3 a file could not be read.",
		Example: "  seine diff monday.ndjson tuesday.ndjson --match subject\n" +
			"  seine diff before.json after.json -f markdown >> \"$GITHUB_STEP_SUMMARY\"\n" +
			"  seine diff before.json after.json --fail-on new:high",
	}
	format := cmd.Flags().StringP("format", "f", "table", "`FORMAT` of the output: "+strings.Join(formats, ", "))
	complete(cmd, "format", formats, 0)
	match := cmd.Flags().String("match", triage.ByID, "what makes two findings the same: id, subject")
	complete(cmd, "match", []string{triage.ByID, triage.BySubject}, 0)
	same := cmd.Flags().Bool("same", false, "list also findings that have not changed")
	failOn := cmd.Flags().String("fail-on", "never", "end with code 1 if NEW has findings of this `SEVERITY` or above; new:SEVERITY if they are new or have become worse")
	words := []string{"never"}
	for s := range detectors.Severities {
		words = append(words, s.String(), "new:"+s.String())
	}
	complete(cmd, "fail-on", words, 0)
	color := cmd.Flags().String("color", "auto", "`COLOR` (auto is on a terminal unless NO_COLOR is set): auto, always, never")
	complete(cmd, "color", []string{"auto", "always", "never"}, 0)
	known := ruled(cmd)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		switch {
		case len(args) != 2:
			return &usageError{fmt.Errorf("diff takes two files, as in \"seine diff old.ndjson new.ndjson\", and got %d", len(args))}
		case !slices.Contains(formats, *format):
			return &usageError{fmt.Errorf("unknown format %q (known: %s)%s", *format, strings.Join(formats, ", "), analyzer.DidYouMean(*format, formats))}
		case *match != triage.ByID && *match != triage.BySubject:
			return &usageError{fmt.Errorf("unknown match %q (known: id, subject)", *match)}
		case !slices.Contains(words, *failOn):
			return &usageError{fmt.Errorf("unknown severity %q (known: %s)%s", *failOn, strings.Join(words, ", "), analyzer.DidYouMean(*failOn, words))}
		}
		if err := mustRead(args); err != nil {
			return err
		}
		all, err := known()
		if err != nil {
			return err
		}
		runs := [2]*replay.Replay{}
		alerts := [2][]*detectors.Alert{}
		var errs []error
		for i, name := range args {
			runs[i] = replay.New(replay.Sources([]string{name}), all)
			var sum *analyzer.Summary
			alerts[i], sum, err = runs[i].All(cmd.Context())
			errs = append(errs, err)
			warn(broken(sum))
		}
		if err := cmd.Context().Err(); err != nil {
			return &codeError{exitInterrupted, nil}
		}
		if err := errors.Join(errs...); err != nil {
			return &codeError{exitInput, err}
		}
		changes := triage.Diff(alerts[0], alerts[1], *match)
		err = report.WriteDiff(os.Stdout, *format, changes, report.DiffOptions{
			Old: runs[0].Names(), New: runs[1].Names(), Match: *match, Same: *same,
			Width: columnsOf(os.Stdout), Color: colored(os.Stdout, *color),
		})
		if err != nil {
			return err
		}
		return failed(changes, *failOn)
	}
	return cmd
}

// broken are warnings of alerts that could not be read.
func broken(sum *analyzer.Summary) (warnings []string) {
	for _, f := range sum.Alerts {
		if f.Bad > 0 && f.Error == "" {
			warnings = append(warnings, fmt.Sprintf("%s: %d alerts could not be read; the first is in line %d: %s",
				f.Name, f.Bad, f.BadRows[0].Row, f.BadRows[0].Reason))
		}
	}
	return warnings
}

// failed is the exit code that changes give.
func failed(changes []triage.Difference, failOn string) error {
	if failOn == "never" {
		return nil
	}
	name, fresh := strings.CutPrefix(failOn, "new:")
	floor, err := detectors.ParseSeverity(name)
	if err != nil {
		return &usageError{err}
	}
	for _, c := range changes {
		if c.New != nil && c.New.Severity >= floor && (!fresh || c.Change == triage.Appeared || c.Change == triage.Worsened) {
			return &codeError{code: exitFindings}
		}
	}
	return nil
}

// alertsOf reads the alerts that the arguments name, and refuses what cannot
// be read.
func alertsOf(ctx context.Context, args []string, known []*detectors.Detector) ([]*detectors.Alert, error) {
	all, sum, err := replay.New(replay.Sources(args), known).All(ctx)
	if ctx.Err() != nil {
		return nil, &codeError{exitInterrupted, nil}
	}
	if err != nil {
		return nil, &codeError{exitInput, err}
	}
	warn(broken(sum))
	return all, nil
}
