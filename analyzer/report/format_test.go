package report

import (
	"strings"
	"testing"
)

func TestFormatsDescribeThemselves(t *testing.T) {
	seen := map[string]bool{}
	for _, f := range Formats() {
		if f.Name == "" || f.Title == "" || f.Doc == "" || len(f.Ext) == 0 || f.New == nil {
			t.Errorf("%q lacks something", f.Name)
		}
		for _, word := range append(f.Ext, f.Name) {
			if seen[word] {
				t.Errorf("%s is taken twice", word)
			}
			seen[word] = true
		}
		if got, err := ByName(f.Name); err != nil || got.Name != f.Name {
			t.Errorf("ByName(%q): %v", f.Name, err)
		}
	}
}

func TestByNameHelps(t *testing.T) {
	var all []string
	for _, f := range Formats() {
		all = append(all, f.Name)
	}
	known := strings.Join(all, ", ")
	for name, want := range map[string]string{
		"jsn":     `unknown output format "jsn" (known: ` + known + `); did you mean "json"?`,
		"NDJSON":  `unknown output format "NDJSON" (known: ` + known + `); did you mean "ndjson"?`,
		"nothing": `unknown output format "nothing" (known: ` + known + `)`,
	} {
		if _, err := ByName(name); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %s", name, err, want)
		}
	}
}

func TestByExtension(t *testing.T) {
	for path, want := range map[string]string{
		"a.ndjson": "ndjson", "out/a.b.jsonl": "ndjson", "A.JSON": "json", "a.csv": "csv", "a.txt": "table", "R.HTM": "html",
		"a.json.gz": "", "json": "", "": "",
	} {
		f, err := ByExtension(path)
		switch {
		case want == "" && (err == nil || !strings.Contains(err.Error(), ".ndjson, .jsonl, .json, .csv")):
			t.Errorf("%q: error %v does not list the endings", path, err)
		case want != "" && (err != nil || f.Name != want):
			t.Errorf("%q: %v, want %s", path, err, want)
		}
	}
}
