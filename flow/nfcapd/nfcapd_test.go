package nfcapd

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
	"seine/flow/internal/flowtest"
)

// TestMain lets the test binary play nfdump, as SEINE_FAKE_NFDUMP says.
func TestMain(m *testing.M) {
	if mode := os.Getenv("SEINE_FAKE_NFDUMP"); mode != "" {
		os.Exit(play(mode))
	}
	os.Exit(m.Run())
}

const (
	lineOut  = "2026-01-01 00:00:00.500|2026-01-01 00:00:02.000|6    |192.0.2.1| 40112|198.51.100.7|   443|...AP.SF|      12|    3400|       0|       0|    1\n"
	lineBack = "2026-01-01 00:00:00.510|2026-01-01 00:00:02.000|6    |198.51.100.7|   443|192.0.2.1| 40112|...AP.SF|      10|    9100|       0|       0|    1\n"
	rowOut   = "1 2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/- pkts 12/- flags FSPA_\n"
	rowBack  = "2 2026-01-01T00:00:00.51Z +1.49s tcp 198.51.100.7:443 > 192.0.2.1:40112 bytes 9100/- pkts 10/- flags FSPA_\n"
)

// play is the program as the tests want it. What it is asked for must be
// right in every case.
func play(mode string) int {
	complain := func(text string) int {
		fmt.Fprintln(os.Stderr, text)
		return 3
	}
	args := os.Args[1:]
	switch {
	case len(args) != 7 || args[0] != "-r" || !filepath.IsAbs(args[1]):
		return complain(fmt.Sprintf("arguments %q", args))
	case strings.Join(args[2:], " ") != "-q -N -6 -o fmt:%ts|%te|%pr|%sa|%sp|%da|%dp|%flg|%ipkt|%ibyt|%opkt|%obyt|%fl":
		return complain(fmt.Sprintf("arguments %q", args))
	case os.Getenv("TZ") != "UTC0":
		return complain("zone " + os.Getenv("TZ"))
	}
	if content, err := os.ReadFile(args[1]); err != nil || !bytes.Equal(content, capfile()) {
		return complain(fmt.Sprintf("another file: %d bytes, %v", len(content), err))
	}
	switch mode {
	case "rows":
		fmt.Print(lineOut, lineBack)
	case "none":
		fmt.Println("No matching flows")
	case "fails":
		fmt.Print(lineOut)
		fmt.Fprint(os.Stderr, "\nfirst words\nsecond\nthird\nfourth\n")
		return 254
	case "fails in silence":
		return 2
	case "cut short":
		fmt.Print(lineOut)
		fmt.Fprintln(os.Stderr, "read() error: Short read: Expected: 385884, received: 99712")
	case "advice":
		fmt.Print(lineOut)
		fmt.Fprintln(os.Stderr, "option -6 will go away")
	case "endless":
		for {
			if _, err := fmt.Print(lineOut); err != nil {
				return 0
			}
		}
	}
	return 0
}

// pretend puts a program on the PATH that plays nfdump.
func pretend(t *testing.T, mode string) {
	t.Helper()
	dir := t.TempDir()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(self, filepath.Join(dir, "nfdump")); err != nil {
		t.Skip(err)
	}
	if _, err := exec.LookPath(filepath.Join(dir, "nfdump")); err != nil {
		t.Skip("no program can be made here: ", err)
	}
	t.Setenv("PATH", dir)
	t.Setenv("SEINE_FAKE_NFDUMP", mode)
}

// options are those of a run whose zone is not that of the program.
func options() *flow.Options {
	return &flow.Options{Symbols: flow.NewSymbols(), Workers: 2, Location: time.FixedZone("elsewhere", 3600)}
}

// write puts a file into a directory of its own, with a name that looks like an
// option, and goes there.
func write(t *testing.T, data []byte) (name string) {
	t.Helper()
	t.Chdir(t.TempDir())
	if err := os.WriteFile("-x", data, 0o600); err != nil {
		t.Fatal(err)
	}
	return "-x"
}

// read reads all of src, and closes as the engine does.
func read(t *testing.T, src *flow.Source) (rows string, r *reader, err error) {
	t.Helper()
	f, err := flow.Detect([]*flow.Format{Format()}, src)
	if err != nil {
		t.Fatal(err)
	}
	src.Stitch = f.Stitch
	in, err := f.Open(src)
	if err != nil {
		return "", nil, err
	}
	r = in.(*reader)
	all, err := flow.ReadAll(r)
	for i := range all {
		rows += flowtest.Row(&all[i], src.Options.Symbols)
	}
	if uint64(len(all)) != src.Rows {
		t.Errorf("%d rows, %d counted", len(all), src.Rows)
	}
	return rows, r, errors.Join(err, r.Close(), src.Close())
}

