package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/report"
	"seine/cmd/seine/internal/settings"
)

func inspectCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "inspect [flags] [FILE|DIR|PATTERN|-]...",
		Short: "tell what a flow log is and how good its data are",
		Long: "Reads each input to its end and tells its format and what is read from where; its time span, the\n" +
			"longest gaps, and how far rows are out of order; which fields how many rows have; whether records\n" +
			"are sampled, or are parts of connections and how many flows they make; the rows that cannot be\n" +
			"read, with the reasons; and the detectors that cannot work on it.\n\n" +
			"Exit codes: 0 done; 2 wrong usage; 3 an input could not be read; 130 interrupted.",
		Example: "  seine inspect conn.log.gz\n" +
			"  zcat flows.json.gz | seine inspect\n" +
			"  seine inspect -f json logs/ | jq -r '.files[] | select(.bad > 0) | .name'",
	}
	values := configured(cmd, settings.GroupInput, settings.GroupRun)
	format := cmd.Flags().StringP("format", "f", "text", "`FORMAT` of the output: text, json")
	complete(cmd, "format", []string{"text", "json"}, 0)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		_, o, err := values()
		if err != nil {
			return err
		}
		if *format != "text" && *format != "json" {
			return &usageError{fmt.Errorf("unknown format %q (known: text, json)", *format)}
		}
		if args, err = inputs(args, "inspect"); err != nil {
			return err
		}
		return inspect(cmd.Context(), o, args, *format == "json")
	}
	return cmd
}

func inspect(ctx context.Context, o *settings.Options, args []string, asJSON bool) error {
	in, _, err := takeIn(o, args)
	if err != nil {
		return err
	}
	failed := len(in.Sources) == 0
	pages := report.NewPages(os.Stdout, asJSON)
	for _, src := range in.Sources {
		p, err := analyzer.Inspect(ctx, in, src)
		if ctx.Err() != nil {
			break
		}
		if err != nil && p.Error == "" {
			p.Error = err.Error()
		}
		failed = failed || p.Error != "" && !p.Ignored
		var blind []report.Blind
		for _, d := range lists().Detectors {
			if missing := d.Needs &^ p.FlowFields(); missing != 0 && p.Error == "" {
				blind = append(blind, report.Blind{Detector: d.ID, Missing: missing})
			}
		}
		if err := pages.Write(p, blind); err != nil {
			return err
		}
	}
	if err := pages.Close(); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return &codeError{code: exitInterrupted}
	case failed:
		return &codeError{exitInput, errors.New("not every input can be read")}
	}
	return nil
}
