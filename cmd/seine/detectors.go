package main

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"seine/detectors"
	"seine/flow/enrich/assets"
)

// A detectorInfo is what the commands tell of a detector as JSON.
type detectorInfo struct {
	ID         string      `json:"id"`
	Title      string      `json:"title"`
	Severities []string    `json:"severities"` // of its rules, from the lowest
	Scope      string      `json:"scope"`
	Needs      []string    `json:"needs"`
	Rules      []ruleInfo  `json:"rules"`
	Parameters []paramInfo `json:"parameters"`
	Doc        string      `json:"doc,omitempty"`
}

type ruleInfo struct {
	ID       string   `json:"id"`
	Title    string   `json:"title"`
	Severity string   `json:"severity"`
	ATTACK   []string `json:"attack"`

	// Roles of machines that change what it says.
	Expects   []assets.Role `json:"expects,omitempty"`
	ExpectsAt []assets.Role `json:"expects_at,omitempty"`
	Unlike    []assets.Role `json:"unlike,omitempty"`
}

type paramInfo struct {
	Name    string `json:"name"` // as --set takes it
	Kind    string `json:"kind"`
	Default string `json:"default"`
	Doc     string `json:"doc"`
	Shared  bool   `json:"shared"`
}

func describe(d *detectors.Detector) detectorInfo {
	info := detectorInfo{
		ID: d.ID, Title: d.Title, Scope: d.Scope.String(), Needs: d.Needs.Names(),
		Severities: []string{}, Rules: []ruleInfo{}, Parameters: []paramInfo{},
	}
	var used [detectors.Severities]bool
	for _, r := range d.Rules {
		used[r.Severity] = true
		info.Rules = append(info.Rules, ruleInfo{
			ID: r.ID, Title: r.Title, Severity: r.Severity.String(), ATTACK: append([]string{}, r.ATTACK...),
			Expects: r.Expects, ExpectsAt: r.ExpectsAt, Unlike: r.Unlike,
		})
	}
	for s, is := range used {
		if is {
			info.Severities = append(info.Severities, detectors.Severity(s).String())
		}
	}
	for _, p := range d.Params() {
		name := p.Name
		if !p.Shared {
			name = d.ID + "." + p.Name
		}
		info.Parameters = append(info.Parameters, paramInfo{name, p.Kind, p.Default, p.Doc, p.Shared})
	}
	return info
}

// severityRange writes the lowest and the highest of severities.
func (i detectorInfo) severityRange() string {
	switch n := len(i.Severities); n {
	case 0:
		return "-"
	case 1:
		return i.Severities[0]
	default:
		return i.Severities[0] + "–" + i.Severities[n-1]
	}
}

func detectorsCommand() *cobra.Command {
	var format string
	var all func() ([]*detectors.Detector, error)
	cmd := &cobra.Command{
		Use:     "detectors [flags]",
		Short:   "list the detectors in the order of the chain",
		Long:    "Lists the detectors in the order in which a flow passes them, with the severities of their\nalerts, what they need of a flow, and how flows may be divided over machines without changing\nwhat they find (scope). \"seine explain ID\" tells more of one.",
		Example: "  seine detectors\n  seine detectors --rules rules.yaml\n  seine detectors -f json | jq '.[].id'",
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			known, err := all()
			if err != nil {
				return err
			}
			var infos []detectorInfo
			for _, d := range known {
				infos = append(infos, describe(d))
			}
			if format == "json" {
				return writeJSON(cmd.OutOrStdout(), infos)
			}
			rows := [][]string{{"id", "severity", "scope", "title", "needs"}}
			for _, i := range infos {
				rows = append(rows, []string{i.ID, i.severityRange(), i.Scope, i.Title, strings.Join(i.Needs, ", ")})
			}
			_, err = io.WriteString(cmd.OutOrStdout(), aligned("", rows))
			return err
		},
	}
	tableOrJSON(cmd, &format)
	all = ruled(cmd)
	return cmd
}

// tableOrJSON gives cmd the flag -f table|json.
func tableOrJSON(cmd *cobra.Command, format *string) {
	choices := []string{"table", "json"}
	cmd.Flags().StringVarP(format, "format", "f", "table", "`FORMAT` of the list: "+strings.Join(choices, ", "))
	_ = cmd.RegisterFlagCompletionFunc("format", cobra.FixedCompletions(choices, cobra.ShellCompDirectiveNoFileComp))
	cmd.PreRunE = func(*cobra.Command, []string) error {
		if *format != "table" && *format != "json" {
			return &usageError{fmt.Errorf("--format: unknown format %q (known: %s)", *format, strings.Join(choices, ", "))}
		}
		return nil
	}
}

func writeJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}
