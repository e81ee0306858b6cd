package settings

import (
	"errors"
	"strings"

	"seine/analyzer"
	"seine/analyzer/explain"
	"seine/analyzer/report"
	"seine/detectors"
	"seine/flow"
)

// Lists are the plugins that settings can name.
type Lists struct {
	Inputs    []*flow.Format
	Columns   []string // fields that --map takes
	Detectors []*detectors.Detector
	Outputs   []*report.Format

	// Rules loads detectors of the user's own from the files and folders that
	// the setting rules names, beside others; nil: there is no such setting.
	Rules func(paths []string, others []*detectors.Detector) ([]*detectors.Detector, error)
}

// Headings of the help text, in their order.
const (
	GroupInput   = "Input"
	GroupContext = "Context"
	GroupDetect  = "Detection"
	GroupAlerts  = "Alerts"
	GroupTriage  = "Triage"
	GroupOutput  = "Output"
	GroupRun     = "Run"
)

// table lists the settings in the order in which help and listings show them.
func table(l Lists) []*Setting {
	var inputs, ids, outputs []string
	for _, f := range l.Inputs {
		inputs = append(inputs, f.Name)
	}
	for _, d := range l.Detectors {
		ids = append(ids, d.ID)
	}
	for _, f := range l.Outputs {
		outputs = append(outputs, f.Name)
	}
	var severities []string
	for s := range detectors.Severities {
		severities = append(severities, s.String())
	}
	t := []*Setting{
		choice("input-format", GroupInput, "input format", append([]string{auto}, inputs...),
			"format of all inputs, instead of finding it by their content",
			func(o *Options, v string) (err error) {
				if v != auto {
					o.InputFormat, err = flow.Lookup(l.Inputs, v)
				}
				return err
			}),
		{Name: "map", Group: GroupInput, Arg: "FIELD=COLUMN", Kind: Pairs, thing: "field", words: l.Columns,
			Doc: "column, by name or number, that carries a field, as src_ip=SourceAddress (repeatable)",
			apply: func(o *Options, texts []string) error {
				o.Columns = map[string]string{}
				for _, t := range texts {
					field, column, _ := strings.Cut(t, "=")
					o.Columns[field] = column
				}
				return nil
			}},
		text("tz", GroupInput, "ZONE", "UTC", "time zone of times that carry none",
			func(o *Options, v string) (err error) { o.Zone, err = parseZone(v); return err }),
		choice("order", GroupInput, "order", []string{"time", "given"},
			"order of several files: by their first flow, or as given",
			func(o *Options, v string) error { o.ByTime = v == "time"; return nil }),
		{Name: "fields", Group: GroupInput, Arg: "NAME,NAME", Kind: Words,
			Doc:   "names of the columns, in their order, of inputs whose format has no header (AWS)",
			apply: func(o *Options, texts []string) error { o.FieldNames = texts; return nil }},
		text("year", GroupInput, "YYYY", auto, "year of times that carry none, as those of syslog; auto is that of the file's last change",
			func(o *Options, v string) (err error) {
				if v != auto {
					o.Year, err = parseCount(v, 1900)
				}
				return err
			}),
		choice("stitch", GroupInput, "mode", []string{auto, "on", "off"},
			"put the records of a connection together to one flow; auto does so where the format needs it",
			func(o *Options, v string) (err error) { o.Stitch, err = analyzer.ParseStitch(v); return err }),
		text("lateness", GroupInput, "SPAN", "10m", "how far behind the latest flow one may come and still count in its window, or be put together with the rest of its connection",
			func(o *Options, v string) (err error) { o.Lateness, err = parseSpan(v); return err }),
		{Name: "where", Group: GroupInput, Arg: "CONDITION", Kind: Files,
			Doc:   "take only flows of which this holds, as \"dst_port in [22, 3389] and external(src_ip)\" (repeatable: all must hold; seine explain where)",
			apply: func(o *Options, texts []string) error { o.Where = texts; return nil }},
		text("since", GroupInput, "TIME", "", "take only flows that start at this time or later, as 2026-03-10, \"2026-03-10 09:00\" or RFC 3339",
			func(o *Options, v string) error { o.since = v; return nil }),
		text("until", GroupInput, "TIME", "", "take only flows that start before this time",
			func(o *Options, v string) error { o.until = v; return nil }),
		text("sample", GroupInput, "SHARE", all, "take only this share of the connections, as 0.01 or 1/100, whole and always the same",
			func(o *Options, v string) (err error) {
				if v != all {
					o.Sample, err = analyzer.ParseSample(v)
				}
				return err
			}),
		{Name: internalParam, Group: GroupInput, Arg: "PREFIX,…", Kind: Words,
			Doc: "networks that are internal besides the private ones (RFC 1918, ULA, CGNAT, link-local), as 192.0.2.0/24 (repeatable)",
			apply: func(o *Options, texts []string) (err error) {
				o.Internal, err = parsePrefixes(texts)
				if err == nil && len(texts) > 0 {
					o.Params[internalParam] = strings.Join(texts, ",")
				}
				return err
			}},
		{Name: "assets", Group: GroupInput, Arg: "FILE", Kind: Files,
			Doc:   "machines of the network with names, roles and owners: CSV, hosts file, JSON or YAML (repeatable; roles change what is concluded)",
			apply: func(o *Options, texts []string) error { o.Assets = texts; return nil }},
		{Name: "geo", Group: GroupInput, Arg: "FILE|DIR", Kind: Files,
			Doc:   "database of countries and autonomous systems, or folder of them: MaxMind format (.mmdb) or CSV of ranges (repeatable: they add up)",
			apply: func(o *Options, texts []string) error { o.Geo = texts; return nil }},
		text("max-bad-rows", GroupInput, "N|P%", unlimited, "rows that may be unreadable; more end the run with code 3",
			func(o *Options, v string) (err error) { o.MaxBad, err = parseBadLimit(v); return err }),

		{Name: "intel", Group: GroupContext, Arg: "FILE|DIR", Kind: Files,
			Doc:   "threat list, or folder of lists, of any known layout: text, AbuseIPDB, Feodo, ThreatFox, Zeek, STIX, MISP (repeatable; seine intel shows what is read)",
			apply: func(o *Options, texts []string) error { o.Intel = texts; return nil }},
		{Name: "inventory", Group: GroupContext, Arg: "FILE|DIR", Kind: Files,
			Doc:   "scan of the network, or folder of scans, of any known layout: nmap, masscan, naabu, httpx, CSV (repeatable; seine explain inventory)",
			apply: func(o *Options, texts []string) error { o.Inventory = texts; return nil }},
		{Name: "kev", Group: GroupContext, Arg: "FILE", Kind: Files,
			Doc:   "CISA's catalogue of vulnerabilities known to be exploited, as JSON, for the inventory",
			apply: func(o *Options, texts []string) error { o.KEV = texts; return nil }},
		{Name: "epss", Group: GroupContext, Arg: "FILE", Kind: Files,
			Doc:   "EPSS scores of vulnerabilities, as CSV, for the inventory",
			apply: func(o *Options, texts []string) error { o.EPSS = texts; return nil }},
		{Name: "nvd", Group: GroupContext, Arg: "FILE|DIR", Kind: Files,
			Doc:   "dumps of the NVD, JSON 2.0, whose version ranges are compared with the versions of the inventory (repeatable)",
			apply: func(o *Options, texts []string) error { o.NVD = texts; return nil }},

		{Name: "only", Group: GroupDetect, Arg: "ID,ID", Kind: Words, thing: "detector", words: ids,
			Doc:   "run these detectors alone (repeatable)",
			apply: func(o *Options, texts []string) error { o.only = texts; return nil }},
		{Name: "disable", Group: GroupDetect, Arg: "ID,ID", Kind: Words, thing: "detector", words: ids,
			Doc:   "leave these detectors out (repeatable)",
			apply: func(o *Options, texts []string) error { o.disable = texts; return nil }},
		{Name: rulesSetting, Group: GroupDetect, Arg: "FILE|DIR", Kind: Files,
			Doc:   "rules of your own, as YAML (repeatable; seine explain rules)",
			apply: func(*Options, []string) error { return nil }}, // which Resolve has loaded
		{Name: "blacklist", Group: GroupDetect, Arg: "FILE", Kind: Files,
			Doc:   "list of bad addresses and prefixes (repeatable)",
			apply: func(o *Options, texts []string) error { o.blacklist = texts; return nil }},
		{Name: "ignore", Group: GroupDetect, Arg: "FILE", Kind: Files,
			Doc:   "rules, as YAML, for flows that no detector shall see; they are counted (repeatable; seine explain triage)",
			apply: func(o *Options, texts []string) error { o.Ignore = texts; return nil }},
		text("max-hosts", GroupDetect, "N", itoa(analyzer.DefaultMaxHosts), "addresses remembered at once; the least recently seen go first",
			func(o *Options, v string) (err error) { o.MaxHosts, err = parseCount(v, analyzer.MinHosts); return err }),
		text("retention", GroupDetect, "SPAN", "0", "forget addresses idle for so much event time; 0 never",
			func(o *Options, v string) (err error) { o.Retention, err = parseSpan(v); return err }),

		text("fold", GroupAlerts, "SPAN", "1h", "alerts about the same thing less than this apart are one finding; 0 shows each",
			func(o *Options, v string) (err error) { o.Fold, err = parseSpan(v); return err }),
		choice("min-severity", GroupAlerts, "severity", severities, "severity below which alerts are only counted",
			func(o *Options, v string) (err error) { o.MinSeverity, err = detectors.ParseSeverity(v); return err }),
		text("evidence", GroupAlerts, "N", "3", "flows that an alert cites; 0 all",
			func(o *Options, v string) (err error) { o.Evidence, err = parseCount(v, 0); return err }),

		{Name: "suppress", Group: GroupTriage, Arg: "FILE", Kind: Files,
			Doc:   "rules, as YAML, for findings that are counted and not shown (repeatable; seine explain triage)",
			apply: func(o *Options, texts []string) error { o.Suppress = texts; return nil }},
		text("as-of", GroupTriage, "TIME", "", "moment at which rules are judged to have expired; without it that is the time of what they would hide",
			func(o *Options, v string) error { o.asOf = v; return nil }),
		{Name: "baseline", Group: GroupTriage, Arg: "FILE", Kind: Files,
			Doc:   "findings of an earlier run, ndjson or json: each finding is then new or known, and those that are gone are told (repeatable)",
			apply: func(o *Options, texts []string) error { o.Baseline = texts; return nil }},
		choice("match", GroupTriage, "way", []string{"id", "subject"},
			"what makes a finding one of the baseline: its id, or its detector, rule and subject whenever they were met",
			func(o *Options, v string) error { o.Match = v; return nil }),
		failOn(severities),

		choice("format", GroupOutput, "output format", append([]string{auto}, outputs...),
			"format of standard output (auto is table on a terminal, else ndjson)",
			func(o *Options, v string) error {
				if o.Format = v; v == auto {
					o.Format = ""
				}
				return nil
			}),
		{Name: "output", Short: "o", Group: GroupOutput, Arg: "FILE", Kind: Files,
			Doc:   "write to FILE, in the format of its name, instead of standard output; - is standard output (repeatable)",
			apply: func(o *Options, texts []string) error { o.Outputs = texts; return nil }},
		text("summary", GroupOutput, "FILE", "", "write the summary of the run as JSON to FILE",
			func(o *Options, v string) error {
				if v == flow.Stdin {
					return errors.New("- is no file; -f json writes the summary beside the alerts")
				}
				o.Summary = v
				return nil
			}),
		text("top", GroupOutput, "N", auto, "rows of the table; 0 all; auto is 100 on a terminal, else all",
			func(o *Options, v string) (err error) {
				if v == auto {
					o.Top = -1
					return nil
				}
				o.Top, err = parseCount(v, 0)
				return err
			}),
		choice("color", GroupOutput, "color", []string{auto, "always", never}, "colours (auto is on a terminal unless NO_COLOR is set)",
			func(o *Options, v string) error { o.Color = v; return nil }),
		choice("lang", GroupOutput, "language", explain.Languages(), "language of texts for people, as in reports",
			func(o *Options, v string) error { o.Lang = v; return nil }),
		toggle("verbose", "v", GroupOutput, "show facts and evidence in the table, and the tables of the detectors", func(o *Options) *bool { return &o.Verbose }),
		toggle("quiet", "q", GroupOutput, "no summary and no progress on standard error", func(o *Options) *bool { return &o.Quiet }),
		toggle("no-progress", "", GroupOutput, "no progress line", func(o *Options) *bool { return &o.NoProgress }),

		text("jobs", GroupRun, "N", all, "cores to use; the results do not depend on it",
			func(o *Options, v string) (err error) {
				if v != all {
					o.Jobs, err = parseCount(v, 1)
				}
				return err
			}),
	}
	for _, s := range t {
		switch s.Name {
		case "min-severity":
			s.Default = []string{detectors.Low.String()}
		case "format":
			s.Short = "f"
		case "jobs":
			s.Short = "j"
		}
	}
	return append(t, params(l.Detectors)...)
}

