package flow_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seine/flow"
)

// write makes a file in a new directory and returns its path.
func write(t *testing.T, name string, content []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestAnyInputCanBeReadAtAnyPlace(t *testing.T) {
	plain, packed := write(t, "a.csv", []byte(sample)), write(t, "a", pack(t, "zstd", sample))
	for name, src := range map[string]*flow.Source{
		"a file":        flow.FileSource(plain, &flow.Options{}),
		"a packed file": flow.FileSource(packed, &flow.Options{}),
		"a stream":      flow.StreamSource("-", io.MultiReader(strings.NewReader(sample)), &flow.Options{}),
		"memory":        source(sample),
		"nothing":       source(""),
	} {
		want := sample
		if name == "nothing" {
			want = ""
		}
		if _, err := src.Head(); err != nil { // who looked at the head can do it, too
			t.Fatal(err)
		}
		for range 2 {
			at, size, err := src.ReaderAt()
			if err != nil || size != int64(len(want)) {
				t.Fatalf("%s: size %d, %v", name, size, err)
			}
			got := make([]byte, size)
			if n, err := at.ReadAt(got, 0); int64(n) != size || err != nil && err != io.EOF || string(got) != want {
				t.Errorf("%s: read %d bytes, %v", name, n, err)
			}
			if size > 200 {
				if _, err := at.ReadAt(got[:3], 200); err != nil || string(got[:3]) != want[200:203] {
					t.Errorf("%s: read %q at 200, %v", name, got[:3], err)
				}
			}
		}
		if err := src.Close(); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestNothingIsLeftOfASpooledInput(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	src := flow.StreamSource("-", strings.NewReader(sample), &flow.Options{})
	if _, _, err := src.ReaderAt(); err != nil {
		t.Fatal(err)
	}
	if err := src.Close(); err != nil {
		t.Fatal(err)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}

func TestACutInputCannotBeSpooled(t *testing.T) {
	packed := pack(t, "gzip", strings.Repeat(sample, 1000))
	src := source(string(packed[:len(packed)/2]))
	defer src.Close()
	for range 2 {
		if _, _, err := src.ReaderAt(); err == nil || !strings.Contains(err.Error(), "gzip") {
			t.Errorf("error %v", err)
		}
	}
}

func TestStandardInputMayBeARedirectedFile(t *testing.T) {
	f, err := os.Open(write(t, "flows.csv", []byte(sample)))
	if err != nil {
		t.Fatal(err)
	}
	src := flow.StreamSource(flow.Stdin, f, &flow.Options{})
	if _, size, err := src.ReaderAt(); err != nil || size != int64(len(sample)) {
		t.Errorf("size %d, %v", size, err)
	}
	if src.Size != int64(len(sample)) {
		t.Errorf("Size is %d", src.Size)
	}
	if got, err := contents(src); err != nil || string(got) != sample {
		t.Errorf("read %d bytes, %v", len(got), err)
	}

	// Where somebody has read a part, the rest is the input.
	if f, err = os.Open(f.Name()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Seek(13, io.SeekStart); err != nil {
		t.Fatal(err)
	}
	src = flow.StreamSource(flow.Stdin, f, &flow.Options{})
	at, size, err := src.ReaderAt()
	if err != nil || size != int64(len(sample)-13) {
		t.Fatalf("size %d, %v", size, err)
	}
	var b [4]byte
	if _, err := at.ReadAt(b[:], 0); err != nil || string(b[:]) != sample[13:17] {
		t.Errorf("it begins with %q, %v", b, err)
	}
	src.Close()
}

func TestAPipeIsReadToItsEnd(t *testing.T) {
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		io.Copy(w, strings.NewReader(sample))
		w.Close()
	}()
	src := flow.StreamSource(flow.Stdin, r, &flow.Options{})
	if got, err := contents(src); err != nil || string(got) != sample {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
	if src.Size != -1 {
		t.Errorf("Size is %d", src.Size)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	for path, want := range map[string]string{filepath.Join(dir, "missing.csv"): "no such file", dir: "is a directory"} {
		src := flow.FileSource(path, &flow.Options{})
		for range 2 {
			if _, err := src.Head(); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: error %v", path, err)
			}
		}
		if err := src.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestAFileCanBeOpenedAgain(t *testing.T) {
	src := flow.FileSource(write(t, "a.csv", []byte(sample)), &flow.Options{Workers: 8})
	again := src.Reopen()
	if again == nil {
		t.Fatal("it cannot")
	}
	for _, s := range []*flow.Source{again, src} {
		if got, err := contents(s); err != nil || string(got) != sample {
			t.Errorf("read %d bytes, %v", len(got), err)
		}
	}
	if source(sample).Reopen() != nil {
		t.Error("a stream, too")
	}
}

func TestASourceKeepsTheFirstBadRowsAndEachNoteOnce(t *testing.T) {
	src := source("")
	for i := range uint64(9) {
		src.Report(i+1, fmt.Sprint("reason ", i+1))
		src.Note(fmt.Sprint("note ", i%2))
	}
	if src.Bad != 9 || len(src.BadRows) != flow.KeepBad || src.BadRows[4] != (flow.BadRow{Row: 5, Reason: "reason 5"}) {
		t.Errorf("%d bad rows, kept %v", src.Bad, src.BadRows)
	}
	if !slices.Equal(src.Notes, []string{"note 0", "note 1"}) {
		t.Errorf("notes are %q", src.Notes)
	}
}

// slow gives a byte at a time, now and then none.
type slow struct {
	r io.Reader
	n int
}

func (s *slow) Read(p []byte) (int, error) {
	if s.n++; s.n%3 == 0 || len(p) == 0 {
		return 0, nil
	}
	return s.r.Read(p[:1])
}

func TestReadersMayBeSlow(t *testing.T) {
	for _, how := range []string{"", "gzip", "zstd", "xz", "bzip2", "lz4"} {
		data := []byte(sample)
		if how != "" {
			data = pack(t, how, sample)
		}
		src := flow.StreamSource("-", &slow{r: bytes.NewReader(data)}, &flow.Options{})
		if got, err := contents(src); err != nil || string(got) != sample {
			t.Errorf("%q: read %d bytes, %v", how, len(got), err)
		}
	}
}
