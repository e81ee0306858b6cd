package main

import (
	"errors"
	"os"
	"strings"
	"sync"

	"github.com/spf13/cobra"

	"seine/analyzer/report"
	"seine/cmd/seine/internal/settings"
	"seine/detectors"
	"seine/detectors/builtin"
	"seine/detectors/custom"
	"seine/flow/formats"
)

// lists are the plugins that this program is assembled of.
func lists() settings.Lists {
	return settings.Lists{
		Inputs:    formats.All(),
		Columns:   formats.Columns(),
		Detectors: builtin.Chain(),
		Outputs:   report.Formats(),
		Rules:     custom.Load,
	}
}

// defaults are the settings that those of every command are made of.
var defaults = sync.OnceValue(func() *settings.Settings { return settings.New(lists()) })

// configured gives cmd the flags of all settings, or of those of some groups
// and of single ones ("--tz"), with completion of their words, and returns a function that gives their
// values when cmd runs.
func configured(cmd *cobra.Command, groups ...string) func() (*settings.Settings, *settings.Options, error) {
	set := defaults().Anew()
	cmd.Flags().SortFlags = false
	if len(groups) == 0 {
		groups = settings.Groups()
	}
	var whole []string
	for _, g := range groups {
		if name, single := strings.CutPrefix(g, "--"); single {
			cmd.Flags().AddFlag(set.Flags("").Lookup(name))
			continue
		}
		whole = append(whole, g)
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
	cmd.SetUsageFunc(func(cmd *cobra.Command) error { return groupedUsage(cmd, set, whole) })
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

// ruled gives cmd the flags that name rules of the user's own, and returns a
// function that gives all detectors when cmd runs.
func ruled(cmd *cobra.Command) func() ([]*detectors.Detector, error) {
	set := defaults().Anew()
	cmd.Flags().AddFlag(set.Flags(settings.GroupDetect).Lookup("rules"))
	file := cmd.Flags().String("config", "", "configuration `FILE` (YAML) that may name rules; the variable "+settings.EnvFile+" names one too")
	_ = cmd.MarkFlagFilename("config", "yaml", "yml")
	_ = cmd.MarkFlagFilename("rules", "yaml", "yml")
	return func() ([]*detectors.Detector, error) {
		if _, err := set.Resolve(*file, os.Environ()); err != nil {
			return nil, &codeError{exitUsage, err}
		}
		return set.Detectors(), nil
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
