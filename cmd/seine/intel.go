package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"seine/cmd/seine/internal/settings"
	"seine/flow"
	"seine/flow/enrich/intel"
)

func intelCommand() *cobra.Command {
	var format string
	cmd := &cobra.Command{
		Use:   "intel [flags] FILE|DIR... [ADDRESS|-]...",
		Short: "tell what threat lists are and what they say of an address",
		Long: "Reads threat lists and tells of each which layout it has, how many entries were taken in and what\n" +
			"was not, its date and its age. With addresses it tells what the lists say of each, the most specific\n" +
			"entry first; - reads addresses from standard input, one a line. Lists may also be given with --intel,\n" +
			"in the configuration file or in SEINE_INTEL, so that only the addresses remain to be named.\n\n" +
			"Ages are told as of the day of --as-of, or else of today.\n\n" +
			"Exit codes: 0 done; 2 wrong usage; 3 a list could not be read.",
		Example: "  seine intel lists/\n" +
			"  seine intel firehol_level1.netset threatfox.csv 203.0.113.40\n" +
			"  cut -d, -f7 flows.csv | sort -u | seine intel -f json lists/ -",
	}
	tableOrJSON(cmd, &format)
	values := configured(cmd, "--intel", "--as-of", "--quiet")
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		_, o, err := values()
		if err != nil {
			return err
		}
		files, addrs, err := listsAndAddresses(append(o.Intel[:len(o.Intel):len(o.Intel)], args...), os.Stdin)
		if err != nil {
			return err
		}
		if len(files) == 0 {
			return &usageError{errors.New("intel takes at least one threat list, as in \"seine intel lists/ 203.0.113.40\"")}
		}
		return showIntel(cmd.OutOrStdout(), o, files, addrs, format == "json")
	}
	return cmd
}

// maxAddresses bounds the addresses from standard input.
const maxAddresses = 10_000_000

// listsAndAddresses tells the files from the addresses among args. What is
// there as a file is one, whatever its name.
func listsAndAddresses(args []string, stdin io.Reader) (files []string, addrs []flow.Addr, err error) {
	for _, arg := range args {
		if arg == flow.Stdin {
			more, err := addressLines(stdin)
			if err != nil {
				return nil, nil, err
			}
			addrs = append(addrs, more...)
			continue
		}
		_, errFile := os.Stat(arg)
		if errFile != nil {
			if a, err := parseAddress(arg); err == nil {
				addrs = append(addrs, a)
				continue
			}
		}
		files = append(files, arg)
	}
	return files, addrs, nil
}

func parseAddress(text string) (flow.Addr, error) {
	n, err := netip.ParseAddr(strings.Trim(text, "[]"))
	if err != nil {
		return flow.Addr{}, err
	}
	return flow.AddrFromNetip(n)
}

func addressLines(r io.Reader) (addrs []flow.Addr, err error) {
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		text := strings.TrimSpace(lines.Text())
		if text == "" || text[0] == '#' {
			continue
		}
		a, err := parseAddress(text)
		if err != nil {
			return nil, &codeError{exitInput, fmt.Errorf("standard input, line %d: %q is no address", n, text)}
		}
		if addrs = append(addrs, a); len(addrs) > maxAddresses {
			return nil, &codeError{exitInput, fmt.Errorf("standard input: more than %d addresses", maxAddresses)}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, &codeError{exitInput, fmt.Errorf("standard input: %w", err)}
	}
	return addrs, nil
}

// showIntel reads the lists, tells of them, and of what they say.
func showIntel(w io.Writer, o *settings.Options, files []string, addrs []flow.Addr, asJSON bool) error {
	now := o.AsOf
	if !o.HasAsOf {
		now, _ = flow.FromTime(time.Now())
	}
	t := intel.New(intel.Options{AsOf: now})
	var errs []error
	for _, name := range files {
		errs = append(errs, t.Load(name))
	}
	failed := errors.Join(errs...)
	if failed != nil && len(t.Files()) == 0 {
		return &codeError{exitInput, failed} // without a list nothing can be said of an address
	}
	var err error
	if asJSON {
		err = writeJSON(w, intelInfo(t, addrs, now))
	} else {
		if !o.Quiet {
			warn(t.Warnings())
		}
		_, err = io.WriteString(w, intelTable(t, addrs, now))
	}
	if failed != nil {
		return &codeError{exitInput, errors.Join(failed, err)}
	}
	return err
}

