package main

import (
	"errors"
	"os"

	"github.com/spf13/cobra"

	"seine/analyzer/report"
	"seine/cmd/seine/internal/settings"
	"seine/detectors/builtin"
	"seine/flow/formats"
)

// lists are the plugins that this program is assembled of.
func lists() settings.Lists {
	return settings.Lists{
		Inputs:    formats.All(),
		Columns:   formats.Columns(),
		Detectors: builtin.Chain(),
		Outputs:   report.Formats(),
	}
}

// configured gives cmd the flags of all settings, with completion of their
// words, and returns a function that gives their values when cmd runs.
func configured(cmd *cobra.Command) func() (*settings.Settings, *settings.Options, error) {
	set := settings.New(lists())
	cmd.Flags().SortFlags = false
	cmd.Flags().AddFlagSet(set.Flags(""))
	file := cmd.Flags().String("config", "", "configuration `FILE` (YAML); the variable "+settings.EnvFile+" names one too")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	for _, s := range set.All() {
		if s.Param == nil && s.Known() != nil && s.Kind != settings.Pairs {
			_ = cmd.RegisterFlagCompletionFunc(s.Name, cobra.FixedCompletions(s.Known(), cobra.ShellCompDirectiveNoFileComp))
		}
	}
	cmd.SetUsageFunc(func(cmd *cobra.Command) error { return groupedUsage(cmd, set) })
	return func() (*settings.Settings, *settings.Options, error) {
		warnings, err := set.Resolve(*file, os.Environ())
		o, errOptions := set.Options()
		if err = errors.Join(err, errOptions); err != nil {
			return nil, nil, &codeError{exitUsage, err}
		}
		if !o.Quiet {
			warn(warnings)
		}
		return set, o, nil
	}
}
