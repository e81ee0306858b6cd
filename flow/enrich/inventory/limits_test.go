package inventory

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"seine/flow"
)

func write(t *testing.T, name string, data []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// An element without an end is not held in memory until there is none left.
func TestEndlessElements(t *testing.T) {
	long := strings.Repeat("a", maxToken+1<<20)
	for name, text := range map[string]string{
		"attribute": `<nmaprun scanner="` + long + `"/>`,
		"name":      `<nmaprun><` + long + `/></nmaprun>`,
		"comment":   `<nmaprun><!--` + long,
	} {
		if _, err := Load(Files{Scans: []string{write(t, "scan.xml", []byte(text))}}); err == nil || !strings.Contains(err.Error(), "larger than") {
			t.Errorf("%s: %v", name, err)
		}
	}
	deep := "<nmaprun>" + strings.Repeat("<a>", maxNesting) + "</nmaprun>"
	if _, err := Load(Files{Scans: []string{write(t, "scan.xml", []byte(deep))}}); err == nil || !strings.Contains(err.Error(), "nested") {
		t.Errorf("depth: %v", err)
	}
}

// An entry that is too large is passed over, and those behind it are read.
func TestLargeEntries(t *testing.T) {
	scan := write(t, "scan.csv", []byte("ip,port,product,version\n10.0.0.1,80,apache,2.4.49\n"))
	entry := `{"cve":{"id":"CVE-2099-0001","x":"%s","configurations":[{"nodes":[{"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:a:apache:http_server:2.4.49:*:*:*:*:*:*:*"}]}]}]}}`
	var dump bytes.Buffer
	z := gzip.NewWriter(&dump)
	fmt.Fprintf(z, `{"format":"NVD_CVE","x":{"y":[{"z":"]}"}]},"vulnerabilities":[`+entry+",\n"+strings.Replace(entry, "0001", "0002", 1)+"]}", strings.Repeat("x", maxObject), `a\"]}{[\\`)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	table, err := Load(Files{Scans: []string{scan}, NVD: []string{write(t, "nvd.json.gz", dump.Bytes())}})
	if err != nil {
		t.Fatal(err)
	}
	if s := table.All()[0]; len(s.CVEs) != 1 || s.CVEs[0].ID != "CVE-2099-0002" || s.CVEs[0].Line != 2 {
		t.Errorf("%+v", s.CVEs)
	}
	if w := table.Warnings(); len(w) != 1 || !strings.Contains(w[0], "nvd.json.gz:1: entry larger than 16 MB") {
		t.Errorf("%q", w)
	}
}

// Of a directory, files that are something else are passed over; one with no
// scan in it is a mistake.
func TestDirectories(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a/scan.csv": "ip,port\n10.0.0.1,80\n", "b.gnmap": "# Nmap 7.94 scan initiated\nHost: 10.0.0.2 ()\tPorts: 22/open/tcp//ssh///\n", "notes.txt": "hello\n",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	table, err := Load(Files{Scans: []string{dir}})
	if err != nil || table.Len() != 2 {
		t.Errorf("%d services, %v", table.Len(), err)
	}
	if err := os.RemoveAll(filepath.Join(dir, "a")); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "b.gnmap")); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(Files{Scans: []string{dir}}); err == nil || !strings.Contains(err.Error(), "no file in it is a scan") {
		t.Errorf("a directory without a scan: %v", err)
	}
}

func TestNilTableKnowsNothing(t *testing.T) {
	var table *Table
	var s *Service
	if table.Lookup(flow.Addr{}, flow.TCP, 80) != nil || table.Services(flow.Addr{}) != nil || table.Len() != 0 || table.All() != nil || table.Warnings() != nil || s.Worst() != nil {
		t.Error("it knows something")
	}
}

func BenchmarkNVD(b *testing.B) {
	var dump bytes.Buffer
	dump.WriteString(`{"format":"NVD_CVE","vulnerabilities":[`)
	for i := range 5000 {
		fmt.Fprintf(&dump, `{"cve":{"id":"CVE-2099-%d","descriptions":[{"lang":"en","value":"%s"}],"configurations":[{"nodes":[{"cpeMatch":[{"vulnerable":true,"criteria":"cpe:2.3:a:vendor%d:product:*:*:*:*:*:*:*:*","versionEndExcluding":"2.0"}]}]}]}},`+"\n",
			10000+i, strings.Repeat("lorem ipsum ", 80), i%500)
	}
	dump.WriteString(`]}`)
	dir := b.TempDir()
	nvd, scan := filepath.Join(dir, "nvd.json"), filepath.Join(dir, "scan.csv")
	if err := os.WriteFile(nvd, dump.Bytes(), 0o600); err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(scan, []byte("ip,port,cpe\n10.0.0.1,80,cpe:/a:vendor7:product:1.0\n"), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(dump.Len()))
	b.ReportAllocs()
	for b.Loop() {
		table, err := Load(Files{Scans: []string{scan}, NVD: []string{nvd}})
		if err != nil || len(table.All()[0].CVEs) != 10 {
			b.Fatal(err, len(table.All()[0].CVEs))
		}
	}
}

// What cannot be used is refused with what to do about it.
func TestRefusalsTellWhatToDo(t *testing.T) {
	scan := write(t, "scan.csv", []byte("ip,port\n10.0.0.1,80\n"))
	for want, files := range map[string]Files{
		"save it as UTF-8": {Scans: []string{write(t, "scan.xml", []byte("\xff\xfe<\x00n\x00"))}},
		"fetch it anew":    {Scans: []string{scan}, NVD: []string{write(t, "nvd.json", []byte(`{"format":"NVD_CVE","version":"2.0","vulnerabilities":[{"cve":{"id":"CVE-2099-0001"`))}},
	} {
		if _, err := Load(files); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}
