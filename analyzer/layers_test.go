package analyzer_test

import (
	"encoding/json"
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"os/exec"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// layers say which packages of the module a package may import, tests aside.
// The first line whose pattern matches holds; * is one part of a path, and
// /... at the end any number.
var layers = []struct{ pkg, may string }{
	{"flow", ""},
	{"flow/near", ""},
	{"flow/formats", "flow flow/..."},
	{"flow/internal/...", "flow flow/internal/..."},
	{"flow/enrich/...", "flow flow/near flow/internal/... flow/enrich/..."},
	{"flow/where", "flow flow/near flow/internal/... flow/enrich/..."},
	{"flow/*", "flow flow/near flow/internal/..."},
	{"detectors", "flow flow/enrich/... detectors/internal/..."},
	{"detectors/internal/scenario", "analyzer/fixture detectors flow flow/csv"}, // for tests alone, see below
	{"detectors/internal/desk", "detectors flow"},                               // for tests alone, too
	{"detectors/internal/...", "flow flow/enrich/... detectors/internal/..."},
	{"detectors/builtin", "detectors detectors/*"},
	{"detectors/*", "detectors detectors/internal/... flow flow/near flow/where flow/enrich/..."},
	{"analyzer", "detectors flow flow/near flow/where flow/enrich/..."},
	{"analyzer/...", "analyzer analyzer/... detectors flow flow/near flow/where flow/enrich/..."},
	{"cmd/...", "analyzer/... detectors/... flow/... cmd/..."},
	{"scripts/...", "analyzer/... detectors/... flow/... scripts/..."},
}

// testsOnly are packages that nothing but tests may import.
var testsOnly = []string{"detectors/internal/desk", "detectors/internal/scenario"}

// concurrent are the packages that may start goroutines; commands and scripts
// may too.
var concurrent = []string{"analyzer", "flow/internal/lines", "flow/parquet", "cmd/...", "scripts/..."}

const module = "seine"

type goPackage struct {
	Dir, ImportPath  string
	GoFiles, Imports []string
}

// packages lists the packages of the module.
func packages(t *testing.T) []goPackage {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=Dir,ImportPath,GoFiles,Imports", "./...")
	cmd.Dir = ".."
	out, err := cmd.Output()
	if err != nil {
		var failed *exec.ExitError
		if errors.As(err, &failed) {
			t.Fatalf("go list: %v\n%s", err, failed.Stderr)
		}
		t.Fatal(err)
	}
	var all []goPackage
	for d := json.NewDecoder(strings.NewReader(string(out))); ; {
		var p goPackage
		if err := d.Decode(&p); err == io.EOF {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// matches reports whether a package is meant by one of the patterns.
func matches(pkg string, patterns ...string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		if below, ok := strings.CutSuffix(pattern, "/..."); ok {
			return pkg == below || strings.HasPrefix(pkg, below+"/")
		}
		ok, err := path.Match(pattern, pkg)
		return err == nil && ok
	})
}

// TestImportsPointDownwards keeps the layers apart: data below, plugins that
// know their contract only, assembly on top.
func TestImportsPointDownwards(t *testing.T) {
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, module+"/")
		i := slices.IndexFunc(layers, func(l struct{ pkg, may string }) bool { return matches(pkg, l.pkg) })
		if i < 0 {
			t.Errorf("%s belongs to no layer", pkg)
			continue
		}
		may := strings.Fields(layers[i].may)
		for _, path := range p.Imports {
			imported, ours := strings.CutPrefix(path, module+"/")
			if !ours {
				continue
			}
			if !matches(imported, may...) {
				t.Errorf("%s imports %s; it may import: %s", pkg, imported, layers[i].may)
			}
			if matches(imported, testsOnly...) {
				t.Errorf("%s imports %s, which serves tests", pkg, imported)
			}
		}
	}
}

// TestOnlyTheModelIsTalkedTo keeps Seine off the network: one package may open
// connections, and what imports it is a command.
func TestOnlyTheModelIsTalkedTo(t *testing.T) {
	const talks = "analyzer/explain/llm"
	for _, p := range packages(t) {
		pkg := strings.TrimPrefix(p.ImportPath, module+"/")
		for _, path := range p.Imports {
			if (path == "net" || strings.HasPrefix(path, "net/http")) && pkg != talks {
				t.Errorf("%s imports %s", pkg, path)
			}
			if path == module+"/"+talks && !strings.HasPrefix(pkg, "cmd/") {
				t.Errorf("%s imports %s", pkg, path)
			}
		}
	}
}

// TestGoroutinesHaveTheirPlace keeps concurrency out of all packages but the
// engine and the decoders.
func TestGoroutinesHaveTheirPlace(t *testing.T) {
	fset := token.NewFileSet()
	for _, p := range packages(t) {
		if matches(strings.TrimPrefix(p.ImportPath, module+"/"), concurrent...) {
			continue
		}
		for _, name := range p.GoFiles {
			f, err := parser.ParseFile(fset, filepath.Join(p.Dir, name), nil, parser.SkipObjectResolution)
			if err != nil {
				t.Error(err)
				continue
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if g, ok := n.(*ast.GoStmt); ok {
					at := fset.Position(g.Pos())
					t.Errorf("%s/%s:%d starts a goroutine", p.ImportPath, name, at.Line)
				}
				return true
			})
		}
	}
}