// age writes the age of what is dated.
func age(date, now flow.Time, dated bool) string {
	if !dated {
		return "-"
	}
	return strconv.Itoa(ageDays(date, now)) + " d"
}

func ageDays(date, now flow.Time) int { return int(max(0, now.Sub(date)) / (24 * 3600 * flow.Second)) }

func dayOf(t flow.Time, dated bool) string {
	if !dated {
		return "-"
	}
	return t.UTC().Format(time.DateOnly)
}

func dash(s string) string {
	if s == "" {
		return "-"
	}
	return printable(s)
}

func intelTable(t *intel.Table, addrs []flow.Addr, now flow.Time) string {
	var b strings.Builder
	rows := [][]string{{"file", "layout", "list", "category", "entries", "date", "age", "not taken in"}}
	for _, f := range t.Files() {
		category := f.Category
		rows = append(rows, []string{
			printable(f.Name), f.Layout, dash(f.List), dash(category), strconv.Itoa(f.Entries),
			dayOf(f.Date, f.HasDate), age(f.Date, now, f.HasDate), dash(leftOut(f)),
		})
	}
	if len(rows) > 1 {
		b.WriteString(aligned("", rows))
		fmt.Fprintf(&b, "\n%s in %s; ages as of %s\n", countOf(t.Len(), "entry", "entries"), countOf(len(t.Files()), "list", "lists"), dayOf(now, true))
	}
	for _, a := range addrs {
		fmt.Fprintf(&b, "\n%s\n", a)
		entries := t.Lookup(a)
		switch {
		case len(entries) == 0 && !intel.Global(a):
			b.WriteString("  not an address of a machine on the Internet: no list is asked\n")
			continue
		case len(entries) == 0:
			b.WriteString("  on no list\n")
			continue
		}
		rows := [][]string{{"entry", "category", "malware", "score", "country", "date", "age", "list", "from", "tags"}}
		for i := range entries {
			e := &entries[i]
			score := "-"
			if e.Score >= 0 {
				score = strconv.Itoa(e.Score)
			}
			rows = append(rows, []string{
				e.Listed(), dash(e.Category), dash(e.Malware), score, dash(e.Country), dayOf(e.Date, e.HasDate), age(e.Date, now, e.HasDate),
				dash(e.List), printable(e.File) + ":" + strconv.Itoa(e.Line), dash(tagText(e, now)),
			})
		}
		b.WriteString(aligned("  ", rows))
	}
	return b.String()
}

// tagText are the tags of an entry, and when it ended.
func tagText(e *intel.Indicator, now flow.Time) string {
	tags := strings.Join(e.Tags, ", ")
	if e.Until != 0 {
		word := "until "
		if !e.Holds(now) {
			word = "ended "
		}
		if tags != "" {
			tags += "; "
		}
		tags += word + dayOf(e.Until, true)
	}
	return tags
}