func TestWhatTheProgramSaysIsReadOrTold(t *testing.T) {
	for _, test := range []struct {
		mode, rows, err, note string
		skipped               uint64
	}{
		{"rows", rowOut + rowBack, "", "", 0},
		{"none", "", "", "", 1},
		{"fails", rowOut, "nfdump: first words; second; third (exit status 254)", "", 0},
		{"fails in silence", "", "nfdump: exit status 2", "", 0},
		{"cut short", rowOut, "nfdump: read() error: Short read: Expected: 385884, received: 99712", "", 0},
		{"advice", rowOut, "", "nfdump said: option -6 will go away", 0},
	} {
		t.Run(test.mode, func(t *testing.T) {
			pretend(t, test.mode)
			src := flow.FileSource(write(t, capfile()), options())
			rows, _, err := read(t, src)
			if rows != test.rows || src.Skipped != test.skipped || src.Bad != 0 {
				t.Errorf("got %s%d skipped, %d bad %v", rows, src.Skipped, src.Bad, src.BadRows)
			}
			if (err == nil) != (test.err == "") || err != nil && err.Error() != test.err {
				t.Errorf("error %v, want %q", err, test.err)
			}
			if !strings.Contains(strings.Join(src.Notes, "\n"), test.note) {
				t.Errorf("notes %q lack %q", src.Notes, test.note)
			}
			if !src.Stitch.Halves || !src.Stitch.Auto {
				t.Errorf("stitching %+v", src.Stitch)
			}
		})
	}
}

func TestPipesAndCompressedFilesAreSpooledAndTheCopyIsRemoved(t *testing.T) {
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	z.Write(capfile())
	z.Close()
	for name, open := range map[string]func(t *testing.T) *flow.Source{
		"pipe": func(*testing.T) *flow.Source {
			return flow.StreamSource("-", io.MultiReader(bytes.NewReader(capfile())), options())
		},
		"gzip": func(t *testing.T) *flow.Source { return flow.FileSource(write(t, packed.Bytes()), options()) },
	} {
		t.Run(name, func(t *testing.T) {
			pretend(t, "rows")
			temporary := t.TempDir()
			t.Setenv("TMPDIR", temporary)
			rows, _, err := read(t, open(t))
			if rows != rowOut+rowBack || err != nil {
				t.Errorf("got %s%v", rows, err)
			}
			if left, _ := os.ReadDir(temporary); len(left) != 0 {
				t.Errorf("left behind: %v", left)
			}
		})
	}
}

func TestTheProgramIsEndedWhenTheReaderIsClosedEarly(t *testing.T) {
	pretend(t, "endless")
	temporary := t.TempDir()
	t.Setenv("TMPDIR", temporary)
	src := flow.StreamSource("-", bytes.NewReader(capfile()), options())
	in, err := Format().Open(src)
	if err != nil {
		t.Fatal(err)
	}
	rows := make([]flow.Record, 5000)
	if n, err := in.Read(rows); n == 0 || err != nil {
		t.Fatal(n, err)
	}
	r := in.(*reader)
	for range 2 {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	}
	if state := r.child.cmd.ProcessState; state == nil || state.Success() {
		t.Errorf("the program is %v", state)
	}
	if left, _ := os.ReadDir(temporary); len(left) != 0 {
		t.Errorf("left behind: %v", left)
	}
}

func TestWithoutTheProgramTheErrorTellsWhatToDo(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	_, _, err := read(t, flow.BytesSource("x", capfile(), options()))
	if !errors.Is(err, exec.ErrNotFound) || !strings.Contains(err.Error(), "install the package nfdump") ||
		!strings.Contains(err.Error(), "nfdump -r FILE -o json") {
		t.Error(err)
	}
}

func TestFilesAreKnownByTheirMagicNumber(t *testing.T) {
	for head, want := range map[string]string{
		"\x0c\xa5\x01\x00": "", "\x0c\xa5\x02\x00": "", "\xa5\x0c\x00\x01": "", "\x0c\xa5\x03\x00": "",
		"": "no magic", "\x0c\xa5": "no magic", "PAR1....": "no magic", "\x0c\xa5\x00\x00": "layout 0", "\x0c\xa5\x09\x00": "layout 9",
	} {
		score, reason := match([]byte(head))
		if (score == 100) != (want == "") || score != 0 && score != 100 || !strings.Contains(reason, want) {
			t.Errorf("%q: %d %q", head, score, reason)
		}
	}
}

