package builtin_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"seine/detectors"
)

// forbidden are imports with which a detector could depend on something else
// than its rows and parameters. What ends in a slash stands for all below.
var forbidden = []string{
	"os", "os/", "net", "net/", "sync", "sync/", "math/rand", "math/rand/", "crypto/rand", "runtime", "runtime/",
	"syscall", "unsafe", "log", "log/", "io/ioutil", "plugin", "database/", "golang.org/x/sys/", "C",
}

// allowed are exceptions.
var allowed = []string{"net/netip"}

// clock are the functions of package time that look at the clock.
var clock = []string{"Now", "Since", "Until", "Sleep", "After", "AfterFunc", "Tick", "NewTimer", "NewTicker"}

// TestSourcesKeepTheFirstLaw looks at the sources: no wall clock, randomness,
// goroutine, input or output, or changing package variable in a detector.
func TestSourcesKeepTheFirstLaw(t *testing.T) {
	each(t, func(t *testing.T, d *detectors.Detector) {
		fset := token.NewFileSet()
		files := sources(t, fset, folder(d))
		vars := packageVars(files)
		for _, f := range files {
			for _, spec := range f.Imports {
				path, _ := strconv.Unquote(spec.Path.Value)
				if isForbidden(path) {
					t.Errorf("%s: import of %s", fset.Position(spec.Pos()), path)
				}
			}
			ast.Inspect(f, func(n ast.Node) bool {
				if what := breach(n, vars); what != "" {
					t.Errorf("%s: %s", fset.Position(n.Pos()), what)
				}
				return true
			})
		}
	})
}

// sources parses the files of a package that are not tests.
func sources(t *testing.T, fset *token.FileSet, dir string) []*ast.File {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	var files []*ast.File
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		f, err := parser.ParseFile(fset, name, nil, parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, f)
	}
	if len(files) == 0 {
		t.Fatalf("no Go files in %s", dir)
	}
	return files
}

func isForbidden(path string) bool {
	if slices.Contains(allowed, path) {
		return false
	}
	return slices.ContainsFunc(forbidden, func(f string) bool {
		return path == f || strings.HasSuffix(f, "/") && strings.HasPrefix(path, f)
	})
}

// packageVars are the names of the variables at package level. A table that
// is only read may be one; a local name must not hide it.
func packageVars(files []*ast.File) map[string]bool {
	vars := map[string]bool{}
	for _, f := range files {
		for _, decl := range f.Decls {
			g, ok := decl.(*ast.GenDecl)
			if !ok || g.Tok != token.VAR {
				continue
			}
			for _, spec := range g.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					vars[name.Name] = true
				}
			}
		}
	}
	return vars
}

// breach tells what is wrong with a node, or nothing.
func breach(n ast.Node, vars map[string]bool) string {
	changes := func(e ast.Expr) string {
		if name := root(e); vars[name] {
			return "package variable " + name + " is changed"
		}
		return ""
	}
	switch n := n.(type) {
	case *ast.GoStmt:
		return "a goroutine"
	case *ast.SelectStmt, *ast.ChanType:
		return "a channel"
	case *ast.SelectorExpr:
		if x, ok := n.X.(*ast.Ident); ok && x.Name == "time" && slices.Contains(clock, n.Sel.Name) {
			return "a look at the clock: time." + n.Sel.Name
		}
	case *ast.AssignStmt:
		for _, e := range n.Lhs {
			if what := changes(e); what != "" {
				return what
			}
		}
	case *ast.IncDecStmt:
		return changes(n.X)
	case *ast.UnaryExpr:
		if n.Op == token.AND {
			return changes(n.X)
		}
	}
	return ""
}

// root is the variable that an expression is a part of.
func root(e ast.Expr) string {
	for {
		switch x := e.(type) {
		case *ast.Ident:
			return x.Name
		case *ast.SelectorExpr:
			e = x.X
		case *ast.IndexExpr:
			e = x.X
		case *ast.StarExpr:
			e = x.X
		case *ast.ParenExpr:
			e = x.X
		default:
			return ""
		}
	}
}
