package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"seine/flow"
)

func analyzeCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "analyze [flags] [FILE|DIR|PATTERN|-]...",
		Short: "read flow logs and write alerts",
		Long:  analyzeHelp(),
		Example: "  seine analyze flows.csv                       # a table on a terminal\n" +
			"  cat flows.csv | seine analyze                 # ndjson in a pipe\n" +
			"  seine analyze -f ndjson logs/ | jq .summary   # every flow log in a directory\n" +
			"  seine analyze --blacklist bad.txt -o alerts.json -o alerts.csv '2024-*.csv.gz'\n" +
			"  seine analyze --set port-fanout.percentile=95 --fail-on high flows.csv\n" +
			"  seine analyze --explain-input export.tsv      # which column is read as what",
	}
	values := configured(cmd)
	var j job
	cmd.Flags().BoolVar(&j.explain, "explain-input", false, "tell how each input would be read, and end")
	cmd.Flags().StringVar(&j.cpuProfile, "cpuprofile", "", "write a CPU profile to this file")
	cmd.Flags().StringVar(&j.memProfile, "memprofile", "", "write a memory profile to this file")
	_ = cmd.Flags().MarkHidden("cpuprofile")
	_ = cmd.Flags().MarkHidden("memprofile")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if j.settings, j.options, err = values(); err != nil {
			return err
		}
		if len(args) == 0 {
			if isTerminal(os.Stdin) {
				return &usageError{fmt.Errorf("nothing to read: name a file, as in \"seine analyze flows.csv\", or pipe one in, as in \"cat flows.csv | seine analyze\"")}
			}
			args = []string{flow.Stdin}
		}
		return j.run(cmd.Context(), args)
	}
	return cmd
}

// analyzeHelp is made of what the formats and detectors say of themselves.
func analyzeHelp() string {
	l := lists()
	var b strings.Builder
	b.WriteString("Reads flow records, passes each through the chain of detectors, and writes alerts with their\n" +
		"evidence. Inputs are files, directories (read with all below them, hidden files apart), quoted\n" +
		"patterns, and standard input as \"-\" or when there is no argument. Results go to standard output or\n" +
		"to files, everything else to standard error.\n\nInput formats, found by the content:\n")
	for _, f := range l.Inputs {
		fmt.Fprintf(&b, "  %-14s %s\n", f.Name, f.Title)
	}
	fmt.Fprintf(&b, "Compressed inputs are unpacked, whatever their name: %s.\n", strings.Join(flow.Packings(), ", "))
	b.WriteString("\nDetectors, in the order of the chain:\n")
	for _, d := range l.Detectors {
		fmt.Fprintf(&b, "  %-14s %s\n", d.ID, d.Title)
	}
	b.WriteString("\nOutput formats:\n")
	for _, f := range l.Outputs {
		fmt.Fprintf(&b, "  %-14s %s\n", f.Name, f.Title)
	}
	b.WriteString("\nEvery setting is a flag, a key of the configuration file, and a variable of the environment\n" +
		"(--min-severity, min-severity, SEINE_MIN_SEVERITY); the flag wins, then the environment, then\n" +
		"the file. \"seine config\" shows the outcome.\n\n" +
		"Exit codes: 0 done; 1 done, and there are alerts at or above --fail-on; 2 wrong usage or\n" +
		"configuration; 3 an input could not be read, held no flows or had more bad rows than\n" +
		"--max-bad-rows, an output could not be written, or a detector failed; 130 interrupted, after what\n" +
		"was found so far has been written.")
	return b.String()
}
