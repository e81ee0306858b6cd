package intel

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"seine/flow"
)

// FuzzLoad reads any bytes as a list, whatever layout they are taken for. What
// is taken must be found again, and tell of addresses that are global alone.
func FuzzLoad(f *testing.F) {
	paths, _ := filepath.Glob("testdata/*")
	more, _ := filepath.Glob("testdata/misp-feed/*")
	for _, path := range append(paths, more...) {
		if text, err := os.ReadFile(path); err == nil && filepath.Ext(path) != ".golden" {
			f.Add(text)
		}
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		table := New(Options{})
		table.limits.entries = 10_000
		if err := table.read("list", text[:min(len(text), flow.HeadSize)], bytes.NewReader(text), 0, false); err != nil {
			return
		}
		entries := 0
		for _, f := range table.Files() {
			entries += f.Entries
			if f.List != "" && len(f.List) > 1000 {
				t.Fatalf("a name of %d bytes", len(f.List))
			}
		}
		if entries != table.Len() || entries > 64*len(text) {
			t.Fatalf("%d entries in the lists, %d in the table, of %d bytes", entries, table.Len(), len(text))
		}
		for i := range table.n {
			e := table.indicator(table.record(i))
			a, err := flow.AddrFromNetip(e.Prefix.Addr())
			if err != nil {
				t.Fatal(err)
			}
			if e.Prefix.Masked() != e.Prefix || e.Score < -1 || e.Score > 100 || e.Benign != (e.Category == Benign) && e.Layout != "zeek-intel" {
				t.Fatalf("%+v", e)
			}
			if !Global(a) {
				if e.Prefix.IsSingleIP() {
					t.Fatalf("%s is not global", e.Prefix)
				}
				continue
			}
			found := false
			for _, g := range table.Lookup(a) {
				found = found || g.Prefix == e.Prefix && g.Line == e.Line && g.Port == e.Port
			}
			if !found || !table.Listed(a) {
				t.Fatalf("%s of line %d is not found", e.Prefix, e.Line)
			}
		}
	})
}

// FuzzPattern reads any text as a STIX pattern.
func FuzzPattern(f *testing.F) {
	for _, seed := range []string{
		"[ipv4-addr:value = '198.51.100.60']", "[a:b = 1] AND [ipv4-addr:value IN ('198.51.100.1', '198.51.100.2')]",
		"([ipv4-addr:value = '198.51.100.1'] OR [ipv6-addr:value = '2001:db8::1']) WITHIN 5 SECONDS",
		"[network-traffic:extensions.'tcp-ext'.src_flags_hex = '00' AND (network-traffic:dst_port = 1 OR network-traffic:dst_port = 2)]",
		"[file:hashes.'SHA-256' = 'a'] START t'2026-01-01T00:00:00Z' STOP t'2026-02-01T00:00:00Z'",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ends, other, err := parsePattern(text)
		if err == nil && len(ends) == 0 && other == "" {
			t.Fatal("a pattern that says nothing at all")
		}
		for _, e := range ends {
			if !e.prefix.IsValid() {
				t.Fatalf("%+v", e)
			}
		}
	})
}
