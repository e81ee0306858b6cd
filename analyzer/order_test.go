package analyzer_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seine/analyzer"
	"seine/flow"
	"seine/flow/formats"
)

func TestSortByFirstFlow(t *testing.T) {
	dir := t.TempDir()
	const header = "ts,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes\n"
	const flowAt = ",tcp,new,10.0.0.1,1,10.0.0.2,2,3,4\n"
	for name, text := range map[string]string{
		"late":   header + "2024-01-03 00:00:00" + flowAt,
		"early":  "1969-01-01 00:00:00" + flowAt + "2024-01-05 00:00:00" + flowAt,
		"tie":    "2024-01-03 00:00:00" + flowAt,
		"header": header,
		"prose":  "no flows here\n",
		"bad":    header + "never" + flowAt + "2024-01-02 00:00:00" + flowAt,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	opt := &flow.Options{Workers: 1, Symbols: flow.NewSymbols()}
	order := func(sources []*flow.Source) string {
		analyzer.SortByFirstFlow(sources, nil, formats.All())
		var names []string
		for _, s := range sources {
			names = append(names, filepath.Base(s.Name))
		}
		return strings.Join(names, " ")
	}
	var sources []*flow.Source
	for _, name := range []string{"prose", "tie", "missing", "late", "bad", "header", "early"} {
		sources = append(sources, flow.FileSource(filepath.Join(dir, name), opt))
	}
	if got, want := order(sources), "early bad tie late prose missing header"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	pipe := flow.StreamSource("-", strings.NewReader(""), opt)
	if got, want := order([]*flow.Source{sources[3], pipe, sources[0]}), "late - early"; got != want {
		t.Errorf("with a pipe: got %s, want %s", got, want)
	}
}
