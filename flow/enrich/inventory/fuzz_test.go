package inventory

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
)

// seed gives a fuzz target the files of testdata whose names begin with one of
// some words.
func seed(f *testing.F, words ...string) {
	paths, _ := filepath.Glob("testdata/*.txtar")
	for _, path := range paths {
		a, err := txtar.ParseFile(path)
		if err != nil {
			f.Fatal(err)
		}
		for _, file := range a.Files {
			for _, w := range words {
				if strings.HasPrefix(file.Name, w) {
					f.Add(file.Data)
				}
			}
		}
	}
}

// check loads data among files, and looks at what comes of it.
func check(t *testing.T, data []byte, files func(path string) Files) {
	path := filepath.Join(t.TempDir(), "data")
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
	table, err := Load(files(path))
	if again, errAgain := Load(files(path)); told(table, err) != told(again, errAgain) {
		t.Fatal("read twice, it says two things")
	}
	for _, s := range table.All() {
		if s.Port == 0 || len(s.Product) > maxText || len(s.CPEs) > maxCPEs || table.Lookup(s.Addr, s.Proto, s.Port) != s {
			t.Errorf("%+v", s)
		}
		for i := range s.CVEs {
			v := &s.CVEs[i]
			if v.CVSS < 0 || v.CVSS > 10 || v.EPSS < 0 || v.EPSS > 1 || v.Basis == "" || !cveForm.MatchString(v.ID) {
				t.Errorf("%+v", v)
			}
			if i > 0 && worse(&s.CVEs[i-1], v) > 0 {
				t.Errorf("%s is worse than what is before it", v.ID)
			}
		}
	}
}

// vulnerable is a scan of one service of each product that the seeds name.
func vulnerable(f *testing.F) string {
	path := filepath.Join(f.TempDir(), "scan.csv")
	text := "ip,port,product,version,cve\n10.0.0.1,80,apache,2.4.49,CVE-2099-0001\n10.0.0.1,22,openssh,7.4p1,CVE-2099-1000\n10.0.0.1,21,vsftpd,3.0,\n10.0.0.1,81,nginx,1.20.0,\n"
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		f.Fatal(err)
	}
	return path
}

func FuzzScan(f *testing.F) {
	seed(f, "scan")
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, data, func(path string) Files { return Files{Scans: []string{path}} })
	})
}

func FuzzNVD(f *testing.F) {
	seed(f, "nvd")
	scan := vulnerable(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, data, func(path string) Files { return Files{Scans: []string{scan}, NVD: []string{path}} })
	})
}

func FuzzKEV(f *testing.F) {
	seed(f, "kev")
	scan := vulnerable(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, data, func(path string) Files { return Files{Scans: []string{scan}, KEV: []string{path}} })
	})
}

func FuzzEPSS(f *testing.F) {
	seed(f, "epss")
	scan := vulnerable(f)
	f.Fuzz(func(t *testing.T, data []byte) {
		check(t, data, func(path string) Files { return Files{Scans: []string{scan}, EPSS: []string{path}} })
	})
}
