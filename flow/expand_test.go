package flow_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seine/flow"
)

// tree makes a directory with files whose content is their name; a name that
// ends in a slash is a directory, "a -> b" a symbolic link.
func tree(t *testing.T, names ...string) string {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		var err error
		link, target, isLink := strings.Cut(name, " -> ")
		switch path := filepath.Join(dir, link); {
		case isLink:
			err = os.Symlink(target, path)
		case strings.HasSuffix(name, "/"):
			err = os.MkdirAll(path, 0o755)
		default:
			if err = os.MkdirAll(filepath.Dir(path), 0o755); err == nil {
				err = os.WriteFile(path, []byte(name), 0o644)
			}
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestArgumentsNameInputs(t *testing.T) {
	dir := tree(t, "b.csv", "a.csv", "c.tsv", ".hidden.csv", "sub/x.csv", "sub/deep/y.csv", "sub/.git/z.csv",
		"empty/", "odd[1].csv", "link.csv -> a.csv", "lost -> nowhere", "loop -> .")
	t.Chdir(dir)
	for _, test := range []struct{ args, want string }{
		{"a.csv", "a.csv"},
		{"b.csv a.csv", "b.csv a.csv"},
		{"./a.csv", "./a.csv"},
		{"*.csv", "a.csv b.csv odd[1].csv"}, // link.csv is a.csv again
		{".*.csv", ".hidden.csv"},
		{"[ab].csv", "a.csv b.csv"},
		{"odd[1].csv", "odd[1].csv"}, // a file of that very name
		{"?.tsv", "c.tsv"},
		{"sub", "sub/deep/y.csv? sub/x.csv?"},
		{"sub/*", "sub/deep/y.csv? sub/x.csv"},
		{"sub sub/x.csv", "sub/deep/y.csv? sub/x.csv"}, // named itself, so it must be flow data
		{"a.csv link.csv a.csv", "a.csv"},
		{"empty", ""},
		{"- a.csv -", "- a.csv"},
		{"missing.csv", "missing.csv!"},
		{"*.pcap", "*.pcap!"},
		{"[", "[!"},
		{"lost", "lost!"},
	} {
		var got []string
		for _, s := range flow.Expand(strings.Fields(test.args), &flow.Options{}) {
			name := s.Name
			if s.Optional {
				name += "?"
			}
			if s.Name != flow.Stdin {
				if text, err := contents(s); err != nil {
					name += "!"
				} else if base := filepath.Base(s.Name); !strings.HasSuffix(string(text), base) {
					t.Errorf("%s: %s holds %q", test.args, s.Name, text)
				}
			}
			got = append(got, name)
		}
		if got := strings.Join(got, " "); got != test.want {
			t.Errorf("%q names %q, want %q", test.args, got, test.want)
		}
	}
}

func TestADirectoryDoesNotFollowLinksToDirectories(t *testing.T) {
	dir := tree(t, "a.csv", "loop -> .", "up -> ..", "again.csv -> a.csv", "lost.csv -> nowhere")
	var names []string
	for _, s := range flow.Expand([]string{dir}, &flow.Options{}) {
		names = append(names, filepath.Base(s.Name))
	}
	if got := strings.Join(names, " "); got != "a.csv lost.csv" {
		t.Errorf("it names %q", got)
	}
}

func TestALinkToADirectoryIsFollowedAsAnArgument(t *testing.T) {
	dir := tree(t, "real/a.csv", "alias -> real")
	t.Chdir(dir)
	all := flow.Expand([]string{"alias", "real"}, &flow.Options{})
	if len(all) != 1 || all[0].Name != filepath.Join("alias", "a.csv") {
		t.Fatalf("it names %d inputs", len(all))
	}
	if len(all[0].Notes) != 1 || !strings.Contains(all[0].Notes[0], "more than once") {
		t.Errorf("notes are %q", all[0].Notes)
	}
}

func TestFilesOutsideOfTheSpanAreLeftOut(t *testing.T) {
	dir := tree(t, "vpcflowlogs/2024/03/08/a.log", "vpcflowlogs/2024/03/09/b.log", "vpcflowlogs/2024/03/10/c.log",
		"vpcflowlogs/2024/03/10/d.log", "vpcflowlogs/2024/03/11/e.log", "vpcflowlogs/index.txt")
	t.Chdir(dir)
	at := func(text string) flow.Time {
		when, err := time.Parse(time.RFC3339, text)
		if err != nil {
			t.Fatal(err)
		}
		return flow.Time(when.UnixNano())
	}
	const left, outside = " left out: by their paths they lie outside of --since and --until", " more file was"
	for _, test := range []struct{ args, since, until, want, note string }{
		{"vpcflowlogs", "2024-03-10T02:00:00Z", "2024-03-10T20:00:00Z", "c.log d.log index.txt", "3 more files were" + left},
		{"vpcflowlogs", "2024-03-10T00:30:00Z", "2024-03-10T23:30:00Z", "b.log c.log d.log e.log index.txt", "1" + outside + left}, // late ones
		{"vpcflowlogs/2024", "2024-03-10T02:00:00Z", "2024-03-10T20:00:00Z", "c.log d.log", "3 more files were" + left},
		{"vpcflowlogs/2024/03/08", "2024-03-10T02:00:00Z", "2024-03-10T20:00:00Z", "a.log", ""},
		{"vpcflowlogs/2024/03/08/a.log", "2024-03-10T02:00:00Z", "2024-03-10T20:00:00Z", "a.log", ""},
		{"vpcflowlogs/2024/03/*/*.log", "2024-03-10T02:00:00Z", "2024-03-10T20:00:00Z", "c.log d.log", "3 more files were" + left},
		{"vpcflowlogs/2024/03/*", "2024-03-10T02:00:00Z", "2024-03-10T20:00:00Z", "c.log d.log", "3 more files were" + left},
		{"vpcflowlogs/2024/03/0?/*.log vpcflowlogs/index.txt", "2024-03-10T02:00:00Z", "2024-03-10T20:00:00Z", "b.log index.txt", "1" + outside + left},
	} {
		opt := &flow.Options{Span: flow.Span{From: at(test.since), To: at(test.until)}}
		var names, notes []string
		for _, s := range flow.Expand(strings.Fields(test.args), opt) {
			names, notes = append(names, filepath.Base(s.Name)), append(notes, s.Notes...)
		}
		if got := strings.Join(names, " "); got != test.want || strings.Join(notes, "") != test.note {
			t.Errorf("%s from %s to %s: %q, notes %q; want %q and %q", test.args, test.since, test.until, got, notes, test.want, test.note)
		}
	}
	if n := len(flow.Expand([]string{"."}, &flow.Options{})); n != 6 {
		t.Errorf("without a span %d files", n)
	}
}
