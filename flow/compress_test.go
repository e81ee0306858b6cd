package flow_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"

	"seine/flow"
)

// source is the source of a text.
func source(text string) *flow.Source { return flow.BytesSource("test", []byte(text), &flow.Options{}) }

// contents reads a source to its end and closes it.
func contents(s *flow.Source) ([]byte, error) {
	defer s.Close()
	r, err := s.Reader()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(r)
}

// sample is what the packed tests hold.
var sample = func() string {
	var b strings.Builder
	for i := range 40 {
		fmt.Fprintf(&b, "10.0.0.%d,443\n", i)
	}
	return b.String()
}()

// bzip2Sample is sample as bzip2 packs it; the standard library cannot.
const bzip2Sample = "" +
	"425a683931415926535992bd3ed80000a4d800001000057fe0200068354d0fd49bfd551a0924fd450d1a6649c4ddc633e77a" +
	"7bf6fc390191d016db6ea4924e6f7b440851240aa5d7c042a05deae887a042eeee4156c08700866662aaaaad52fe2ee48a70" +
	"a121257a7db0"

// pack compresses text.
func pack(t testing.TB, how, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	var w io.WriteCloser
	var err error
	switch how {
	case "gzip":
		w = gzip.NewWriter(&b)
	case "zstd":
		w, err = zstd.NewWriter(&b, zstd.WithEncoderConcurrency(1))
	case "xz":
		w, err = xz.NewWriter(&b)
	case "lz4":
		w = lz4.NewWriter(&b)
	case "bzip2":
		if text != sample {
			t.Fatal("bzip2 is known for the sample alone")
		}
		packed, err := hex.DecodeString(bzip2Sample)
		if err != nil {
			t.Fatal(err)
		}
		return packed
	default:
		t.Fatal("no such packing: " + how)
	}
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, text); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// skippable is a zstd frame that a reader has to skip.
func skippable(content string) []byte {
	b := binary.LittleEndian.AppendUint32([]byte("\x5a\x2a\x4d\x18"), uint32(len(content)))
	return append(b, content...)
}

func TestPackedInputsAreKnownByTheirFirstBytes(t *testing.T) {
	join := func(parts ...[]byte) string { return string(bytes.Join(parts, nil)) }
	for _, test := range []struct{ name, packed, packing, want string }{
		{"plain", sample, "", sample},
		{"gzip", string(pack(t, "gzip", sample)), "gzip", sample},
		{"zstd", string(pack(t, "zstd", sample)), "zstd", sample},
		{"xz", string(pack(t, "xz", sample)), "xz", sample},
		{"bzip2", string(pack(t, "bzip2", sample)), "bzip2", sample},
		{"lz4", string(pack(t, "lz4", sample)), "lz4", sample},
		{"packed twice", string(pack(t, "gzip", string(pack(t, "zstd", sample)))), "gzip+zstd", sample},
		{"twice the same", string(pack(t, "gzip", string(pack(t, "gzip", sample)))), "gzip+gzip", sample},
		{"bzip2 in xz", string(pack(t, "xz", string(pack(t, "bzip2", sample)))), "xz+bzip2", sample},
		{"two gzip members", join(pack(t, "gzip", "a,"), pack(t, "gzip", sample)), "gzip", "a," + sample},
		{"two zstd frames", join(pack(t, "zstd", "a,"), pack(t, "zstd", sample)), "zstd", "a," + sample},
		{"a skippable frame first", join(skippable("index"), pack(t, "zstd", sample)), "zstd", sample},
		{"skippable frames around", join(skippable(""), pack(t, "zstd", sample), skippable("x")), "zstd", sample},
		{"bzip2 twice over", join(pack(t, "bzip2", sample), pack(t, "bzip2", sample)), "bzip2", sample + sample},
		{"short and packed", string(pack(t, "gzip", "1")), "gzip", "1"},
		{"empty", "", "", ""},
		{"empty gzip", string(pack(t, "gzip", "")), "gzip", ""},
		{"empty xz", string(pack(t, "xz", "")), "xz", ""},
		{"empty lz4", string(pack(t, "lz4", "")), "lz4", ""},
		{"only a skippable frame", string(skippable("x")), "zstd", ""},
		{"begins like bzip2", "BZhello,world\n", "", "BZhello,world\n"},
		{"begins like gzip", "\x1f,1\n", "", "\x1f,1\n"},
	} {
		src := source(test.packed)
		got, err := contents(src)
		if err != nil || string(got) != test.want {
			t.Errorf("%s: read %d bytes, want %d; error %v", test.name, len(got), len(test.want), err)
		}
		if src.Packing() != test.packing {
			t.Errorf("%s: packing is %q, want %q", test.name, src.Packing(), test.packing)
		}
		if got := src.Consumed(); got != int64(len(test.packed)) {
			t.Errorf("%s: %d bytes consumed of %d", test.name, got, len(test.packed))
		}
	}
}

func TestAnInputPackedThriceIsUnpackedTwice(t *testing.T) {
	once := pack(t, "gzip", sample)
	src := source(string(pack(t, "gzip", string(pack(t, "gzip", string(once))))))
	if got, err := contents(src); err != nil || !bytes.Equal(got, once) {
		t.Errorf("read %d bytes, %v", len(got), err)
	}
}

// step is how many places a test moves on.
func step() int {
	if testing.Short() {
		return 5
	}
	return 1
}

