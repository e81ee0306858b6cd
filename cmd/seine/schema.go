package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/report"
)

func schemaCommand() *cobra.Command {
	known := []string{"alert", "report"}
	return &cobra.Command{
		Use:       "schema alert|report",
		Short:     "print the JSON Schema of an output",
		Long:      "Prints a JSON Schema (draft 2020-12): \"alert\" of one line of the ndjson output, \"report\" of the\nwhole json output.",
		Example:   "  seine schema alert > alert.schema.json",
		ValidArgs: known,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("schema takes one name: alert or report")}
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
			default:
				return &usageError{fmt.Errorf("unknown schema %q (known: alert, report)%s", args[0], analyzer.DidYouMean(args[0], known))}
			}
			_, err := cmd.OutOrStdout().Write(text)
			return err
		},
	}
}
