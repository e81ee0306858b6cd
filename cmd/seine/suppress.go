package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/triage"
	"seine/cmd/seine/internal/settings"
	"seine/detectors"
	"seine/flow"
)

func suppressCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "suppress",
		Short: "try rules that suppress findings",
		Long:  "Tries rules of triage, which \"seine explain triage\" describes, before they are put to use.",
		Example: "  seine suppress check rules.yaml\n" +
			"  seine suppress test alerts.ndjson --suppress rules.yaml",
		Args: unknownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(suppressTestCommand(), suppressCheckCommand())
	return cmd
}

func suppressTestCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "test [flags] ALERTS...",
		Short: "tell which rule hides which finding",
		Long: "Reads alerts that \"seine analyze\" wrote and tells of each that a rule is about which rule that is, then of\n" +
			"each rule how much it hides, and which rules match nothing, are never the first to match, or have\n" +
			"expired. Nothing is changed.\n\n" +
			"Exit codes: 0 done; 1 done, and with --strict a rule matches nothing or has expired; 2 wrong usage or a\n" +
			"mistake in a rule; 3 a file could not be read.",
		Example: "  seine suppress test alerts.ndjson --suppress rules.yaml\n" +
			"  seine suppress test alerts.json --suppress rules.yaml --as-of 2027-02-01 --strict\n" +
			"  seine suppress test alerts.json --suppress rules.yaml -f json | jq '.rules[] | select(.hidden == 0)'",
	}
	values := configured(cmd, "--suppress", "--as-of", "--rules", "--tz", "--internal")
	format := cmd.Flags().StringP("format", "f", "table", "`FORMAT` of the output: table, json")
	complete(cmd, "format", []string{"table", "json"}, 0)
	strict := cmd.Flags().Bool("strict", false, "end with code 1 if a rule matches nothing or has expired")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, o, err := values()
		if err != nil {
			return err
		}
		if *format != "table" && *format != "json" {
			return &usageError{fmt.Errorf("unknown format %q (known: table, json)", *format)}
		}
		if args, err = alertInputs(args, "suppress test"); err != nil {
			return err
		}
		if len(o.Suppress) == 0 {
			return &usageError{errors.New("no rules to test: --suppress FILE names them")}
		}
		if err := mustRead(args, o.Suppress); err != nil {
			return err
		}
		rules, err := loadSuppress(o, o.Suppress, set.Detectors())
		if err != nil {
			return err
		}
		alerts, err := alertsOf(cmd.Context(), args, set.Detectors())
		if err != nil {
			return err
		}
		t := trial{Findings: []trialFinding{}}
		last := flow.MinTime
		for _, a := range alerts {
			last = max(last, a.LastSeen)
			t.judge(rules, a)
		}
		t.tell(rules.Uses(last))
		if *format == "json" {
			err = writeJSON(cmd.OutOrStdout(), t)
		} else {
			err = t.write(cmd.OutOrStdout())
		}
		if err == nil && *strict && t.loose() {
			err = &codeError{code: exitFindings}
		}
		return err
	}
	return cmd
}

func loadSuppress(o *settings.Options, files []string, known []*detectors.Detector) (*triage.Rules, error) {
	rules, err := triage.Load(triage.Files{Suppress: files, AsOf: o.AsOf, HasAsOf: o.HasAsOf, Detectors: known, NoFlows: true}, scopeOf(o, nil))
	if err != nil {
		return nil, &codeError{exitUsage, err}
	}
	warn(rules.Warnings())
	return rules, nil
}

// A trial is what rules make of findings.
type trial struct {
	Hidden   int            `json:"hidden"`
	Shown    int            `json:"shown"`
	Rules    []trialRule    `json:"rules"`
	Findings []trialFinding `json:"findings"` // that a rule is about
}

type trialRule struct {
	Place   string `json:"place"`
	ID      string `json:"id,omitempty"`
	Reason  string `json:"reason"`
	Author  string `json:"author,omitempty"`
	Expires string `json:"expires,omitempty"`
	Hidden  uint64 `json:"hidden"`
	Also    uint64 `json:"also"`    // that it is about too, and an earlier rule hides
	Expired uint64 `json:"expired"` // that it would hide, had it not expired
	Over    bool   `json:"over"`
	state   string
}

