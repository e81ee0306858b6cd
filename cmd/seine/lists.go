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

// configured gives cmd the flags of all settings, or of those of some groups,
// with completion of their words, and returns a function that gives their
// values when cmd runs.
func configured(cmd *cobra.Command, groups ...string) func() (*settings.Settings, *settings.Options, error) {
	set := settings.New(lists())
	cmd.Flags().SortFlags = false
	if len(groups) == 0 {
		groups = settings.Groups()
	}
	for _, g := range groups {
		cmd.Flags().AddFlagSet(set.Flags(g))
	}
	file := cmd.Flags().String("config", "", "configuration `FILE` (YAML); the variable "+settings.EnvFile+" names one too")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	var params []string
	for _, s := range set.All() {
		if s.Param == nil && cmd.Flags().Lookup(s.Name) == nil {
			continue
		}
		switch {
		case s.Param != nil:
			params = append(params, s.Name+"=")
		case s.Kind == settings.Pairs:
			complete(cmd, s.Name, suffixed(s.Known(), "="), cobra.ShellCompDirectiveNoSpace)
		case s.Known() != nil:
			complete(cmd, s.Name, s.Known(), 0)
		}
	}
	if cmd.Flags().Lookup("set") != nil {
		complete(cmd, "set", params, cobra.ShellCompDirectiveNoSpace)
	}
	cmd.SetUsageFunc(func(cmd *cobra.Command) error { return groupedUsage(cmd, set, groups) })
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

// complete makes the shell offer words, and no files, as the value of a flag.
func complete(cmd *cobra.Command, name string, words []string, how cobra.ShellCompDirective) {
	_ = cmd.RegisterFlagCompletionFunc(name, cobra.FixedCompletions(words, how|cobra.ShellCompDirectiveNoFileComp))
}

func suffixed(words []string, end string) []string {
	var out []string
	for _, w := range words {
		out = append(out, w+end)
	}
	return out
}
