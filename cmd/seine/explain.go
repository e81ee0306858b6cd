package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/detectors"
	"seine/flow/where"
)

func explainCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "explain [flags] DETECTOR|where",
		Short: "tell what a detector does, or how conditions are written",
		Long: "Tells what a detector finds, how it decides, its blind spots and its benign look-alikes, with its\n" +
			"rules and its parameters. With \"where\" it tells the language of conditions, as --where takes them.",
		Example: "  seine explain port-fanout\n  seine explain -f json port-fanout\n  seine explain where",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return append(detectorIDs(), topicWhere), cobra.ShellCompDirectiveNoFileComp
		},
		Args: func(cmd *cobra.Command, args []string) error {
			if len(args) != 1 {
				return &usageError{fmt.Errorf("explain takes one detector, as in \"seine explain %s\"", detectorIDs()[0])}
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error {
			if args[0] == topicWhere {
				return explainWhere(cmd.OutOrStdout(), format == "json")
			}
			d, err := findDetector(args[0])
			if err != nil {
				return err
			}
			info := describe(d)
			if format == "json" {
				info.Doc = d.Doc
				return writeJSON(cmd.OutOrStdout(), info)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), explanation(info, d.Doc, textWidth(os.Stdout)))
			return err
		},
	}
	tableOrJSON(cmd, &format)
	cmd.Flags().Lookup("format").Usage = "`FORMAT`: table, json"
	return cmd
}

// topicWhere is what explain takes beside detectors.
const topicWhere = "where"

// explainWhere tells how conditions are written, and the names that they know.
func explainWhere(w io.Writer, asJSON bool) error {
	if asJSON {
		return writeJSON(w, where.Names())
	}
	var rows [][]string
	for _, n := range where.Names() {
		doc := n.Doc
		if len(n.Aliases) > 0 {
			doc += " (also " + strings.Join(n.Aliases, ", ") + ")"
		}
		rows = append(rows, []string{n.Name, n.Type, doc})
	}
	before, rest, _ := strings.Cut(where.Doc, "<!-- names -->")
	_, after, _ := strings.Cut(rest, "<!-- end of names -->")
	width := textWidth(os.Stdout)
	_, err := fmt.Fprintf(w, "%s\n\n%s\n%s\n", strings.TrimSpace(plainText(before, width)), aligned("  ", rows), strings.TrimSpace(plainText(after, width)))
	return err
}

func detectorIDs() []string {
	var ids []string
	for _, d := range lists().Detectors {
		ids = append(ids, d.ID)
	}
	return ids
}

func findDetector(id string) (*detectors.Detector, error) {
	for _, d := range lists().Detectors {
		if d.ID == id {
			return d, nil
		}
	}
	hint := analyzer.DidYouMean(id, detectorIDs())
	if hint == "" {
		hint = fmt.Sprintf(" (known: %s)", strings.Join(detectorIDs(), ", "))
	}
	return nil, &codeError{exitUsage, fmt.Errorf("unknown detector %q%s", id, hint)}
}

// explanation is what a person reads about a detector.
func explanation(info detectorInfo, doc string, width int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s\n\n", info.ID, info.Title)
	fmt.Fprintf(&b, "Needs %s; scope %s.\n\n", strings.Join(info.Needs, ", "), info.Scope)
	if text := plainText(doc, width); text != "" {
		b.WriteString(text + "\n")
	}
	b.WriteString("RULES\n\n")
	rows := [][]string{{"rule", "severity", "ATT&CK", "says"}}
	for _, r := range info.Rules {
		rows = append(rows, []string{r.ID, r.Severity, strings.Join(r.ATTACK, ", "), r.Title})
	}
	b.WriteString(aligned("  ", rows))
	if len(info.Parameters) == 0 {
		return b.String()
	}
	b.WriteString("\nPARAMETERS (--set NAME=VALUE)\n\n")
	for _, p := range info.Parameters {
		def := p.Default
		if def == "" {
			def = "nothing"
		}
		fmt.Fprintf(&b, "  %s (%s; default %s)\n", p.Name, p.Kind, def)
		b.WriteString(wrap("      "+p.Doc, "      ", width))
	}
	return b.String()
}
