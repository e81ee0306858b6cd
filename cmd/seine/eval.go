package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/eval"
	"seine/cmd/seine/internal/settings"
	"seine/detectors"
	"seine/flow"
)

// An evaluation is one run of eval.
type evaluation struct {
	job
	truth   string
	labels  string
	window  time.Duration
	least   string
	json    bool
	verbose bool
}

// byLabel stands for the label column that a format knows itself.
const byLabel = "auto"

func evalCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "eval [flags] --truth FILE | --label-column NAME [FILE|DIR|PATTERN]...",
		Short: "measure the alerts against what is known of the traffic",
		Long: "Analyses captures of which the truth is known and tells how many of the malicious hosts have an\n" +
			"alert, how many of the benign ones do, and how soon: per capture, per detector, and beside what\n" +
			"accusing everybody or nobody would give. A host is accused if an alert of --least or above has it as\n" +
			"its source, or as its one address unless that is the victim.\n\n" +
			"The truth is a JSON file that names hosts, an object or an array of\n" +
			"  {\"id\": …, \"path\": …, \"malicious_hosts\": [{\"ip\": …}], \"benign_hosts\": [ … ]}\n" +
			"or the labels of the flows (--label-column), which tell of the source of each. Hosts that neither\n" +
			"calls malicious or benign do not count. Hours of a host count besides whole hosts (--window).\n" +
			"Without FILE the captures are those that the truth names. Each is analysed by itself.",
		Example: "  seine eval --truth captures/truth.json\n" +
			"  seine eval --truth truth.json --only beacon -f json conn.log\n" +
			"  seine eval --label-column auto UNSW-NB15_1.csv",
	}
	values := configured(cmd, settings.GroupInput, settings.GroupContext, settings.GroupDetect, settings.GroupRun)
	var e evaluation
	format := cmd.Flags().StringP("format", "f", "table", "`FORMAT` of the output: table, json")
	complete(cmd, "format", []string{"table", "json"}, 0)
	cmd.Flags().StringVar(&e.truth, "truth", "", "`FILE` that says which hosts are malicious and which benign")
	cmd.Flags().StringVar(&e.labels, "label-column", "", "take the labels of the flows for the truth: `COLUMN`, or auto for the one that the format knows")
	cmd.Flags().DurationVar(&e.window, "window", time.Hour, "`SPAN` of the windows that count besides whole hosts")
	cmd.Flags().StringVar(&e.least, "least", "medium", "`SEVERITY` from which on an alert counts")
	cmd.Flags().BoolVarP(&e.verbose, "verbose", "v", false, "tell what was said of each host")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if e.settings, e.options, err = values(); err != nil {
			return err
		}
		switch {
		case *format != "table" && *format != "json":
			return &usageError{fmt.Errorf("unknown format %q (known: table, json)", *format)}
		case (e.truth == "") == (e.labels == ""):
			return &usageError{errors.New("what is true? name a file with --truth, or the labels of the flows with --label-column")}
		case e.labels != "" && len(args) == 0:
			return &usageError{errors.New("nothing to read: name the labelled files")}
		case e.window < time.Second:
			return &usageError{fmt.Errorf("--window %s is shorter than a second", e.window)}
		}
		e.json = *format == "json"
		return e.run(cmd.Context(), args)
	}
	return cmd
}

func (e *evaluation) run(ctx context.Context, args []string) error {
	least, err := detectors.ParseSeverity(e.least)
	if err != nil {
		return &usageError{fmt.Errorf("--least: %w", err)}
	}
	e.options.MinSeverity = least
	captures, err := e.captures(args)
	if err != nil {
		return err
	}
	if e.labels != "" && e.labels != byLabel {
		if e.options.Columns == nil {
			e.options.Columns = map[string]string{}
		}
		e.options.Columns["label"] = e.labels
	}
	var all []*eval.Result
	failed := 0
	for i := range captures {
		r, err := e.capture(ctx, &captures[i], least)
		if ctx.Err() != nil {
			return &codeError{code: exitInterrupted}
		}
		if errors.Is(err, analyzer.ErrConfig) {
			return err
		}
		if err != nil {
			r.Error = err.Error()
			failed++
		}
		all = append(all, r)
	}
	if e.json {
		err = eval.WriteJSON(os.Stdout, all)
	} else {
		err = eval.WriteText(os.Stdout, all, e.verbose)
	}
	if err == nil && failed > 0 {
		err = &codeError{exitInput, fmt.Errorf("%d of %d captures could not be read", failed, len(all))}
	}
	return err
}

// captures are those that the truth names, or of the arguments.
func (e *evaluation) captures(args []string) ([]eval.Capture, error) {
	if e.truth == "" {
		var all []eval.Capture
		for _, a := range args {
			all = append(all, eval.Capture{ID: a, Path: a})
		}
		return all, nil
	}
	known, err := eval.LoadTruth(e.truth)
	if err != nil {
		return nil, &codeError{exitInput, err}
	}
	if len(args) == 0 {
		return known, nil
	}
	var all []eval.Capture
	for _, src := range flow.Expand(args, &flow.Options{Symbols: flow.NewSymbols()}) {
		c, err := eval.Find(known, filepath.Dir(e.truth), filepath.Clean(src.Name))
		switch {
		case errors.Is(err, eval.ErrNoTruth) && src.Optional:
			continue
		case err != nil:
			return nil, &codeError{exitInput, err}
		}
		all = append(all, c)
	}
	if len(all) == 0 {
		return nil, &codeError{exitInput, fmt.Errorf("%s names none of the inputs", e.truth)}
	}
	return all, nil
}

// capture analyses one capture.
func (e *evaluation) capture(ctx context.Context, c *eval.Capture, least detectors.Severity) (*eval.Result, error) {
	judge := eval.NewJudge(c, eval.Options{Window: flow.Time(e.window), Least: least, ByLabel: e.truth == ""})
	in, _, err := takeIn(e.options, []string{c.Path})
	if err != nil {
		return judge.Result(c.ID), err
	}
	chain := e.options.Chain
	e.options.Chain = append(chain[:len(chain):len(chain)], judge.Detector())
	plan, err := e.prepare(in)
	e.options.Chain = chain
	if err != nil {
		return judge.Result(c.ID), err
	}
	_, err = plan.Run(ctx, analyzer.Fold(e.options.Fold, e.options.Evidence, 0, judge))
	return judge.Result(c.ID), err
}
