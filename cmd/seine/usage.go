package main

import (
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"seine/cmd/seine/internal/settings"
)

func warn(warnings []string) {
	for _, w := range warnings {
		fmt.Fprintln(os.Stderr, "seine: warning:", printable(w))
	}
}

// helpWidth is the width of help texts where the terminal does not say, and
// at most, in columns.
const helpWidth = 100

// textWidth is the width to lay out texts for f in.
func textWidth(f *os.File) int {
	if w := columnsOf(f); w > 20 {
		return min(w, helpWidth)
	}
	return helpWidth
}

// groupedUsage writes the usage of a command with its many flags under
// headings.
func groupedUsage(cmd *cobra.Command, set *settings.Settings, groups []string) error {
	width := textWidth(os.Stdout)
	var b strings.Builder
	fmt.Fprintf(&b, "Usage:\n  %s\n", cmd.UseLine())
	if cmd.HasExample() {
		fmt.Fprintf(&b, "\nExamples:\n%s\n", cmd.Example)
	}
	shown := map[string]bool{}
	section := func(title string, fs *pflag.FlagSet) {
		fs.VisitAll(func(f *pflag.Flag) { shown[f.Name] = true })
		if text := fs.FlagUsagesWrapped(width); text != "" {
			fmt.Fprintf(&b, "\n%s:\n%s", title, text)
		}
	}
	for _, g := range groups {
		section(g, set.Flags(g))
	}
	rest := pflag.NewFlagSet("", pflag.ContinueOnError)
	rest.SortFlags = false
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if !shown[f.Name] {
			rest.AddFlag(f)
		}
	})
	section("Other", rest)
	_, err := fmt.Fprint(cmd.OutOrStdout(), b.String())
	return err
}
