package custom_test

import (
	"strings"
	"testing"

	"seine/detectors/custom"
)

func TestErrorsNamePlaceAndRemedy(t *testing.T) {
	for _, test := range []struct{ name, text, want string }{
		{"key", "- id: a\n  titel: b\n", `r.yaml:2:3: unknown key "titel"; did you mean "title"?`},
		{"key with an underscore", head + "group_by: src_ip\n", `r.yaml:4:1: unknown key "group_by"; did you mean "group by"?`},
		{"twice", head + "id: b\nwhen: dst_port == 1", `"id" is given twice`},
		{"missing", "- title: b\n  when: dst_port == 1", "r.yaml:1:3: the rule has no id"},
		{"missing severity", "- id: a\n  title: b\n  when: dst_port == 1", "the rule has no severity"},
		{"nothing to look for", head, `the rule looks for nothing`},
		{"no window", head + "having: count() > 1", `needs a "window"`},
		{"nothing counted", head + "group by: src_ip\nwindow: 1h", `every group would be a finding`},
		{"window alone", head + "when: dst_port == 1\nwindow: 1h", `"window" goes with "group by"`},
		{"id", "id: A b\ntitle: t\nseverity: low\nwhen: dst_port == 1", `r.yaml:1:5: id: "A b" is no id`},
		{"severity", "id: a\ntitle: t\nseverity: hihg\nwhen: dst_port == 1", `r.yaml:3:11: severity: unknown severity "hihg"`},
		{"attack", head + "attack: [T1046, 5]\nwhen: dst_port == 1", `r.yaml:4:17: attack: "5" is no technique`},
		{"confidence", head + "confidence: 2\nwhen: dst_port == 1", "between 0 and 1"},
		{"window length", head + "window: 10 minutes\nhaving: count() > 1", `r.yaml:4:9: window: "10 minutes" is no duration`},
		{"window too short", head + "window: 1ms\nhaving: count() > 1", "between a second and 70 years"},
		{"duplicate", "- {id: a, title: t, severity: low, when: dst_port == 1}\n- {id: a, title: t, severity: low, when: dst_port == 2}\n",
			`r.yaml:2:3: the id "a" is taken by the rule of line 1`},
		{"not a rule", "- a\n", "r.yaml:1:3: a rule must be keys with their values, not a single value"},
		{"not a list", "a\n", "want a list of rules"},
		{"two documents", "id: a\n---\nid: b\n", "r.yaml:2:1: a second document"},
		{"YAML", "- id: [\n", "r.yaml:2: not valid YAML"},
		{"summary as a mapping", head + "when: dst_port == 1\nsummary: {src_ip}", "r.yaml:5:10: summary must be a single value, not a mapping (put texts with { } in quotes)"},

		{"condition", head + "when: dst_prt == 1", "r.yaml:4:7: r: when: unknown name \"dst_prt\"; did you mean dst_port?\n  | dst_prt == 1\n  | ^"},
		{"condition in quotes", head + "when: 'dst_port == 1 and dst_prt == ''x'''", "r.yaml:4:26: r: when: unknown name"},
		{"condition in double quotes", head + `when: "service == \"a\" and dst_prt == 1"`, "r.yaml:4:29: r: when: unknown name"},
		{"condition in lines", head + "when: |\n  dst_port == 1\n  and dst_prt == 1", "r.yaml:6:7: r: when: unknown name"},
		{"condition folded", head + "when: >\n  dst_port == 1\n  and\n  dst_prt == 1", "r.yaml:7:3: r: when: unknown name"},
		{"plain condition over lines", head + "when: dst_port == 1\n  and dst_prt == 1", "r.yaml:5:7: r: when: unknown name"},
		{"two on one line", "- {id: a, title: t, severity: low, when: \"'ü' == service or x == 1\"}", "r.yaml:1:61"},
		{"having", head + "window: 1h\nhaving: count() > 5 and distinct(dst_prt) > 1", "r.yaml:5:34: r: having: unknown name \"dst_prt\""},
		{"an aggregate without brackets", head + "window: 1h\nhaving: count > 5", "r.yaml:5:9: r: having: count is a function: count() are the flows"},
		{"a field of flows", head + "window: 1h\nhaving: count() > 5 and dport == 5", `r.yaml:5:25: r: having: dst_port is of single flows`},
		{"an aggregate that does not exist", head + "window: 1h\nhaving: cuont() > 5", "did you mean count?"},
		{"an aggregate of too much", head + "window: 1h\nhaving: distinct(src_ip, dst_ip) > 5", "distinct takes one field"},
		{"an aggregate of a condition", head + "window: 1h\nhaving: share() > 5", "share takes one condition: share(state == 'attempt')"},
		{"no condition", head + "window: 1h\nhaving: count()", "count is no condition; compare it"},
		{"an aggregate in when", head + "when: count() > 5", `r.yaml:4:7: r: when: count is of groups of flows, and this is about single ones; ask for it in "having"`},
		{"group by", head + "window: 1h\ngroup by: [src_ip, dst_prt]\nhaving: count() > 1", "r.yaml:5:20: r: group by: unknown name \"dst_prt\""},
		{"group by either", head + "window: 1h\ngroup by: ip\nhaving: count() > 1", "ip stands for src_ip or dst_ip; name one of them"},
		{"group by twice", head + "window: 1h\ngroup by: [src_ip, src]\nhaving: count() > 1", "src is there twice"},
		{"network of a port", head + "window: 1h\ngroup by: ['net(dst_port, 8)']\nhaving: count() > 1", "dst_port is no address"},
		{"network too long", head + "window: 1h\ngroup by: ['net(src_ip, 64)']\nhaving: count() > 1", "1 to 32 bits of IPv4"},
		{"network form", head + "window: 1h\ngroup by: ['net(src_ip)']\nhaving: count() > 1", "networks are written net(src_ip, 24)"},
		{"summary", head + "when: dst_port == 1\nsummary: 'x {dst_prt} y'", "r.yaml:5:14: r: summary: unknown name \"dst_prt\"; did you mean dst_port?\n  | x {dst_prt} y\n  |    ^"},
		{"summary open", head + "when: dst_port == 1\nsummary: 'x {dst_port'", "r.yaml:5:13: r: summary: a bracket without its partner"},
		{"summary of a group", head + "window: 1h\nhaving: count() > 1\nsummary: 'x {dst_port}'", "the flows of a group may differ in dst_port"},
	} {
		t.Run(test.name, func(t *testing.T) {
			ds, err := custom.Parse("r.yaml", []byte(test.text))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("%s\ngot  %v (%d rules)\nwant %s", test.text, err, len(ds), test.want)
			}
		})
	}
}

func TestAllFaultsAreTold(t *testing.T) {
	_, err := custom.Parse("r.yaml", []byte("- {id: a}\n- {id: b, title: t, severity: low, when: x == 1}\n- {id: c, title: t, severity: low, when: dst_port == 99999}\n"))
	for _, want := range []string{"r.yaml:1:3", "b: when", "c: when"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v\nlacks %s", err, want)
		}
	}
}

// Whatever a rule file holds, it is taken or refused with words, and what is
// taken makes a Watcher.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", head + "when: dst_port == 1\nsummary: '{src_ip} {{ }} {dst_port}'", head + "window: 1m\nhaving: count() > 1 and distinct(dst_ip) > 2\ngroup by: [src_ip, 'net(dst_ip, 24, 48)']\n",
		"- a: &x [*x]\n", "- {id: a, title: t, severity: low, when: \"\\x41 == 'b'\"}\n", "id: |\n  a\n \n", "- when: >-\n    a\n\n    b\n  summary: '{'\n", head + "when: 'a ''b'' == c'",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ds, err := custom.Parse("r.yaml", []byte(text))
		if err != nil && strings.TrimSpace(err.Error()) == "" {
			t.Error("an error without words")
		}
		for _, d := range ds {
			d.Params()
		}
	})
}
