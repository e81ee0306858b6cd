package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/report"
)

func schemaCommand() *cobra.Command {
	known := []string{"alert", "report", "hosts", "diff"}
	return &cobra.Command{
		Use:       "schema alert|report|hosts|diff",
		Short:     "print the JSON Schema of an output",
		Long:      "Prints a JSON Schema (draft 2020-12): \"alert\" of one line of the ndjson output, \"report\" of the\nwhole json output, \"hosts\" of the ranking that \"seine hosts\" writes, \"diff\" of\nwhat \"seine diff\" does.",
		Example:   "  seine schema alert > alert.schema.json",
		ValidArgs: known,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("schema takes one name: alert, report, hosts or diff")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			var text []byte
			switch args[0] {
			case "alert":
				text = report.Schema()
			case "report":
				text = report.ReportSchema()
			case "hosts":
				text = report.HostsSchema()
			case "diff":
				text = report.DiffSchema()
			default:
				return &usageError{fmt.Errorf("unknown schema %q (known: alert, report, hosts, diff)%s", args[0], analyzer.DidYouMean(args[0], known))}
			}
			_, err := cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
