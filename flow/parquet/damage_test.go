package parquet

import (
	"bytes"
	"encoding/binary"
	"errors"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/compress"

	"seine/flow"
)

// victims are valid files to be damaged.
func victims(t testing.TB) [][]byte {
	cols, _ := table(t, 3000, flow.NewSymbols())
	small, _ := table(t, 40, flow.NewSymbols())
	return [][]byte{
		writeFile(t, cols, 3000, 1500, parquet.WithCompression(compress.Codecs.Zstd), parquet.WithDataPageSize(2000)),
		writeFile(t, cols, 3000, 1500, parquet.WithCompression(compress.Codecs.Snappy), parquet.WithDataPageVersion(parquet.DataPageV2)),
		writeFile(t, cols, 3000, 3000, parquet.WithDataPageSize(2000)),
		writeFile(t, small, 40, 20, parquet.WithDictionaryDefault(false)),
		writeFile(t, small, 40, 40, parquet.WithDictionaryDefault(false), parquet.WithEncodingFor("ts", parquet.Encodings.DeltaBinaryPacked),
			parquet.WithEncodingFor("src_ip", parquet.Encodings.DeltaByteArray)),
	}
}

// survive reads a file that may be damaged: it must end, in an error or not.
func survive(t testing.TB, data []byte, patience time.Duration) (rows int, err error) {
	src := flow.BytesSource("damaged", data, options())
	defer src.Close()
	r, err := openAt(src, bytes.NewReader(data), int64(len(data)), patience)
	if err != nil {
		return 0, err
	}
	defer r.(*reader).Close()
	for {
		b, err := r.(*reader).Lend()
		if err != nil {
			return rows, err
		}
		if rows += len(b.Rows); rows > 1<<24 {
			return rows, nil // a long run of indexes is no fault
		}
		b.Free()
	}
}

func TestMutations(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 7))
	failed, began := 0, time.Now()
	for _, valid := range victims(t) {
		for range 420 {
			data := bytes.Clone(valid)
			for range 1 + rng.IntN(3) {
				at := rng.IntN(len(data))
				if rng.IntN(3) == 0 { // the metadata is where damage has most effect
					at = len(data) - 1 - rng.IntN(min(len(data), 1500))
				}
				data[at] = byte(rng.Uint32())
			}
			if rng.IntN(20) == 0 {
				data = data[:rng.IntN(len(data))]
			}
			if _, err := survive(t, data, time.Second); err != nil && err != io.EOF {
				failed++
			}
		}
	}
	if failed == 0 {
		t.Error("no mutation was noticed")
	}
	t.Logf("%d noticed, %v", failed, time.Since(began))
}

func FuzzParquet(f *testing.F) {
	for _, v := range victims(f)[3:] {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, data []byte) { _, _ = survive(t, data, 5*time.Second) })
}

// A file that is damaged in the middle gives the rows before the damage.
func TestRowsBeforeDamageAreKept(t *testing.T) {
	cols, want := table(t, 6000, flow.NewSymbols())
	data := writeFile(t, cols, 6000, 2000)
	src := flow.BytesSource("x", data, options())
	r, err := open(src)
	if err != nil {
		t.Fatal(err)
	}
	at := r.(*reader).meta.RowGroups[1].Columns[0].MetaData.GetDataPageOffset()
	_ = r.(*reader).Close()
	copy(data[at:], "\xff\xff\xff\xff")
	rows, _, err := readBytes(t, data, options())
	if err == nil || !strings.Contains(err.Error(), `column "ts", row group 2`) {
		t.Error(err)
	}
	n := 0
	for n < len(want) && want[n].Row <= 2000 {
		n++
	}
	if len(rows) != n {
		t.Errorf("%d rows, want %d", len(rows), n)
	}
}

// hanging is a file whose pages never arrive.
type hanging struct {
	io.ReaderAt
	from    int64
	release chan struct{}
	waiting atomic.Bool
}

func (h *hanging) ReadAt(b []byte, off int64) (int, error) {
	if off < h.from {
		h.waiting.Store(true)
		<-h.release
		return 0, errors.New("released")
	}
	return h.ReaderAt.ReadAt(b, off)
}

func TestWatchdog(t *testing.T) {
	cols, _ := table(t, 300, flow.NewSymbols())
	data := writeFile(t, cols, 300, 300)
	before := runtime.NumGoroutine()
	footer := int64(len(data)) - 8 - int64(binary.LittleEndian.Uint32(data[len(data)-8:]))
	h := &hanging{ReaderAt: bytes.NewReader(data), from: footer, release: make(chan struct{})}
	opt := options()
	opt.Workers = 3
	r, err := openAt(flow.BytesSource("x", data, opt), h, int64(len(data)), 50*time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	_, err = r.(*reader).Lend()
	if err == nil || !strings.Contains(err.Error(), "no progress for 50ms in column") || !strings.Contains(err.Error(), "row group 1") {
		t.Error(err)
	}
	if _, again := r.(*reader).Lend(); again != err {
		t.Error(again)
	}
	began := time.Now()
	_ = r.(*reader).Close()
	if d := time.Since(began); d > time.Second {
		t.Errorf("Close took %v", d)
	}
	close(h.release)
	for i := 0; runtime.NumGoroutine() > before && i < 100; i++ {
		time.Sleep(10 * time.Millisecond)
	}
	if n := runtime.NumGoroutine(); n > before {
		t.Errorf("%d goroutines, were %d", n, before)
	}
}

// Sizes that a header or the metadata only claims cost no memory.
func TestClaimedSizes(t *testing.T) {
	for name, h := range map[string]pageHeader{
		"packed":   {kind: pageData, values: 1, packed: 1 << 30, unpacked: 10},
		"unpacked": {kind: pageData, values: 1, packed: 100, unpacked: 1 << 29},
		"negative": {kind: pageData, values: -1, packed: 1, unpacked: 1},
		"levels":   {kind: pageDataV2, values: 1, packed: 10, unpacked: 10, defLength: 11},
	} {
		if err := h.check(1000); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	// A schema of one group that claims 2^31-1 children.
	footer := []byte{0x15, 2, 0x19, 0x1c, 0x48, 1, 'r', 0x15, 0xfe, 0xff, 0xff, 0xff, 0x0f, 0, 0x16, 0, 0x19, 0x0c, 0}
	data := append([]byte("PAR1"), footer...)
	data = binary.LittleEndian.AppendUint32(data, uint32(len(footer)))
	data = append(data, "PAR1"...)
	if _, err := survive(t, data, time.Second); err == nil || !strings.Contains(err.Error(), "metadata is damaged") {
		t.Error(err)
	}
	if err := checkFooter([]byte{0x19, 0xf8, 0xff, 0xff, 0xff, 0xff, 0x0f}); err == nil {
		t.Error("a list longer than the file passes")
	}
}

func TestNotParquet(t *testing.T) {
	for _, data := range []string{"PAR1", "PAR1 is cut short before its end", "PAR1\x00\x00\x00\x00PAR1", "PAR1\xff\xff\xff\x7fPAR1", "PAR1\x01\x00\x00\x00PARE"} {
		if _, err := survive(t, []byte(data), time.Second); err == nil || err == io.EOF {
			t.Errorf("%q: %v", data, err)
		}
	}
}
