package flow

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Stdin is the name that stands for standard input, and what evidence from
// there cites.
const Stdin = "-"

// Expand makes the sources that the arguments of a command name, in their
// order. "-" is standard input; a directory stands for all regular files in
// and below it, in lexical order, but for hidden ones; a pattern (* ? [) is
// expanded unless a file has that very name. A symbolic link to a file is
// followed, one to a directory only if it is an argument itself. What is
// named twice is read once, and noted.
//
// Of the files that a directory or a pattern stands for, those whose paths
// place them wholly outside of the span of the options are left out: archives
// have a directory for each day or hour. How many is noted at the first that
// is read; if it would be all, the last one is read all the same.
//
// What cannot be found becomes a source that fails when it is read, so that
// the others are read all the same; only a directory that contains nothing
// gives no source.
func Expand(args []string, opt *Options) []*Source {
	e := expander{opt: opt, seen: map[string]*Source{}}
	for _, arg := range args {
		e.outside, e.first = e.outside[:0], len(e.sources)
		e.argument(arg)
		e.settle()
	}
	return e.sources
}

type expander struct {
	opt     *Options
	sources []*Source
	seen    map[string]*Source // by what identifies the file

	// Of the argument at hand:
	wrote   int      // how much of the paths below it the user wrote
	outside []string // files that lie outside of the span
	first   int      // its first source
}

// leaves reports whether the file at path, which the user has not named
// itself, lies outside of the span, and remembers it if so.
func (e *expander) leaves(path string) bool {
	span, ok := pathSpan(path, e.wrote)
	if !ok || span.Overlaps(e.opt.Span) {
		return false
	}
	e.outside = append(e.outside, path)
	return true
}

// settle tells what was left out.
func (e *expander) settle() {
	n := len(e.outside)
	if n > 0 && len(e.sources) == e.first {
		n--
		e.file(e.outside[n])
	}
	if n > 0 && len(e.sources) > e.first {
		files := fmt.Sprintf("%d more files were", n)
		if n == 1 {
			files = "1 more file was"
		}
		e.sources[e.first].Note(files + " left out: by their paths they lie outside of --since and --until")
	}
}

func (e *expander) argument(arg string) {
	if arg == Stdin {
		e.add(arg, func() *Source { return StreamSource(Stdin, os.Stdin, e.opt) })
		return
	}
	e.wrote = len(filepath.Clean(arg))
	_, err := os.Stat(arg)
	if err == nil || !strings.ContainsAny(arg, "*?[") {
		e.path(arg)
		return
	}
	matches, err := filepath.Glob(arg)
	if err != nil {
		e.fail(arg, fmt.Errorf("no such file, and no pattern: %w", err))
		return
	}
	slices.Sort(matches)
	e.wrote = strings.IndexAny(filepath.Clean(arg), "*?[")
	found := false
	for _, m := range matches {
		if hidden(filepath.Base(m)) && !hidden(filepath.Base(arg)) {
			continue
		}
		if found = true; regular(m) && e.leaves(m) {
			continue
		}
		e.path(m)
	}
	if !found {
		e.fail(arg, errors.New("no file matches"))
	}
}

func hidden(name string) bool { return strings.HasPrefix(name, ".") && name != "." && name != ".." }

// path adds the file, or the files of the directory, of that name.
func (e *expander) path(path string) {
	if fi, err := os.Stat(path); err == nil && fi.IsDir() {
		e.directory(path)
		return
	}
	e.add(path, func() *Source { return FileSource(path, e.opt) })
}

func (e *expander) directory(dir string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		e.fail(dir, err)
	}
	for _, entry := range entries {
		name := filepath.Join(dir, entry.Name())
		if hidden(entry.Name()) {
			continue
		}
		mode := entry.Type()
		if mode&fs.ModeSymlink != 0 {
			fi, err := os.Stat(name)
			if err == nil && !fi.Mode().IsRegular() {
				continue
			}
			mode = 0 // one that leads nowhere fails when it is read
		}
		switch {
		case mode.IsDir():
			e.directory(name)
		case mode.IsRegular() && !e.leaves(name):
			e.file(name)
		}
	}
}

// file adds a file that was found, not named.
func (e *expander) file(name string) {
	e.add(name, func() *Source {
		s := FileSource(name, e.opt)
		s.Optional = true
		return s
	})
}

func regular(path string) bool {
	fi, err := os.Stat(path)
	return err == nil && fi.Mode().IsRegular()
}

func (e *expander) fail(name string, err error) {
	e.add(name, func() *Source {
		s := &Source{Name: name, Size: -1, Options: e.opt}
		s.open = func() (io.ReadCloser, error) { return nil, err }
		return s
	})
}

// add appends a source unless its file is among the sources already.
func (e *expander) add(name string, make func() *Source) {
	id := name
	if name != Stdin {
		if abs, err := filepath.Abs(name); err == nil {
			id = abs
		}
		if real, err := filepath.EvalSymlinks(id); err == nil {
			id = real
		}
	}
	if s, ok := e.seen[id]; ok {
		s.Note("named more than once, read once")
		s.Optional = false
		return
	}
	s := make()
	e.seen[id] = s
	e.sources = append(e.sources, s)
}

// Reopen is another source of the same file, to look at it without touching
// s; nil where the input can only be read once.
func (s *Source) Reopen() *Source {
	if s.path == "" {
		return nil
	}
	if fi, err := os.Stat(s.path); err == nil && !fi.Mode().IsRegular() {
		return nil
	}
	opt := *s.Options
	opt.Workers, opt.Chunk, opt.Symbols = 1, HeadSize, NewSymbols()
	return FileSource(s.path, &opt)
}
