package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const stored = "../../testdata/rosetta"

// What is stored is what the program writes, so that nobody edits a file by
// hand, and the trace and its layouts stay together.
func TestStoredFilesAreWhatIsWritten(t *testing.T) {
	trace := shoot()
	total := 0
	for _, l := range layouts() {
		data, err := os.ReadFile(filepath.Join(stored, l.file))
		if err != nil {
			t.Error(err)
			continue
		}
		total += len(data)
		if strings.HasSuffix(l.file, ".gz") { // another version of Go may compress otherwise
			r, err := gzip.NewReader(bytes.NewReader(data))
			if err != nil {
				t.Fatal(l.file, err)
			}
			if data, err = io.ReadAll(r); err != nil {
				t.Fatal(l.file, err)
			}
		}
		if !bytes.Equal(data, l.encode(trace)) {
			t.Errorf("%s is not what is written now: go run ./scripts/rosetta", l.file)
		}
	}
	if total > 2_500_000 {
		t.Errorf("%d bytes are too many for a repository", total)
	}
}

// The order of the trace does not depend on the resolution of a layout.
func TestNoTwoConnectionsShareASecond(t *testing.T) {
	begins, ends := map[int64]bool{}, map[int64]bool{}
	for _, c := range shoot() {
		w := c.whole()
		if begins[w.first/1000] || ends[w.last/1000] {
			t.Errorf("%v → %v:%d shares the second of its begin or end", c.src, c.dst, c.dport)
		}
		begins[w.first/1000], ends[w.last/1000] = true, true
	}
}

// The pieces of a connection are the connection.
func TestPiecesAddUp(t *testing.T) {
	for _, c := range shoot() {
		w := c.whole()
		for _, cut := range []cut{every(active), windows(60_000)} {
			var pkts, ip int
			for _, p := range c.pieces(cut) {
				pkts, ip = pkts+p.out.pkts+p.in.pkts, ip+p.out.ip+p.in.ip
			}
			for _, h := range c.halves(cut) {
				pkts, ip = pkts-h.pkts, ip-h.ip
			}
			if pkts != 0 || ip != 0 || w.out.pkts+w.in.pkts != len(c.packets) {
				t.Errorf("%v → %v:%d: pieces and halves differ by %d packets and %d bytes", c.src, c.dst, c.dport, pkts, ip)
			}
		}
	}
}
