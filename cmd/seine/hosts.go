package main

import (
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/report"
	"seine/cmd/seine/internal/settings"
)

// defaultHosts is how many hosts are shown unless told otherwise.
const defaultHosts = 20

func hostsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "hosts [flags] [FILE|DIR|PATTERN|-]...",
		Short: "rank the hosts by what the findings say of them",
		Long: "Analyses the inputs as \"seine analyze\" does and writes, instead of the alerts, the hosts that they\n" +
			"accuse, the riskiest first: a score, the findings, the tactics of MITRE ATT&CK that these show, and\n" +
			"the story in the order of time.\n\n" +
			"The score is 100·(1 − ∏(1 − weight·confidence)) over the findings that accuse the host: it grows with\n" +
			"each and stays under 100. The weight of low is 0.1, of medium 0.3, of high 0.6, of critical 0.9; info\n" +
			"does not count, and a detector that has no say about its confidence counts with 0.5. Of the findings\n" +
			"of one rule the second counts half, the third a quarter, and so on. Findings that have a host for\n" +
			"their target are told with it (-v, -f json) and do not count. Where --assets tells of a machine of\n" +
			"high criticality, what is about it or aimed at it counts one and a half times, of critical twice.\n\n" +
			"Exit codes are those of analyze.",
		Example: "  seine hosts flows.csv\n" +
			"  seine hosts -v --top 3 logs/                  # with the whole stories\n" +
			"  seine hosts -f json flows.csv | jq -r '.hosts[] | select(.chain != []) | .ip'",
	}
	values := configured(cmd, settings.GroupInput, settings.GroupContext, settings.GroupDetect, settings.GroupAlerts, settings.GroupTriage, settings.GroupRun)
	var j job
	format := cmd.Flags().StringP("format", "f", "table", "`FORMAT` of the output: table, json")
	complete(cmd, "format", []string{"table", "json"}, 0)
	top := cmd.Flags().IntP("top", "n", defaultHosts, "`N` hosts to show; 0 all, but no more than 1000")
	color := cmd.Flags().String("color", "auto", "`COLOR` (auto is on a terminal unless NO_COLOR is set): auto, always, never")
	complete(cmd, "color", []string{"auto", "always", "never"}, 0)
	verbose := cmd.Flags().BoolP("verbose", "v", false, "show the whole story of each host")
	quiet := cmd.Flags().BoolP("quiet", "q", false, "no summary and no progress on standard error")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if j.settings, j.options, err = values(); err != nil {
			return err
		}
		switch {
		case *format != "table" && *format != "json":
			return &usageError{fmt.Errorf("unknown format %q (known: table, json)", *format)}
		case *color != "auto" && *color != "always" && *color != "never":
			return &usageError{fmt.Errorf("unknown color %q (known: auto, always, never)", *color)}
		case *top < 0:
			return &usageError{fmt.Errorf("--top %d: must not be negative", *top)}
		}
		if args, err = inputs(args, "hosts"); err != nil {
			return err
		}
		o := j.options
		o.Top, o.Verbose, o.Color, o.Summary = *top, *verbose, *color, ""
		o.Quiet = *quiet || o.Quiet && !cmd.Flags().Changed("quiet")
		j.open = func(common report.Options, stdout io.Writer) (*outputs, error) {
			common.Color = colored(os.Stdout, o.Color)
			common.Width = columnsOf(os.Stdout)
			return standardOutput(report.NewHosts(stdout, *format == "json", common)), nil
		}
		return j.run(cmd.Context(), args)
	}
	return cmd
}

// standardOutput are outputs of which sink, on standard output, is the only one.
func standardOutput(sink analyzer.Sink) *outputs {
	return &outputs{rank: true, all: []*output{{name: "standard output", sink: sink}}}
}