// leftOut tells what of a list was not taken in.
func leftOut(f *intel.File) string {
	var parts []string
	for _, c := range []struct {
		n    uint64
		what string
	}{
		{f.Bad, "unreadable"}, {f.Domains, "domains"}, {f.Others, "of other kinds"}, {f.Local, "not on the Internet"},
		{f.Withheld, "revoked or not for detection"}, {f.Repeated, "repeated"}, {f.Crowded + f.Dropped, "over the limits"},
	} {
		if c.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(parts, ", ")
}

// What the command tells as JSON.
type (
	intelDoc struct {
		Schema    string         `json:"schema"`
		AsOf      string         `json:"as_of"`
		Entries   int            `json:"entries"`
		Lists     []intelList    `json:"lists"`
		Addresses []intelAddress `json:"addresses"`
		Warnings  []string       `json:"warnings"`
	}
	intelList struct {
		File     string       `json:"file"`
		Layout   string       `json:"layout"`
		Title    string       `json:"title"`
		List     string       `json:"list,omitempty"`
		Category string       `json:"category,omitempty"`
		Date     string       `json:"date,omitempty"`
		AgeDays  *int         `json:"age_days,omitempty"`
		Entries  int          `json:"entries"`
		Benign   int          `json:"benign"`
		Bad      uint64       `json:"bad"`
		Domains  uint64       `json:"domains"`
		Others   uint64       `json:"others"`
		Local    uint64       `json:"not_global"`
		Withheld uint64       `json:"withheld"`
		Repeated uint64       `json:"repeated"`
		Limits   uint64       `json:"over_limits"`
		Faults   []intelFault `json:"faults"`
	}
	intelFault struct {
		Line   int    `json:"line"`
		Text   string `json:"text"`
		Reason string `json:"reason"`
	}
	intelAddress struct {
		IP      string       `json:"ip"`
		Global  bool         `json:"global"`
		Entries []intelEntry `json:"entries"`
	}
	intelEntry struct {
		Entry    string   `json:"entry"`
		Port     uint16   `json:"port,omitempty"`
		Category string   `json:"category,omitempty"`
		Malware  string   `json:"malware,omitempty"`
		Score    *int     `json:"score,omitempty"`
		Country  string   `json:"country,omitempty"`
		Benign   bool     `json:"benign"`
		Date     string   `json:"date,omitempty"`
		AgeDays  *int     `json:"age_days,omitempty"`
		First    string   `json:"first_seen,omitempty"`
		Last     string   `json:"last_seen,omitempty"`
		Until    string   `json:"until,omitempty"`
		Holds    bool     `json:"holds"`
		List     string   `json:"list,omitempty"`
		File     string   `json:"file"`
		Line     int      `json:"line"`
		Tags     []string `json:"tags"`
	}
)

func intelInfo(t *intel.Table, addrs []flow.Addr, now flow.Time) intelDoc {
	time := func(at flow.Time) string {
		if at == 0 {
			return ""
		}
		return at.String()
	}
	days := func(date flow.Time, dated bool) *int {
		if !dated {
			return nil
		}
		n := ageDays(date, now)
		return &n
	}
	doc := intelDoc{
		Schema: "seine.intel/1", AsOf: now.String(), Entries: t.Len(),
		Lists: []intelList{}, Addresses: []intelAddress{}, Warnings: append([]string{}, t.Warnings()...),
	}
	for _, f := range t.Files() {
		l := intelList{
			File: f.Name, Layout: f.Layout, Title: f.Title, List: f.List, Category: f.Category, Date: time(f.Date), AgeDays: days(f.Date, f.HasDate),
			Entries: f.Entries, Benign: f.Benign, Bad: f.Bad, Domains: f.Domains, Others: f.Others, Local: f.Local, Withheld: f.Withheld,
			Repeated: f.Repeated, Limits: f.Crowded + f.Dropped, Faults: []intelFault{},
		}
		for _, b := range f.Faults {
			l.Faults = append(l.Faults, intelFault{b.Line, b.Text, b.Reason})
		}
		doc.Lists = append(doc.Lists, l)
	}
	for _, a := range addrs {
		one := intelAddress{IP: a.String(), Global: intel.Global(a), Entries: []intelEntry{}}
		for _, e := range t.Lookup(a) {
			out := intelEntry{
				Entry: e.Listed(), Port: e.Port, Category: e.Category, Malware: e.Malware, Country: e.Country, Benign: e.Benign,
				Date: time(e.Date), AgeDays: days(e.Date, e.HasDate), First: time(e.First), Last: time(e.Last), Until: time(e.Until), Holds: e.Holds(now),
				List: e.List, File: e.File, Line: e.Line, Tags: append([]string{}, e.Tags...),
			}
			if e.Score >= 0 {
				score := e.Score
				out.Score = &score
			}
			one.Entries = append(one.Entries, out)
		}
		doc.Addresses = append(doc.Addresses, one)
	}
	return doc
}

// countOf writes a number of things.
func countOf(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
