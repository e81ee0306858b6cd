package intel

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"seine/flow"
)

// Options say how lists are judged.
type Options struct {
	// AsOf is the day against which the age of a list is judged, for
	// Warnings; zero means the last change of its file.
	AsOf flow.Time
}

// limits bound what is taken in.
type limits struct {
	entries int   // in all lists
	files   int   // in folders
	bytes   int64 // of one list, decompressed
	line    int   // bytes of one line
}

var defaultLimits = limits{entries: 20_000_000, files: 50_000, bytes: 8 << 30, line: 1 << 20}

// A File is what was read of one list.
type File struct {
	Name     string // as the user named it, or found below the folder
	Layout   string // "list", "abuseipdb-csv" …
	Title    string // what the layout is
	List     string // name of the list, where it tells it
	Category string // of its entries, where the list as a whole tells it
	Date     flow.Time
	HasDate  bool      // Date is that of the list, or of its latest entry
	Modified flow.Time // last change of the file; zero for a stream

	Entries  int    // taken in
	Benign   int    // of them, those that name what is harmless
	Domains  uint64 // entries that are names, which flows do not carry
	Others   uint64 // entries of other kinds: hashes, URLs, mail
	Local    uint64 // entries that stand for no machine on the Internet
	Withheld uint64 // entries that the list itself calls revoked, or not meant for detection
	Bad      uint64 // entries that cannot be read
	Repeated uint64 // entries that the same list has already
	Crowded  uint64 // entries beyond what is kept of one address
	Dropped  uint64 // entries beyond the limit of all lists
	Faults   []Fault

	number  uint16
	newest  flow.Time // of the dates of its entries
	inDir   bool
	failure error // what ended reading early
}

// A Fault is an entry that cannot be read.
type Fault struct {
	Line   int
	Text   string
	Reason string
}

// keepFaults is how many of them are named.
const keepFaults = 3

func (f *File) bad(line int, text, reason string) {
	if f.Bad++; len(f.Faults) < keepFaults {
		const most = 60
		if len(text) > most {
			text = strings.ToValidUTF8(text[:most], "") + "…"
		}
		f.Faults = append(f.Faults, Fault{line, text, reason})
	}
}

// dated takes note of the date of an entry.
func (f *File) dated(t flow.Time) { f.newest = max(f.newest, t) }

// useful reports whether anything in the file was of a known kind.
func (f *File) useful() bool {
	return f.Entries > 0 || f.Local > 0 || f.Domains+f.Others+f.Withheld+f.Repeated+f.Crowded+f.Dropped > 0
}

// Age is how old the list is at now; false where it tells no date.
func (f *File) Age(now flow.Time) (flow.Time, bool) {
	if !f.HasDate {
		return 0, false
	}
	return max(0, now.Sub(f.Date)), true
}

// Load reads the lists that names name: files, or folders with all files
// below them but for hidden ones. A file that cannot be read, or is no list, is
// an error, unless it was found in a folder: then it is a warning.
func Load(names []string, opt Options) (*Table, error) {
	t := New(opt)
	var errs []error
	for _, name := range names {
		errs = append(errs, t.Load(name))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// Load adds the list, or the folder of lists, of that name.
func (t *Table) Load(name string) error {
	fi, err := os.Stat(name)
	switch {
	case err != nil:
		return fmt.Errorf("threat list %s: %w", name, plain(err))
	case fi.IsDir():
		return t.folder(name)
	}
	if err := t.file(name, false); err != nil {
		return fmt.Errorf("threat list %s: %w", name, err)
	}
	return nil
}

// plain drops what an error of a file repeats.
func plain(err error) error {
	var p *fs.PathError
	if errors.As(err, &p) {
		return p.Err
	}
	return err
}

// folder reads the lists in and below dir, in lexical order.
func (t *Table) folder(dir string) error {
	before, files, strange := len(t.files), 0, 0
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if path != dir && strings.HasPrefix(d.Name(), ".") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		mode := d.Type()
		if mode&fs.ModeSymlink != 0 {
			if fi, err := os.Stat(path); err == nil {
				mode = fi.Mode().Type()
			}
		}
		if !mode.IsRegular() {
			return nil
		}
		if files++; files > t.limits.files {
			return fmt.Errorf("more than %d files", t.limits.files)
		}
		if err := t.file(path, true); err != nil {
			if strange++; strange <= keepFaults {
				why, _, _ := strings.Cut(err.Error(), "; "+accepted)
				t.warn(path, "passed over: %s", why)
			}
		}
		return nil
	})
	switch {
	case err != nil:
		return fmt.Errorf("threat lists in %s: %w", dir, plain(err))
	case files == 0:
		return fmt.Errorf("threat lists in %s: the folder holds no file", dir)
	case len(t.files) == before:
		return fmt.Errorf("threat lists in %s: none of its %d files is a threat list; %s", dir, files, accepted)
	case strange > keepFaults:
		t.warn(dir, "%d more files passed over", strange-keepFaults)
	}
	t.tellFeed(dir, t.files[before:])
	return nil
}

// file reads one list.
func (t *Table) file(name string, inDir bool) error {
	src := flow.FileSource(name, &flow.Options{})
	defer src.Close()
	var modified flow.Time
	if fi, err := os.Stat(name); err == nil && fi.Mode().IsRegular() {
		modified, _ = flow.FromTime(fi.ModTime())
	}
	head, err := src.Head()
	if err != nil {
		return plain(err)
	}
	r, err := src.Reader()
	if err != nil {
		return plain(err)
	}
	return t.read(name, head, r, modified, inDir)
}

// errTooLong is that of a list that goes on and on.
var errTooLong = errors.New("the list is longer than is taken in")

// read reads one list from r, which begins with head.
func (t *Table) read(name string, head []byte, r io.Reader, modified flow.Time, inDir bool) error {
	l, err := detect(head)
	if err != nil {
		return err
	}
	if l.form == noForm {
		return nil // belongs to a feed and says nothing itself
	}
	if len(t.files) >= 1<<16-1 {
		return fmt.Errorf("more than %d lists", 1<<16-1)
	}
	f := &File{Name: name, Layout: l.name, Title: l.title, Modified: modified, number: uint16(len(t.files)), inDir: inDir}
	t.files = append(t.files, f)
	dropped := t.words.lost
	in := &bounded{r: r, left: t.limits.bytes}
	err = (&reading{t: t, f: f, l: l}).read(in)
	if !f.HasDate && f.newest > 0 {
		f.Date, f.HasDate = f.newest, true
	}
	if err != nil && (f.Entries == 0 || errors.Is(err, errTooLong)) {
		if f.Entries == 0 && int(f.number) == len(t.files)-1 {
			t.files = t.files[:f.number]
		}
		return fmt.Errorf("%s: %w", l.title, err)
	}
	if err == nil && !f.useful() && f.Bad > 0 {
		t.files = t.files[:f.number]
		b := f.Faults[0]
		return fmt.Errorf("%s without an entry that can be read (line %d, %q: %s)", l.title, b.Line, b.Text, b.Reason)
	}
	f.failure = err
	t.tell(f, t.words.lost-dropped)
	return nil
}

// bounded ends with an error what is longer than it may be.
type bounded struct {
	r    io.Reader
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, errTooLong
	}
	n, err := b.r.Read(p[:min(int64(len(p)), b.left)])
	b.left -= int64(n)
	return n, err
}