// newOnly begins the value of fail-on that asks for new findings alone.
const newOnly = "new:"

// failOn is the setting of the severity that ends a run with code 1.
func failOn(severities []string) *Setting {
	words := append([]string{never}, severities...)
	for _, s := range severities {
		words = append(words, newOnly+s)
	}
	s := text("fail-on", GroupTriage, "SEVERITY", never,
		"end with code 1 if there are findings of this severity or above; new:SEVERITY only if the baseline has them not, or less severe: "+
			strings.Join(words[:len(severities)+1], ", "),
		func(o *Options, v string) (err error) {
			if v == never {
				return nil
			}
			o.CanFail = true
			v, o.FailNew = strings.CutPrefix(v, newOnly)
			o.FailOn, err = detectors.ParseSeverity(v)
			return err
		})
	s.thing, s.words = "severity", words
	return s
}

// text is a setting of one text.
func text(name, group, arg, def, doc string, apply func(*Options, string) error) *Setting {
	return &Setting{Name: name, Group: group, Arg: arg, Doc: doc, Default: []string{def},
		apply: func(o *Options, texts []string) error { return apply(o, texts[0]) }}
}

// choice is a setting of one of some words, of which the first is the default.
// thing is what they name.
func choice(name, group, thing string, words []string, doc string, apply func(*Options, string) error) *Setting {
	arg := strings.ToUpper(thing[strings.LastIndex(thing, " ")+1:])
	s := text(name, group, arg, words[0], doc+": "+strings.Join(words, ", "), apply)
	s.thing, s.words = thing, words
	return s
}

// toggle is a setting that is off unless asked for.
func toggle(name, short, group, doc string, at func(*Options) *bool) *Setting {
	s := text(name, group, "", "false", doc, func(o *Options, v string) (err error) {
		*at(o), err = parseSwitch(v)
		return err
	})
	s.Short, s.Kind = short, Switch
	return s
}
