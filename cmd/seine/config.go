package main

import (
	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/flow"
)

func configCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config [flags]",
		Short: "print the effective configuration and where each value comes from",
		Long: "Checks the configuration and prints what a run of analyze with the same flags would use, as a\n" +
			"configuration file: reading it back with --config gives the same. The comment on each line tells\n" +
			"where the value comes from: the default, a line of the configuration file, a variable of the\n" +
			"environment, or a flag; the later overrides the earlier, but --map and --set add to what is there.\n\n" +
			"A configuration file has the long flags as its keys, and the parameters of the detectors under\n" +
			"\"detectors\". File names in it are relative to the working directory.\n\n" +
			"  min-severity: medium\n" +
			"  blacklist: [bad.txt, worse.txt]\n" +
			"  map: {src_ip: SourceAddress}\n" +
			"  detectors:\n" +
			"    port-fanout: {percentile: 95}",
		Example: "  seine config > seine.yaml\n" +
			"  SEINE_FOLD=10m seine config --config seine.yaml --min-severity high",
		Args: noArguments,
	}
	values := configured(cmd)
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		set, o, err := values()
		if err != nil {
			return err
		}
		j := job{settings: set, options: o}
		if _, err := condition(o, &names{symbols: flow.NewSymbols()}); err != nil {
			return err
		}
		plan, err := j.prepare(analyzer.Intake{})
		if err != nil {
			return err
		}
		if !o.Quiet {
			warn(plan.Warnings())
		}
		_, err = cmd.OutOrStdout().Write(set.YAML())
		return err
	}
	return cmd
}