// Wherever the bytes end, what came before is kept and the end is an error.
func TestACutIsAnErrorBehindWhatCouldBeRead(t *testing.T) {
	for _, how := range []string{"gzip", "zstd", "xz", "bzip2", "lz4", "gzip+gzip", "zstd+bzip2"} {
		outer, inner, twice := strings.Cut(how, "+")
		packed := pack(t, outer, sample)
		if twice {
			packed = pack(t, outer, string(pack(t, inner, sample)))
		}
		longest := 0
		for n := 7; n < len(packed); n += step() { // shorter ones may lack the magic
			src := source(string(packed[:n]))
			got, err := contents(src)
			if err == nil {
				t.Errorf("%s cut at %d of %d: no error, %d bytes", how, n, len(packed), len(got))
				continue
			}
			if !strings.HasPrefix(sample, string(got)) && !(twice && len(got) < 10) { // too little to be known as packed
				t.Errorf("%s cut at %d: read %q", how, n, got)
			}
			if !strings.HasPrefix(err.Error(), outer) {
				t.Errorf("%s cut at %d: error %q does not name the packing", how, n, err)
			}
			longest = max(longest, len(got))
		}
		if longest < len(sample) && outer != "zstd" { // which gives no block before its frame has been checked
			t.Errorf("%s: at most %d bytes were kept", how, longest)
		}
	}
}

func TestMostOfALongInputIsKeptBeforeACut(t *testing.T) {
	text := strings.Repeat(sample, 3000)
	for _, how := range []string{"gzip", "zstd", "xz", "lz4"} {
		packed := pack(t, how, text)
		got, err := contents(source(string(packed[:len(packed)-1])))
		if err == nil || !strings.HasPrefix(text, string(got)) || len(got) < len(text)*3/4 {
			t.Errorf("%s: %d bytes of %d, error %v", how, len(got), len(text), err)
		}
	}
}

// Flipped bits are errors, or do not matter; never other text in silence.
func TestDamageIsAnError(t *testing.T) {
	for _, how := range []string{"gzip", "zstd", "xz", "bzip2", "lz4"} {
		packed := pack(t, how, sample)
		for i := 6; i < len(packed); i += step() {
			if how == "gzip" && i < 10 { // its header has no check sum
				continue
			}
			damaged := bytes.Clone(packed)
			damaged[i] ^= 0x10
			if got, err := contents(source(string(damaged))); err == nil && string(got) != sample {
				t.Errorf("%s with byte %d flipped: read %d bytes without an error", how, i, len(got))
			}
		}
	}
}

func TestGarbageBehindAMagicIsAnErrorThatNamesThePacking(t *testing.T) {
	for how, magic := range map[string]string{
		"gzip": "\x1f\x8b", "zstd": "\x28\xb5\x2f\xfd", "xz": "\xfd7zXZ\x00", "bzip2": "BZh9", "lz4": "\x04\x22\x4d\x18",
	} {
		for _, garbage := range []string{"", "\x00", "garbage, and more of it", strings.Repeat("\xff", 100_000)} {
			got, err := contents(source(magic + garbage))
			if err == nil || !strings.Contains(err.Error(), how) || len(got) > 0 {
				t.Errorf("%s with %.10q: %d bytes, error %v", how, garbage, len(got), err)
			}
		}
		// Behind good data, too, and what was good is kept.
		got, err := contents(source(string(pack(t, how, sample)) + magic + "garbage"))
		if err == nil || string(got) != sample {
			t.Errorf("%s: %d bytes, error %v", how, len(got), err)
		}
	}
}

// failing gives some bytes and then, once, an error.
type failing struct {
	text string
	err  error
}

func (f *failing) Read(p []byte) (int, error) {
	n := copy(p, f.text)
	f.text = f.text[n:]
	if f.text != "" {
		return n, nil
	}
	err := f.err
	f.err = io.EOF // an error that is not heeded is lost
	return n, err
}

func TestAnErrorOfTheStreamIsNotLost(t *testing.T) {
	boom := errors.New("boom")
	for _, text := range []string{"", "1", "123456789", "1234567890", sample, string(pack(t, "gzip", sample)[:5]), strings.Repeat("x", 200_000)} {
		src := flow.StreamSource("-", &failing{text, boom}, &flow.Options{})
		got, err := contents(src)
		if !errors.Is(err, boom) {
			t.Errorf("%.12q: read %d bytes, error %v", text, len(got), err)
		}
		if err != nil && strings.HasPrefix(err.Error(), ":") {
			t.Errorf("%.12q: error %q begins with nothing", text, err)
		}
	}
}

func FuzzDecompress(f *testing.F) {
	for _, how := range flow.Packings() {
		packed := pack(f, how, sample)
		f.Add(packed)
		f.Add(packed[:len(packed)/2])
		f.Add(append(packed, packed...))
		if how != "bzip2" {
			f.Add(pack(f, how, string(packed)))
		}
	}
	f.Add(skippable("x"))
	f.Fuzz(func(t *testing.T, data []byte) {
		src := flow.BytesSource("fuzz", data, &flow.Options{})
		defer src.Close()
		head, err := src.Head()
		if err != nil {
			return
		}
		r, err := src.Reader()
		if err != nil {
			t.Fatalf("Head gives no error, Reader %v", err)
		}
		got, err := io.ReadAll(io.LimitReader(r, 16<<20))
		if !bytes.HasPrefix(got, head) {
			t.Fatalf("the head is no head of the whole: %d and %d bytes", len(head), len(got))
		}
		if src.Packing() == "" && (err != nil || !bytes.Equal(got, data)) {
			t.Fatalf("plain bytes were changed: %d of %d, %v", len(got), len(data), err)
		}
	})
}
