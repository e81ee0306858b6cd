package report

import (
	"io"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// holds checks what the only file of a directory holds.
func holds(t *testing.T, path, want string) {
	t.Helper()
	got, err := os.ReadFile(path)
	if err != nil || string(got) != want {
		t.Errorf("%s holds %q (%v), want %q", path, got, err, want)
	}
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil || len(entries) != 1 {
		t.Errorf("%d files beside it (%v)", len(entries)-1, err)
	}
}

func create(t *testing.T, path, content string) *AtomicFile {
	t.Helper()
	f, err := CreateAtomic(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, content); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestAFileAppearsWholeOrNotAtAll(t *testing.T) {
	path := filepath.Join(t.TempDir(), "out.json")
	f := create(t, path, "first")
	if _, err := os.Stat(path); err == nil {
		t.Error("the file is there before Commit")
	}
	if err := f.Commit(); err != nil {
		t.Fatal(err)
	}
	f.Abort() // does nothing now
	holds(t, path, "first")
	if err := f.Commit(); err == nil {
		t.Error("a second Commit succeeds")
	}

	f = create(t, path, "second")
	f.Abort()
	f.Abort()
	holds(t, path, "first")
	if err := f.Commit(); err == nil {
		t.Error("Commit after Abort succeeds")
	}
	holds(t, path, "first")

	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := create(t, path, "third").Commit(); err != nil {
		t.Fatal(err)
	}
	holds(t, path, "third")
	if info, err := os.Stat(path); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o640 {
		t.Errorf("permissions %v (%v)", info.Mode(), err)
	}
}

func TestALinkIsFollowed(t *testing.T) {
	real := filepath.Join(t.TempDir(), "real.json")
	if err := os.WriteFile(real, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	link := filepath.Join(t.TempDir(), "link.json")
	if err := os.Symlink(real, link); err != nil {
		t.Skip(err)
	}
	if err := create(t, link, "new").Commit(); err != nil {
		t.Fatal(err)
	}
	holds(t, real, "new")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Error("the link was replaced")
	}
}

func TestADeviceIsWrittenDirectly(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("no /dev/null")
	}
	if err := create(t, os.DevNull, "gone").Commit(); err != nil {
		t.Error(err)
	}
	create(t, os.DevNull, "gone").Abort()
	if info, err := os.Stat(os.DevNull); err != nil || info.Mode().IsRegular() {
		t.Fatal("the device was replaced")
	}
}

func TestWhatCannotBeCreated(t *testing.T) {
	dir := t.TempDir()
	for _, path := range []string{dir, filepath.Join(dir, "missing", "out.json")} {
		if f, err := CreateAtomic(path); err == nil {
			f.Abort()
			t.Errorf("%s was created", path)
		}
	}
}
