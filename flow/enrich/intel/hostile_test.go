package intel

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf8"
)

// What a list says may have been written by anybody: it is kept as valid text
// of bounded length, whatever the layout.
func TestTextsAreBoundedAndValid(t *testing.T) {
	nasty := "\x1b[31m=cmd|' /C calc'!A0<script>\u202e"
	long := strings.Repeat("é", 10_000)
	for name, text := range map[string]string{
		"zeek":   "#fields\tindicator\tindicator_type\tmeta.source\tmeta.desc\n198.51.100.1\tIntel::ADDR\t" + nasty + "\xff" + long + "\t" + long + "\n",
		"csv":    "ip,threat,malware,tags\n198.51.100.1,c2,\"" + nasty + "\xff" + long + "\",\"" + long + "," + nasty + "\"\n",
		"list":   "# " + nasty + "\xff\n198.51.100.1 ; " + nasty + "\xff\n",
		"stix":   fmt.Sprintf(`{"type":"bundle","objects":[{"type":"identity","name":%q},{"type":"indicator","name":%q,"pattern":"[ipv4-addr:value = '198.51.100.1']","labels":[%q]}]}`, long, long, long),
		"misp":   fmt.Sprintf(`{"Event":{"info":%q,"Orgc":{"name":%q},"Attribute":[{"type":"ip-dst","value":"198.51.100.1","comment":%q,"Tag":[{"name":%q}]}]}}`, long, long, long, long),
		"benign": fmt.Sprintf(`{"name":%q,"type":"cidr","list":["198.51.100.1"]}`, long),
	} {
		table := of(t, name, text)
		got := table.Lookup(addr(t, "198.51.100.1"))
		if len(got) != 1 {
			t.Fatalf("%s: %d entries, %q", name, len(got), table.Warnings())
		}
		e := got[0]
		for _, s := range append([]string{e.List, e.Malware, e.Category, e.Country}, e.Tags...) {
			if len(s) > maxText+8 || !utf8.ValidString(s) {
				t.Errorf("%s: a text of %d bytes, valid %v", name, len(s), utf8.ValidString(s))
			}
		}
	}
}

// Elements and lines without end cost what is taken in, and no more.
func TestEndlessElementsAreRefused(t *testing.T) {
	deep := strings.Repeat("[", 10_000)
	for name, text := range map[string]string{
		"deep":    `{"type":"bundle","objects":[{"type":"indicator","x":` + deep,
		"wide":    `{"type":"bundle","objects":[{"type":"indicator","x":[` + strings.Repeat(`"xxxxxxxx",`, maxTreeLeaves+1) + `1]}]}`,
		"string":  `{"type":"bundle","objects":[{"type":"indicator","x":"` + strings.Repeat("x", 2<<20) + `"}]}`,
		"pattern": `{"type":"bundle","objects":[{"type":"indicator","pattern":"` + strings.Repeat("(", maxPattern+1) + `"}]}`,
		"line":    "198.51.100.1" + strings.Repeat(" ", 2<<20) + "x\n198.51.100.2" + strings.Repeat("x", 2<<20) + "\n",
	} {
		table := New(Options{})
		err := table.read(name, []byte(text)[:min(len(text), 60_000)], strings.NewReader(text), 0, false)
		if err == nil && table.Len() > 0 {
			t.Errorf("%s is taken: %s", name, describe(table))
		}
	}
}
