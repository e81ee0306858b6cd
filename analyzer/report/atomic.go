package report

import (
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// An AtomicFile is a file that appears under its name whole or not at all:
// until Commit, what is written goes to a temporary file beside it. A device
// or a pipe is written to directly.
type AtomicFile struct {
	*os.File
	path string // where Commit moves it; empty for a device or a pipe
	done bool
}

// CreateAtomic starts a new content for path. A symbolic link is followed,
// and the permissions of an existing file are kept. Whoever creates it must
// call Commit or Abort; an Abort after Commit does nothing.
func CreateAtomic(path string) (*AtomicFile, error) {
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("creating %s: is a directory", path)
	case err == nil && !info.Mode().IsRegular() || isDescriptor(path):
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err != nil {
			return nil, fmt.Errorf("opening %w", err)
		}
		return &AtomicFile{File: f}, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("creating %w", err)
	}
	if real, err := filepath.EvalSymlinks(path); err == nil {
		path = real
	}
	f, err := createBeside(path)
	if err != nil {
		return nil, fmt.Errorf("creating %s: %w", path, err)
	}
	a := &AtomicFile{File: f, path: path}
	if info != nil {
		if err := f.Chmod(info.Mode().Perm()); err != nil {
			a.Abort()
			return nil, fmt.Errorf("creating %s: %w", path, err)
		}
	}
	return a, nil
}

// isDescriptor recognises the names of the process's own streams, which may
// stand for a regular file that must not be replaced.
func isDescriptor(path string) bool {
	path = filepath.ToSlash(filepath.Clean(path))
	return path == "/dev/stdout" || path == "/dev/stderr" ||
		strings.HasPrefix(path, "/dev/fd/") || strings.HasPrefix(path, "/proc/")
}

// createBeside creates a temporary file in the directory of path, with the
// permissions that a new file would get (os.CreateTemp gives fewer).
func createBeside(path string) (*os.File, error) {
	dir, base := filepath.Split(path)
	for try := 0; ; try++ {
		name := fmt.Sprintf("%s.%s.%08x.tmp", dir, base, rand.Uint32())
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
		if err == nil || !errors.Is(err, fs.ErrExist) || try == 100 {
			return f, err
		}
	}
}

// Commit makes what was written the content of the file: on the disk first,
// then under its name. After an error the old content stands.
func (a *AtomicFile) Commit() error {
	if a.done {
		return errors.New("file already closed")
	}
	if a.path == "" {
		a.done = true
		return a.Close()
	}
	if err := a.Sync(); err != nil {
		a.Abort()
		return fmt.Errorf("writing %s: %w", a.path, err)
	}
	a.done = true
	err := a.Close()
	if err == nil {
		err = os.Rename(a.Name(), a.path)
	}
	if err != nil {
		_ = os.Remove(a.Name())
		return fmt.Errorf("writing %s: %w", a.path, err)
	}
	// The new name is safe on the disk once its directory is. Not every
	// system can do that, and the content is complete either way.
	if dir, err := os.Open(filepath.Dir(a.path)); err == nil {
		_ = dir.Sync()
		_ = dir.Close()
	}
	return nil
}

// Abort drops what was written and leaves the old content as it is.
func (a *AtomicFile) Abort() {
	if a.done {
		return
	}
	a.done = true
	_ = a.Close()
	if a.path != "" {
		_ = os.Remove(a.Name())
	}
}