// TestTheRealProgram reads a file of the test's own making through nfdump,
// where that is installed.
func TestTheRealProgram(t *testing.T) {
	if _, err := exec.LookPath("nfdump"); err != nil {
		t.Skip("nfdump is not installed")
	}
	at := time.Date(2026, 1, 1, 0, 0, 0, 500e6, time.UTC)
	out := packed{first: at, last: at.Add(1500 * time.Millisecond), proto: 6, flags: 0x1b, src: "192.0.2.1:40112", dst: "198.51.100.7:443", pkts: 12, bytes: 3400}
	back := packed{first: at.Add(10 * time.Millisecond), last: at.Add(1500 * time.Millisecond), proto: 6, flags: 0x1b, src: "198.51.100.7:443", dst: "192.0.2.1:40112", pkts: 10, bytes: 9100}
	six := packed{first: at, last: at, proto: 17, src: "[2001:db8::1:2:3:4]:546", dst: "[2001:db8:ffff:ffff:ffff:ffff:ffff:ffff]:53", pkts: 1, bytes: 1_500_000}
	ping := packed{first: at, last: at, proto: 1, src: "192.0.2.1:0", dst: "198.51.100.7:0", icmp: 3<<8 | 1, pkts: 1, bytes: 84}
	both := out
	both.outPkts, both.outBy, both.flows = 10, 9100, 2
	sum := out
	sum.flows = 7
	for _, test := range []struct {
		name    string
		records []packed
		rows    string
		halves  bool
		note    string
	}{
		{"halves", []packed{out, back, six, ping}, rowOut + rowBack +
			"3 2026-01-01T00:00:00.5Z +0s udp 2001:db8:0:0:1:2:3:4:546 > 2001:db8:ffff:ffff:ffff:ffff:ffff:ffff:53 bytes 1500000/- pkts 1/-\n" +
			"4 2026-01-01T00:00:00.5Z +0s icmp 192.0.2.1:- > 198.51.100.7:- bytes 84/- pkts 1/- icmp 3/1\n", true, ""},
		{"both directions", []packed{both}, "1 2026-01-01T00:00:00.5Z +1.5s tcp 192.0.2.1:40112 > 198.51.100.7:443 bytes 3400/9100 pkts 12/10\n", false, ""},
		{"sums", []packed{sum}, rowOut, true, "several flows"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Setenv("TZ", "Asia/Tokyo")
			src := flow.FileSource(write(t, capfile(test.records...)), options())
			rows, _, err := read(t, src)
			if rows = strings.ReplaceAll(rows, "2001:db8::1:2:3:4", "2001:db8:0:0:1:2:3:4"); err != nil || rows != test.rows {
				t.Errorf("error %v, -want +got\n%s", err, cmp.Diff(test.rows, rows))
			}
			if src.Stitch.Halves != test.halves || !strings.Contains(strings.Join(src.Notes, " "), test.note) {
				t.Errorf("%+v, notes %q", src.Stitch, src.Notes)
			}
		})
	}
	t.Run("cut short", func(t *testing.T) {
		whole := capfile(out, back)
		_, _, err := read(t, flow.FileSource(write(t, whole[:len(whole)-50]), options()))
		if err == nil {
			t.Error("no error")
		}
	})
}

// printed is what the program prints, as a format of its own.
func printed() *flow.Format {
	return &flow.Format{
		Name: "printed", Fields: fields, Match: func([]byte) (int, string) { return 1, "" },
		Open: func(src *flow.Source) (flow.Reader, error) { return decode(src, src) },
	}
}

func TestGolden(t *testing.T) { flowtest.Golden(t, printed()) }

func FuzzRead(f *testing.F) { flowtest.Fuzz(f, printed()) }

func FuzzMatch(f *testing.F) {
	f.Add(capfile())
	f.Fuzz(func(t *testing.T, head []byte) {
		if score, why := match(head); score == 0 && why == "" {
			t.Fatal("no reason")
		}
	})
}

// benchRow appends row i.
func benchRow(b []byte, i int) []byte {
	return fmt.Appendf(b, "2026-03-10 09:%02d:%02d.632|2026-03-10 09:%02d:%02d.632|%-5d|%39s|%6d|%39s|%6d|...AP.S.|%8d|%8d|       0|       0|    1\n",
		i/6000%60, i/100%60, i/6000%60, i/100%60, [...]int{6, 17}[i%2], fmt.Sprintf("192.168.%d.5", i%256), 1024+i%60000,
		fmt.Sprintf("198.51.100.%d", i%250), 443, 1+i%9, 100+i%1000)
}

func BenchmarkRead(b *testing.B) { flowtest.Bench(b, printed(), "", benchRow) }

func TestRowsAreNotAllocated(t *testing.T) { flowtest.Allocations(t, printed(), "", benchRow) }
