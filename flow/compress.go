package flow

import (
	"bufio"
	"bytes"
	"compress/bzip2"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/pierrec/lz4/v4"
	"github.com/ulikunitz/xz"
)

// maxDecoderMemory bounds the window that a zstd stream may ask for, in bytes.
const maxDecoderMemory = 256 << 20

// A packing is a compression, known by its first bytes.
type packing struct {
	name  string
	magic func(head []byte) bool
	open  func(io.Reader) (io.Reader, error)
}

func prefix(magic string) func([]byte) bool {
	return func(head []byte) bool { return bytes.HasPrefix(head, []byte(magic)) }
}

var packings = []packing{
	{"gzip", prefix("\x1f\x8b"), func(r io.Reader) (io.Reader, error) { return gzip.NewReader(r) }},
	{"zstd", func(h []byte) bool {
		// A frame, or one that a reader has to skip.
		return bytes.HasPrefix(h, []byte("\x28\xb5\x2f\xfd")) ||
			len(h) >= 4 && h[0]&0xf0 == 0x50 && h[1] == 0x2a && h[2] == 0x4d && h[3] == 0x18
	}, func(r io.Reader) (io.Reader, error) {
		d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(maxDecoderMemory))
		if err != nil {
			return nil, err
		}
		return d, nil
	}},
	{"xz", prefix("\xfd7zXZ\x00"), openXZ},
	{"bzip2", func(h []byte) bool {
		return len(h) >= 4 && string(h[:3]) == "BZh" && h[3] >= '1' && h[3] <= '9'
	}, func(r io.Reader) (io.Reader, error) { return bzip2.NewReader(r), nil }},
	{"lz4", prefix("\x04\x22\x4d\x18"), func(r io.Reader) (io.Reader, error) { return lz4.NewReader(r), nil }},
}

// Packings names the compressions that are unpacked.
func Packings() []string {
	var names []string
	for _, p := range packings {
		names = append(names, p.name)
	}
	return names
}

// decompress looks at the first bytes of r and unpacks what they announce,
// whatever the name of the file says. A file packed twice is unpacked twice.
func decompress(r io.Reader) (stream io.Reader, name string, err error) {
	stream = r
	for depth := 0; depth < 2; depth++ {
		br := bufio.NewReaderSize(stream, 64<<10)
		head, short := br.Peek(10)
		if len(head) == 0 && short != nil && short != io.EOF {
			return nil, name, short
		}
		var found *packing
		for i := range packings {
			if packings[i].magic(head) {
				found = &packings[i]
			}
		}
		if found == nil {
			return &unbuffered{br, stream, short}, name, nil
		}
		packed := io.Reader(br)
		if short != nil { // br does not remember it
			packed = &unbuffered{br, stream, short}
		}
		if name != "" {
			name += "+"
		}
		name += found.name
		if stream, err = openGuarded(found, packed); err != nil {
			return nil, name, err
		}
	}
	return stream, name, nil
}

// openXZ unpacks xz. The decoder takes an end between two blocks, or before
// the index, for the end of the data; only the footer tells.
func openXZ(r io.Reader) (io.Reader, error) {
	whole := &footed{r: r}
	d, err := xz.NewReader(bufio.NewReaderSize(whole, 64<<10)) // read a byte at a time
	if err != nil {
		return nil, err
	}
	return &footCheck{d, whole}, nil
}

// footed remembers the last two bytes read that are no padding.
type footed struct {
	r    io.Reader
	last [2]byte
}

func (f *footed) Read(p []byte) (int, error) {
	n, err := f.r.Read(p)
	if got := bytes.TrimRight(p[:n], "\x00"); len(got) == 1 {
		f.last = [2]byte{f.last[1], got[0]}
	} else if len(got) > 1 {
		f.last = [2]byte(got[len(got)-2:])
	}
	return n, err
}

type footCheck struct {
	io.Reader
	of *footed
}

func (f *footCheck) Read(p []byte) (int, error) {
	n, err := f.Reader.Read(p)
	if err == io.EOF && f.of.last != [2]byte{'Y', 'Z'} {
		err = io.ErrUnexpectedEOF
	}
	return n, err
}

// openGuarded turns a panic of a decoder into an error: the bytes are the
// input's, and must not end the run.
func openGuarded(p *packing, r io.Reader) (s io.Reader, err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("decoder failed: %v", v)
		}
	}()
	s, err = p.open(r)
	if err != nil {
		return nil, err
	}
	return &guarded{s}, nil
}

type guarded struct{ r io.Reader }

func (g *guarded) Read(p []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, fmt.Errorf("decoder failed: %v", v)
		}
	}()
	return g.r.Read(p)
}

func (g *guarded) Close() error {
	switch d := g.r.(type) {
	case *zstd.Decoder:
		d.Close()
	case io.Closer:
		return d.Close()
	}
	return nil
}

// unbuffered hands on what was peeked at and then reads the stream itself,
// so that large reads reach it without a copy.
type unbuffered struct {
	br  *bufio.Reader
	r   io.Reader
	end error // of r, met while peeking
}

func (u *unbuffered) Read(p []byte) (int, error) {
	if u.br != nil {
		if n := u.br.Buffered(); n > 0 {
			return u.br.Read(p[:min(n, len(p))])
		}
		if _, err := u.br.Read(nil); err != nil { // one that br holds back
			u.end = err
		}
		u.br = nil
	}
	if u.end != nil {
		return 0, u.end
	}
	return u.r.Read(p)
}

func (u *unbuffered) Close() error {
	if c, ok := u.r.(io.Closer); ok {
		return c.Close()
	}
	return nil
}