type trialFinding struct {
	ID       string   `json:"id"`
	Severity string   `json:"severity"`
	Detector string   `json:"detector"`
	Rule     string   `json:"rule"`
	Subject  string   `json:"subject"`
	HiddenBy string   `json:"hidden_by,omitempty"` // place of the rule
	Also     []string `json:"also,omitempty"`
	Expired  []string `json:"expired,omitempty"`
}

func (t *trial) judge(rules *triage.Rules, a *detectors.Alert) {
	matches, hidden := rules.Judge(a)
	if hidden {
		t.Hidden++
	} else {
		t.Shown++
	}
	if len(matches) == 0 {
		return
	}
	f := trialFinding{
		ID: string(a.AppendID(nil)), Severity: a.Severity.String(), Detector: a.Detector.ID, Rule: a.Rule.ID, Subject: a.Subject.String(),
	}
	for _, m := range matches {
		place := rules.Place(m.Rule)
		switch {
		case m.Hides:
			f.HiddenBy = place
		case m.Expired:
			f.Expired = append(f.Expired, place)
		default:
			f.Also = append(f.Also, place)
		}
	}
	t.Findings = append(t.Findings, f)
}

func (t *trial) tell(uses []analyzer.RuleUse) {
	t.Rules = []trialRule{}
	for _, u := range uses {
		r := trialRule{
			Place: u.Place, ID: u.ID, Reason: u.Reason, Author: u.Author, Hidden: u.Hidden, Also: u.Also, Expired: u.Expired, Over: u.Over,
		}
		if u.HasExpires {
			r.Expires = u.Expires.UTC().Format(time.RFC3339)
		}
		switch {
		case u.Over:
			r.state = "expired"
		case u.Hidden+u.Also+u.Expired == 0:
			r.state = "matches nothing"
		case u.Hidden == 0:
			r.state = "earlier rules hide it all"
		}
		t.Rules = append(t.Rules, r)
	}
}

// loose reports whether a rule has no use any more.
func (t *trial) loose() bool {
	for _, r := range t.Rules {
		if r.Over || r.Hidden+r.Also == 0 {
			return true
		}
	}
	return false
}

func (t *trial) write(w io.Writer) error {
	var text string
	if len(t.Findings) > 0 {
		rows := [][]string{{"finding", "severity", "detector/rule", "subject", "hidden by", ""}}
		for _, f := range t.Findings {
			by := f.HiddenBy
			if by == "" {
				by = "-"
			}
			var more []string
			for _, p := range f.Also {
				more = append(more, "also "+p)
			}
			for _, p := range f.Expired {
				more = append(more, "expired "+p)
			}
			rows = append(rows, []string{
				f.ID, f.Severity, printable(f.Detector + "/" + f.Rule), printable(f.Subject), printable(by), printable(strings.Join(more, ", ")),
			})
		}
		text = aligned("", rows) + "\n"
	}
	rows := [][]string{{"rule", "id", "hides", "also", "expired", "", "reason"}}
	for _, r := range t.Rules {
		rows = append(rows, []string{printable(r.Place), printable(r.ID), fmt.Sprint(r.Hidden), fmt.Sprint(r.Also), fmt.Sprint(r.Expired), r.state, printable(r.Reason)})
	}
	text += aligned("", rows) + fmt.Sprintf("\n%d of %d findings are hidden\n", t.Hidden, t.Hidden+t.Shown)
	_, err := io.WriteString(w, text)
	return err
}

func suppressCheckCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:     "check [flags] FILE...",
		Short:   "read files of rules and say what is wrong with them",
		Long:    "Reads files of ignore and suppress rules and says what is wrong with them, with line and column.\n\nExit codes: 0 all is well; 2 a file has a mistake or cannot be read.",
		Example: "  seine suppress check rules.yaml",
	}
	values := configured(cmd, "--rules", "--tz", "--internal")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		set, o, err := values()
		if err != nil {
			return err
		}
		if len(args) == 0 {
			return &usageError{errors.New("no file to check, as in \"seine suppress check rules.yaml\"")}
		}
		rules, err := triage.Load(triage.Files{Ignore: args, Suppress: args, Detectors: set.Detectors()}, scopeOf(o, nil))
		if err != nil {
			return &codeError{exitUsage, err}
		}
		warn(rules.Warnings())
		ignore, suppress := rules.Count()
		_, err = fmt.Fprintf(os.Stdout, "%d ignore rules, %d suppress rules\n", ignore, suppress)
		return err
	}
	return cmd
}
