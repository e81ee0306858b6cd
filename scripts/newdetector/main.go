// Command newdetector writes the folder of a new detector and adds it to the
// chain:
//
//	scripts/new-detector dns-tunnel
//
// What it writes compiles, passes all tests, and finds something simple: the
// author changes one thing at a time from there.
package main

import (
	"bytes"
	"embed"
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"text/template"
)

//go:embed template
var templates embed.FS

func main() {
	root := flag.String("root", ".", "top folder of the module")
	flag.Usage = func() {
		fmt.Fprintln(flag.CommandLine.Output(), "usage: new-detector [-root DIR] NAME\n\nNAME is lower-case words joined by hyphens, such as dns-tunnel.")
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	d, err := parseName(flag.Arg(0))
	if err == nil {
		err = d.write(*root)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "new-detector:", err)
		os.Exit(1)
	}
	fmt.Printf(`detectors/%[1]s is there, and the last in the chain (detectors/builtin/builtin.go):

  %-[3]*[2]s  what it does: one rule, "many-flows", as an example
  %-[3]*[4]s  what seine explain %[1]s prints
  %-[3]*[6]s  how its alerts are told in English and French (words.fr.md)
  %-[3]*[5]s  scenarios; go test ./detectors/%[1]s -update writes what comes of them

Test it: go test ./detectors/%[1]s ./detectors/builtin
and see how it is told: go test ./analyzer/explain -update && git diff analyzer/explain
`, d.ID, d.Package+".go", max(len(d.Package)+3, len("README.md")), "README.md", "testdata", "words.en.md")
}

// A detector is named by its ID, which is also its folder; its package is the
// ID without hyphens.
type detector struct{ ID, Package string }

var nameForm = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)

func parseName(name string) (detector, error) {
	if !nameForm.MatchString(name) || name == "builtin" || name == "internal" {
		return detector{}, fmt.Errorf("%q cannot be the name: want lower-case words joined by hyphens, such as dns-tunnel", name)
	}
	return detector{ID: name, Package: strings.ReplaceAll(name, "-", "")}, nil
}

// Import is the import of the package, named where the folder is not.
func (d detector) Import() string {
	quoted := fmt.Sprintf("%q", "seine/detectors/"+d.ID)
	if d.Package != d.ID {
		return d.Package + " " + quoted
	}
	return quoted
}

// write makes the folder under root, which must not be there yet, and lists
// the detector.
func (d detector) write(root string) error {
	dir := filepath.Join(root, "detectors", d.ID)
	list := filepath.Join(root, "detectors", "builtin", "builtin.go")
	source, err := os.ReadFile(list)
	if err != nil {
		return fmt.Errorf("this is not the top folder of the module (-root names it): %w", err)
	}
	listed, err := d.enlist(source)
	if err != nil {
		return fmt.Errorf("%s: %w", list, err)
	}
	if err := os.Mkdir(dir, 0o755); err != nil {
		return err
	}
	err = fs.WalkDir(templates, "template", func(name string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		return d.fill(dir, name)
	})
	if err != nil {
		return err
	}
	return os.WriteFile(list, listed, 0o644)
}

// fill writes one file from its template.
func (d detector) fill(dir, name string) error {
	t, err := template.New(path.Base(name)).Delims("<<", ">>").ParseFS(templates, name)
	if err != nil {
		return err
	}
	var text bytes.Buffer
	if err := t.Execute(&text, d); err != nil {
		return err
	}
	out := text.Bytes()
	target := strings.TrimSuffix(strings.TrimPrefix(name, "template/"), ".tmpl")
	target = strings.ReplaceAll(target, "PACKAGE", d.Package)
	if strings.HasSuffix(target, ".go") {
		if out, err = format.Source(out); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	target = filepath.Join(dir, filepath.FromSlash(target))
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.WriteFile(target, out, 0o644)
}

var lastCall = regexp.MustCompile(`(?m)^\t\t\w+\.Detector\(\),\n(?:\t\}\n)`)

// enlist adds the import and the call to the source of package builtin.
func (d detector) enlist(source []byte) ([]byte, error) {
	const firstImport = "import (\n"
	at := lastCall.FindIndex(source)
	if !bytes.Contains(source, []byte(firstImport)) || at == nil {
		return nil, errors.New("the list has another form than expected; add the detector by hand: " + d.Import() + " and " + d.Package + ".Detector()")
	}
	end := at[1] - len("\t}\n")
	var out bytes.Buffer
	out.Write(source[:end])
	fmt.Fprintf(&out, "\t\t%s.Detector(),\n", d.Package)
	out.Write(source[end:])
	text := strings.Replace(out.String(), firstImport, firstImport+"\t"+d.Import()+"\n", 1)
	return format.Source([]byte(text)) // which also puts the imports in order
}
