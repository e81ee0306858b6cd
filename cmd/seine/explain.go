package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/explain"
	"seine/analyzer/explain/llm"
	"seine/analyzer/triage"
	"seine/detectors"
	"seine/detectors/custom"
	"seine/flow"
	"seine/flow/enrich/assets"
	"seine/flow/enrich/geo"
	"seine/flow/enrich/inventory"
	"seine/flow/where"
)

func explainCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "explain [flags] DETECTOR|where|rules|triage|assets|geo|inventory|ALERTS [ID]",
		Short: "tell alerts in plain language, what a detector does, or how conditions and rules are written",
		Long: "With a file of alerts, ndjson or json as \"seine analyze\" writes them, or with - for standard input, it\n" +
			"tells each in plain language: what happened, against what it was measured, why it matters, what else\n" +
			"it could be, what to check next, and the command that shows its flows. With an ID, or the beginning\n" +
			"of one, it tells that alert alone.\n\n" +
			"With the name of a detector it tells what the detector finds, how it decides, its blind spots and its\n" +
			"benign look-alikes, with its rules and its parameters. With \"where\" it tells the language of\n" +
			"conditions, as --where takes them, with \"rules\" how rules of your own are written, with \"triage\" how\n" +
			"flows are ignored, findings suppressed and compared with an earlier run, with \"assets\", \"geo\"\n" +
			"and \"inventory\" what lists of machines, databases of places and scans look like. A file with such a name is given as ./where.\n\n" +
			"The texts are templates: the same alert always gives the same words, and nothing is sent anywhere.\n" +
			"Only --llm has a language model put them in other words, through the API of Ollama. The alert alone\n" +
			"goes out, its texts and facts, to this machine unless --llm-allow-remote is given; every number, time\n" +
			"and address of the answer must occur in the alert. Where anything is wrong the text of the template\n" +
			"stays, with a note. A wrong statement without numbers is not noticed: read such texts with care.",
		Example: "  seine explain alerts.ndjson\n" +
			"  seine explain alerts.ndjson 5f0c2a --lang fr\n" +
			"  seine analyze -q -f ndjson flows.csv | seine explain - --top 3\n" +
			"  seine explain -f markdown alerts.json > alerts.md\n" +
			"  seine explain alerts.ndjson 5f0c2a --llm http://127.0.0.1:11434 --llm-model llama3.2\n" +
			"  seine explain port-fanout\n" +
			"  seine explain where\n" +
			"  seine explain my-rule --rules rules.yaml",
		ValidArgsFunction: func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
			if len(args) > 0 {
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
			return append(detectorIDs(lists().Detectors), topicWhere, topicRules, topicTriage, topicAssets, topicGeo, topicInventory), cobra.ShellCompDirectiveDefault
		},
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) == 0:
				return &usageError{fmt.Errorf("explain takes one detector, as in \"seine explain %s\", or a file of alerts, as in \"seine explain alerts.ndjson\"", detectorIDs(lists().Detectors)[0])}
			case len(args) > 2:
				return &usageError{errors.New("explain takes one file of alerts, and an id perhaps")}
			}
			return nil
		},
	}
	values := configured(cmd, "--rules", "--lang")
	formats := []string{"text", "json", "markdown"}
	format := cmd.Flags().StringP("format", "f", "text", "`FORMAT` of the output: "+strings.Join(formats, ", "))
	complete(cmd, "format", formats, 0)
	top := cmd.Flags().IntP("top", "n", 0, "tell the first `N` alerts; 0 all")
	server := cmd.Flags().String("llm", "", "have the language model at this `URL` (Ollama, as http://127.0.0.1:11434) put the text in other words")
	model := cmd.Flags().String("llm-model", llm.DefaultModel, "`NAME` of the model to ask")
	remote := cmd.Flags().Bool("llm-allow-remote", false, "let alerts go to a model on another machine")
	complete(cmd, "llm", []string{"http://127.0.0.1:11434"}, 0)
	complete(cmd, "llm-model", nil, 0)
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if *format == "table" { // what it was called where there were only detectors
			*format = "text"
		}
		switch {
		case !slices.Contains(formats, *format):
			return &usageError{fmt.Errorf("--format: unknown format %q (known: %s)%s", *format, strings.Join(formats, ", "), analyzer.DidYouMean(*format, formats))}
		case *top < 0:
			return &usageError{fmt.Errorf("--top %d: must not be negative", *top)}
		case *server == "" && (*remote || cmd.Flags().Changed("llm-model")):
			return &usageError{errors.New("--llm names the server of the model, as in --llm http://127.0.0.1:11434")}
		}
		set, o, err := values()
		if err != nil {
			return err
		}
		out := cmd.OutOrStdout()
		if len(args) == 1 {
			if known, err := explainTopic(out, args[0], *format); known || err != nil {
				return err
			}
			d, err := findDetector(set.Detectors(), args[0])
			if err == nil {
				return explainDetector(out, d, *format)
			}
			if !isAlerts(args[0]) {
				return err
			}
		}
		n := narration{file: args[0], top: *top, format: *format, known: set.Detectors(), teller: explain.New(o.Lang)}
		if len(args) == 2 {
			if n.id = strings.ToLower(args[1]); len(n.id) > 16 || strings.Trim(n.id, "0123456789abcdef") != "" || n.id == "" {
				return &usageError{fmt.Errorf("%q is no id of an alert, which has 16 hexadecimal digits, nor the beginning of one; explain takes one file", args[1])}
			}
			if *top != 0 {
				return &usageError{errors.New("--top and an id exclude each other")}
			}
		}
		if *server != "" {
			if n.model, err = llm.New(llm.Options{URL: *server, Model: *model, AllowRemote: *remote}); err != nil {
				return &usageError{fmt.Errorf("--llm: %w", err)}
			}
		}
		return n.run(cmd.Context(), out)
	}
	return cmd
}

