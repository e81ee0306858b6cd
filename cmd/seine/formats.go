package main

import (
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/flow"
)

func formatsCommand() *cobra.Command {
	return &cobra.Command{
		Use:     "formats [NAME]",
		Short:   "list the formats that are read and written, or describe one",
		Long:    "Lists the formats that are read and written. With a name it tells the layout of that format, of\nboth if one is read and one is written under it.",
		Example: "  seine formats\n  seine formats csv",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			return formatNames(), cobra.ShellCompDirectiveNoFileComp
		},
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return &usageError{fmt.Errorf("formats takes one name at most")}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			text := formatList()
			if len(args) > 0 {
				var err error
				if text, err = formatDoc(args[0], textWidth(os.Stdout)); err != nil {
					return err
				}
			}
			_, err := io.WriteString(cmd.OutOrStdout(), text)
			return err
		},
	}
}

// formatNames are the names of all formats, each once.
func formatNames() []string {
	var names []string
	for _, f := range lists().Inputs {
		names = append(names, f.Name)
	}
	for _, f := range lists().Outputs {
		if !slices.Contains(names, f.Name) {
			names = append(names, f.Name)
		}
	}
	return names
}

func formatList() string {
	l := lists()
	var b strings.Builder
	b.WriteString("INPUTS (found by their content; --input-format NAME forces one)\n\n")
	var rows [][]string
	for _, f := range l.Inputs {
		rows = append(rows, []string{f.Name, f.Title}, []string{"", "usual names: " + strings.Join(f.Ext, " ")},
			[]string{"", "carries: " + strings.Join(f.Fields.Names(), ", ")})
		if f.Create != nil {
			rows = append(rows, []string{"", "written by seine convert"})
		}
	}
	b.WriteString(aligned("  ", rows))
	fmt.Fprintf(&b, "\nEach may be compressed: %s.\n", strings.Join(flow.Packings(), ", "))
	b.WriteString("\nOUTPUTS (-f NAME, or -o FILE with one of the endings)\n\n")
	rows = nil
	for _, f := range l.Outputs {
		rows = append(rows, []string{f.Name, f.Title}, []string{"", "endings: " + strings.Join(f.Ext, " ")})
	}
	b.WriteString(aligned("  ", rows))
	return b.String()
}

// formatDoc describes the formats of that name.
func formatDoc(name string, width int) (string, error) {
	var parts []string
	for _, f := range lists().Inputs {
		if f.Name == name {
			parts = append(parts, fmt.Sprintf("%s, an input: %s\n\n%s", name, f.Title, plainText(f.Doc, width)))
		}
	}
	for _, f := range lists().Outputs {
		if f.Name == name {
			parts = append(parts, fmt.Sprintf("%s, an output: %s\n\n%s", name, f.Title, plainText(f.Doc, width)))
		}
	}
	if parts == nil {
		hint := analyzer.DidYouMean(name, formatNames())
		if hint == "" {
			hint = fmt.Sprintf(" (known: %s)", strings.Join(formatNames(), ", "))
		}
		return "", &codeError{exitUsage, fmt.Errorf("unknown format %q%s", name, hint)}
	}
	return strings.Join(parts, "\n"), nil
}
