package geo

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"seine/flow"
)

// marker stands before the metadata of a database in MaxMind's format, in the
// last 128 KiB of it.
const (
	marker     = "\xab\xcd\xefMaxMind.com"
	markerRoom = 128<<10 + len(marker)
)

// maxPacked bounds a database that has to be unpacked into memory, in bytes.
const maxPacked = 2 << 30

// endings are those of the files that are taken from a folder.
var endings = []string{".mmdb", ".csv", ".mmdb.gz", ".csv.gz", ".mmdb.zst", ".csv.zst"}

// Load reads the databases in files, or in folders. Each may be compressed.
// warnings tell of entries that cannot be read; a file that is no database is
// an error.
func Load(paths []string) (db *DB, warnings []string, err error) {
	db = &DB{}
	var errs []error
	for _, path := range paths {
		files, err := filesOf(path)
		errs = append(errs, err)
		for _, file := range files {
			t, w, err := load(file)
			warnings = append(warnings, w...)
			if err != nil {
				errs = append(errs, err)
				continue
			}
			db.tables = append(db.tables, t)
		}
	}
	return db, warnings, errors.Join(errs...)
}

// filesOf are the databases in a folder, by name, or the file itself.
func filesOf(path string) ([]string, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.IsDir() {
		return []string{path}, nil
	}
	entries, err := os.ReadDir(path)
	if err != nil {
		return nil, err
	}
	var files []string
	for _, e := range entries { // by name
		name := strings.ToLower(e.Name())
		if !strings.HasPrefix(name, ".") && !e.IsDir() && slices.ContainsFunc(endings, func(end string) bool { return strings.HasSuffix(name, end) }) {
			files = append(files, filepath.Join(path, e.Name()))
		}
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no database in this folder (files that end in %s)", path, strings.Join(endings[:2], " or "))
	}
	return files, nil
}

func load(file string) (table, []string, error) {
	src := flow.FileSource(file, &flow.Options{})
	defer src.Close()
	head, err := src.Head()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, bare(err))
	}
	switch {
	case len(head) == 0:
		return nil, nil, fmt.Errorf("%s: an empty file; %s", file, accepted)
	case len(head) > 262 && string(head[257:262]) == "ustar":
		return nil, nil, fmt.Errorf("%s: an archive; unpack it (tar xf) and give the .mmdb file in it", file)
	case bytes.HasPrefix(head, []byte("PK\x03\x04")):
		return nil, nil, fmt.Errorf("%s: an archive; unpack it (unzip) and give the file in it", file)
	}
	path, err := src.Path()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, bare(err))
	}
	if path != "" {
		is, err := hasMarker(path)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", file, bare(err))
		}
		if is {
			return checked(openMMDB(path, nil))
		}
	}
	r, err := src.Reader()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: %w", file, bare(err))
	}
	if path == "" && bytes.IndexByte(head, 0) >= 0 {
		data, err := io.ReadAll(io.LimitReader(r, maxPacked+1))
		switch {
		case err != nil:
			return nil, nil, fmt.Errorf("%s: %w", file, err)
		case len(data) > maxPacked:
			return nil, nil, fmt.Errorf("%s: more than %d bytes; unpack it", file, maxPacked)
		case bytes.Contains(data[max(0, len(data)-markerRoom):], []byte(marker)):
			return checked(openMMDB(file, data))
		}
		return nil, nil, fmt.Errorf("%s: not a text file, and no database; %s", file, accepted)
	}
	l, warnings, err := readCSV(file, r)
	if err != nil {
		return nil, warnings, err
	}
	return l, warnings, nil
}

// bare leaves the name of the file out of an error that has it.
func bare(err error) error {
	var at *os.PathError
	if errors.As(err, &at) {
		return at.Err
	}
	return err
}

// checked looks whether a database is of any use.
func checked(m *mmdb, err error) (table, []string, error) {
	if err != nil {
		return nil, nil, err
	}
	is, err := m.speaks()
	if err != nil {
		return nil, nil, fmt.Errorf("%s: a damaged database: %w", m.entry.File, err)
	}
	if !is {
		return m, []string{fmt.Sprintf("%s: neither a country nor an autonomous system in the first records; its type is %q", m.entry.File, m.entry.List)}, nil
	}
	return m, nil, nil
}

// hasMarker reports whether the file ends as a database does.
func hasMarker(path string) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return false, err
	}
	from := max(0, info.Size()-int64(markerRoom))
	end := make([]byte, info.Size()-from)
	if _, err := f.ReadAt(end, from); err != nil && err != io.EOF {
		return false, err
	}
	return bytes.Contains(end, []byte(marker)), nil
}