// isAlerts tells whether an argument that names no detector is meant for a
// file: it is one, is standard input, or is spelled like a path.
func isAlerts(arg string) bool {
	if arg == flow.Stdin || strings.ContainsAny(arg, "./\\") {
		return true
	}
	_, err := os.Stat(arg)
	return err == nil
}

// explainTopic tells of what is no detector; known is false for other names.
func explainTopic(w io.Writer, topic, format string) (known bool, err error) {
	doc := ""
	switch topic {
	case topicWhere:
		if format != "markdown" {
			return true, explainWhere(w, format == "json")
		}
		doc = where.Doc
	case topicRules:
		doc = custom.Doc
	case topicTriage:
		doc = triage.Doc
	case topicAssets:
		doc = assets.Doc
	case topicGeo:
		doc = geo.Doc
	case topicInventory:
		doc = inventory.Doc
	default:
		return false, nil
	}
	switch format {
	case "json":
		return true, writeJSON(w, map[string]string{"topic": topic, "doc": doc})
	case "markdown":
		_, err = io.WriteString(w, doc)
	default:
		_, err = io.WriteString(w, plainText(doc, textWidth(os.Stdout)))
	}
	return true, err
}

// explainDetector tells of a detector.
func explainDetector(w io.Writer, d *detectors.Detector, format string) error {
	info := describe(d)
	switch format {
	case "json":
		info.Doc = d.Doc
		return writeJSON(w, info)
	case "markdown":
		_, err := io.WriteString(w, d.Doc)
		return err
	}
	_, err := io.WriteString(w, explanation(info, d.Doc, textWidth(os.Stdout)))
	return err
}

// What explain takes beside detectors.
const (
	topicWhere  = "where"
	topicRules  = "rules"
	topicTriage = "triage"
	topicAssets = "assets"
	topicGeo    = "geo"

	topicInventory = "inventory"
)

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

func detectorIDs(known []*detectors.Detector) []string {
	var ids []string
	for _, d := range known {
		ids = append(ids, d.ID)
	}
	return ids
}

func findDetector(known []*detectors.Detector, id string) (*detectors.Detector, error) {
	for _, d := range known {
		if d.ID == id {
			return d, nil
		}
	}
	hint := analyzer.DidYouMean(id, detectorIDs(known))
	if hint == "" {
		hint = fmt.Sprintf(" (known: %s)", strings.Join(detectorIDs(known), ", "))
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
	b.WriteString(rolesOf(info))
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
