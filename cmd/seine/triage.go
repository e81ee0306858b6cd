package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/replay"
	"seine/analyzer/report"
	"seine/analyzer/triage"
	"seine/cmd/seine/internal/settings"
	"seine/detectors"
	"seine/flow"
	"seine/flow/where"
)

// A review is one run of triage.
type review struct {
	job
	fold        time.Duration
	minSeverity string
	evidence    int
	where       []string
}

func triageCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "triage [flags] ALERTS...",
		Short: "read alerts back and filter, fold, compare or format them anew",
		Long: "Reads the alerts that \"seine analyze\" wrote, ndjson or json, compressed or not, from files or standard\n" +
			"input, and takes them through what follows the detectors: conditions, folding, a baseline, rules that\n" +
			"suppress, the ranking of hosts, any output. The flows are not read again. What no flag asks for stays\n" +
			"as it was: without flags the ndjson output is the input, byte for byte.\n\n" +
			"A json document keeps what it tells of its run (files, rows, skipped detectors), so that a report made\n" +
			"of it still shows the quality of the data; lines of ndjson tell nothing of it. Alerts that cannot be\n" +
			"read are counted and named. Folding joins findings; it cannot take those apart that were joined.\n" +
			"What --assets, --geo, --intel and --inventory know of the addresses is added to the alerts.\n\n" +
			"Conditions (--where) know these fields of an alert; \"seine explain where\" tells how they are written:\n" +
			alertFields() + "\n" +
			"Exit codes are those of analyze.",
		Example: "  seine triage alerts.ndjson --suppress rules.yaml\n" +
			"  seine triage alerts.json --min-severity high -o report.html\n" +
			"  seine triage today.ndjson --baseline yesterday.ndjson --match subject --fail-on new:high\n" +
			"  seine triage alerts.ndjson --where 'detector == \"port-scan\" and facts.ports > 100'\n" +
			"  seine analyze -f ndjson --fold 0 logs/ | seine triage --fold 24h",
	}
	values := configured(cmd, settings.GroupTriage, settings.GroupOutput, "--rules", "--tz", "--internal", "--assets", "--geo")
	var r review
	cmd.Flags().DurationVar(&r.fold, "fold", 0, "alerts about the same thing less than this apart are one finding; 0 leaves them as they are")
	cmd.Flags().StringVar(&r.minSeverity, "min-severity", "info", "`SEVERITY` below which alerts are only counted: info, low, medium, high, critical")
	complete(cmd, "min-severity", []string{"info", "low", "medium", "high", "critical"}, 0)
	cmd.Flags().IntVar(&r.evidence, "evidence", 0, "`N` flows that an alert cites; 0 all that it has")
	cmd.Flags().StringArrayVar(&r.where, "where", nil, "take only alerts of which this `CONDITION` holds, as 'severity >= \"high\" and internal(src_ip)' (repeatable: all must hold)")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if r.settings, r.options, err = values(); err != nil {
			return err
		}
		if args, err = alertInputs(args, "triage"); err != nil {
			return err
		}
		return r.run(cmd.Context(), args)
	}
	return cmd
}

// alertFields lists what conditions on alerts may speak of.
func alertFields() string {
	var rows [][]string
	for _, n := range triage.Alerts(triage.Scope{}).Names() {
		rows = append(rows, []string{n.Name, n.Type, n.Doc})
	}
	return aligned("  ", rows)
}

// alertInputs are the arguments, or standard input if there are none and it is
// no terminal.
func alertInputs(args []string, command string) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	if isTerminal(os.Stdin) {
		return nil, &usageError{fmt.Errorf("nothing to read: name a file of alerts, as in \"seine %s alerts.ndjson\", or pipe one in", command)}
	}
	return []string{flow.Stdin}, nil
}

func (r *review) run(ctx context.Context, args []string) error {
	o := r.options
	floor, err := detectors.ParseSeverity(r.minSeverity)
	switch {
	case err != nil:
		return &usageError{fmt.Errorf("--min-severity: %w", err)}
	case r.fold < 0:
		return &usageError{fmt.Errorf("--fold %s: must not be negative", r.fold)}
	case r.evidence < 0:
		return &usageError{fmt.Errorf("--evidence %d: must not be negative", r.evidence)}
	}
	if err := mustRead(args, o.Suppress, o.Baseline); err != nil {
		return err
	}
	known := r.settings.Detectors()
	if _, err := places(o); err != nil { // alerts are annotated with it, and conditions may ask
		return err
	}
	if r.verdicts, err = loadVerdicts(o, known, nil); err != nil {
		return err
	}
	chosen := &choosing{floor: floor}
	for _, text := range r.where {
		c, err := triage.Condition(text, scopeOf(o, nil))
		if err != nil {
			return &codeError{exitUsage, fmt.Errorf("--where: %w", err)}
		}
		chosen.conditions = append(chosen.conditions, c)
	}
	if err := r.verdicts.compare(ctx, o, known); err != nil {
		return err
	}
	alerts := replay.New(replay.Sources(args), known)
	common := report.Options{
		Names: alerts.Names(), Version: version(), Evidence: r.evidence, Verbose: o.Verbose, Top: max(o.Top, 0), Lang: o.Lang, Chain: o.Chain,
	}
	outs, err := openOutputs(o, common, os.Stdout)
	if err != nil {
		return err
	}
	defer outs.abort()
	sink := findings(o, &r.verdicts, floor, outs)
	if r.fold > 0 {
		sink = analyzer.Fold(flow.Time(r.fold), r.evidence, 0, sink)
	}
	chosen.sink = sink
	sum, runErr := alerts.Run(ctx, chosen)
	return r.conclude(sum, runErr, outs, common)
}

// conclude completes the outputs, tells the summary and chooses the exit code.
func (r *review) conclude(sum *analyzer.Summary, runErr error, outs *outputs, common report.Options) error {
	o := r.options
	outErr := outs.finish()
	if o.Summary != "" {
		outErr = errors.Join(outErr, writeSummary(o.Summary, sum))
	}
	if !o.Quiet && (!outs.readerGone() || len(outs.all) > 1) {
		common.Color, common.Told = colored(os.Stderr, o.Color), runErr
		report.WriteSummary(os.Stderr, sum, common)
	}
	if outs.verdict() != nil {
		runErr = without(runErr, errNoOutput)
	}
	return r.verdict(sum, runErr, outErr)
}

// choosing passes on the alerts that are wanted.
type choosing struct {
	floor      detectors.Severity
	conditions []*where.Condition[detectors.Alert]
	sink       analyzer.Sink
	hidden     [detectors.Severities]uint64
	unwanted   uint64
}

// Alert implements analyzer.Sink.
func (c *choosing) Alert(a *detectors.Alert) error {
	if a.Severity < c.floor {
		c.hidden[a.Severity]++
		return nil
	}
	for _, when := range c.conditions {
		if !when.Keep(a) {
			c.unwanted++
			return nil
		}
	}
	return c.sink.Alert(a)
}

// Close implements analyzer.Sink.
func (c *choosing) Close(s *analyzer.Summary) error {
	for i, n := range c.hidden {
		s.Hidden[i] += n
	}
	s.Unwanted = c.unwanted
	return c.sink.Close(s)
}
