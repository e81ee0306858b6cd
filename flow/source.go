package flow

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"sync/atomic"
	"time"
)

// Options are the settings of a run that readers obey.
type Options struct {
	Location *time.Location    // zone of times that carry none; nil means UTC
	Map      map[string]string // canonical field name → column name, from --map
	Workers  int               // decoding goroutines; at least 1
	Chunk    int               // bytes of text per decoding job; 0 means the default
	Symbols  *Symbols          // table of the run
	Columns  []string          // names of the columns of inputs that have no header, from --fields
	Year     int               // of the first time in an input whose times carry none; 0: the file's own dates tell it
	Span     Span              // flows outside of it are not wanted; a reader may leave them out
}

// A Span is a stretch of time: From ≤ t < To. The zero Span is all time.
type Span struct{ From, To Time }

// Contains reports whether t lies in the span.
func (s Span) Contains(t Time) bool { return s == Span{} || s.From <= t && t < s.To }

// KeepBad is how many bad rows of a source are kept with their reasons.
const KeepBad = 5

// A BadRow is a row that could not be read.
type BadRow struct {
	Row    uint64
	Reason string
}

// A Source is one input: a file, standard input, or a member of an archive.
// Readers get it decompressed. A Source is used by one goroutine at a time,
// but for Consumed.
type Source struct {
	Name     string // as the user named it; what evidence cites
	File     uint32 // index within the run
	Size     int64  // bytes as stored; -1 if not known
	Optional bool   // found in a directory, so need not be flow data at all
	Options  *Options

	// Begins is the start of the first row, if somebody looked ahead (Looked).
	Begins Time
	Looked bool

	// What the reader found out about the input, for the summary and
	// --explain-input.
	Format  *Format
	Fields  Fields    // fields that rows of this input may carry; each row's Has tells which it does
	Stitch  Stitching // how its records relate to connections; from Format unless Open knew better
	Mapping []string  // "src_ip ← SourceAddress", one line per column used
	Notes   []string  // data-quality notes, a sentence each

	Rows     uint64 // rows handed on
	Bad      uint64 // rows that could not be read
	Skipped  uint64 // rows that are no flows: headers repeated, comments, other events
	BadRows  []BadRow
	path     string // of a file; empty for a stream
	open     func() (io.ReadCloser, error)
	raw      io.ReadCloser
	unpacker io.Closer
	stream   io.Reader
	head     []byte
	headErr  error
	file     *os.File // set where raw is a plain, seekable, uncompressed file
	spool    *os.File
	spoolErr error
	consumed atomic.Int64
	packing  string // "gzip", … or ""
}

// FileSource is the source of the file at path.
func FileSource(path string, opt *Options) *Source {
	s := &Source{Name: path, Size: -1, Options: opt, path: path}
	s.open = func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		if fi, err := f.Stat(); err == nil {
			switch {
			case fi.IsDir():
				f.Close()
				return nil, fmt.Errorf("%s is a directory", path)
			case fi.Mode().IsRegular():
				s.Size, s.file = fi.Size(), f
			case fi.Mode()&os.ModeNamedPipe != 0:
				enlargePipe(f)
			}
		}
		return f, nil
	}
	if fi, err := os.Stat(path); err == nil && fi.Mode().IsRegular() {
		s.Size = fi.Size()
	}
	return s
}

// StreamSource is the source of an open stream, which Close closes if it can
// be closed. name is what evidence cites: "-" for standard input.
func StreamSource(name string, r io.Reader, opt *Options) *Source {
	s := &Source{Name: name, Size: -1, Options: opt}
	s.open = func() (io.ReadCloser, error) {
		if f, ok := r.(*os.File); ok {
			if fi, err := f.Stat(); err == nil {
				if fi.Mode().IsRegular() { // redirected: "< flows.csv"
					s.Size = fi.Size()
					if at, err := f.Seek(0, io.SeekCurrent); err == nil && at == 0 {
						s.file = f
					}
				} else if fi.Mode()&os.ModeNamedPipe != 0 {
					enlargePipe(f)
				}
			}
		}
		if rc, ok := r.(io.ReadCloser); ok {
			return rc, nil
		}
		return io.NopCloser(r), nil
	}
	return s
}

// BytesSource is the source of data held in memory, for tests.
func BytesSource(name string, data []byte, opt *Options) *Source {
	s := StreamSource(name, bytes.NewReader(data), opt)
	s.Size = int64(len(data))
	return s
}

// Head is the beginning of the input, decompressed: HeadSize bytes, or all
// there are. An error beside some bytes is not returned here; whoever reads
// on meets it.
func (s *Source) Head() ([]byte, error) {
	if s.raw == nil && s.headErr == nil {
		s.headErr = s.start()
	}
	return s.head, s.headErr
}

func (s *Source) start() error {
	raw, err := s.open()
	if err != nil {
		return err
	}
	s.raw = raw
	counted := &countingReader{r: raw, n: &s.consumed}
	s.stream, s.packing, err = decompress(counted)
	if err != nil {
		return s.wrap(err)
	}
	if s.packing != "" {
		s.file = nil
	}
	unpacked := s.stream
	if c, ok := unpacked.(io.Closer); ok {
		s.unpacker = c
	}
	head := make([]byte, HeadSize)
	n := 0
	for n < len(head) && err == nil {
		var k int
		k, err = unpacked.Read(head[n:])
		n += k
	}
	s.head = head[:n:n]
	rest := io.Reader(&wrappingReader{r: unpacked, s: s})
	if err != nil {
		rest = &brokenReader{s.wrap(err)}
	}
	s.stream = io.MultiReader(bytes.NewReader(s.head), rest)
	if n == 0 && err != io.EOF {
		return s.wrap(err)
	}
	return nil
}

func (s *Source) wrap(err error) error {
	if err == nil || err == io.EOF || s.packing == "" {
		return err
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s data is cut short: %w", s.packing, err)
	}
	return fmt.Errorf("%s data is damaged: %w", s.packing, err)
}

// Reader is the whole input from its first byte, decompressed.
func (s *Source) Reader() (io.Reader, error) {
	if _, err := s.Head(); err != nil {
		return nil, err
	}
	return s.stream, nil
}

// ReaderAt gives random access to the whole decompressed input, and its
// length. A pipe or a compressed file is spooled to a temporary file first.
func (s *Source) ReaderAt() (io.ReaderAt, int64, error) {
	if _, err := s.Head(); err != nil {
		return nil, 0, err
	}
	if s.file != nil {
		s.consumed.Store(0)
		return &countingReaderAt{s.file, &s.consumed}, s.Size, nil
	}
	if s.spool == nil {
		f, err := os.CreateTemp("", "seine-spool-*")
		if err != nil {
			return nil, 0, err
		}
		s.spool = f
		// On systems that allow it the file has no name while in use.
		_ = os.Remove(f.Name())
		if _, err := io.Copy(f, s.stream); err != nil {
			s.spoolErr = fmt.Errorf("spooling to a temporary file: %w", err)
		}
	}
	if s.spoolErr != nil {
		return nil, 0, s.spoolErr
	}
	fi, err := s.spool.Stat()
	if err != nil {
		return nil, 0, err
	}
	return s.spool, fi.Size(), nil
}

// Path is the name of the file that holds the input as it is, for a program
// that opens it by itself. It is empty for a stream, and for what is
// compressed: Reader has it then.
func (s *Source) Path() (string, error) {
	if _, err := s.Head(); err != nil {
		return "", err
	}
	if s.file == nil {
		return "", nil
	}
	return s.path, nil
}

// Report counts a row that could not be read and keeps the first KeepBad with
// their reasons.
func (s *Source) Report(row uint64, reason string) {
	s.Bad++
	if len(s.BadRows) < KeepBad {
		s.BadRows = append(s.BadRows, BadRow{row, reason})
	}
}

// Note adds a data-quality note, once.
func (s *Source) Note(note string) {
	for _, n := range s.Notes {
		if n == note {
			return
		}
	}
	s.Notes = append(s.Notes, note)
}

// Consumed is how many bytes of the input, as stored, have been read. It may
// be called from any goroutine.
func (s *Source) Consumed() int64 { return s.consumed.Load() }

// Modified is when the file that holds the input was last written to; ok is
// false for a stream.
func (s *Source) Modified() (t time.Time, ok bool) {
	if s.path == "" {
		return time.Time{}, false
	}
	fi, err := os.Stat(s.path)
	if err != nil || !fi.Mode().IsRegular() {
		return time.Time{}, false
	}
	return fi.ModTime(), true
}

// Packing names the compression of the input, or is empty.
func (s *Source) Packing() string { return s.packing }

// Close releases what the source holds open.
func (s *Source) Close() error {
	var errs []error
	if s.spool != nil {
		name := s.spool.Name()
		errs = append(errs, s.spool.Close())
		_ = os.Remove(name)
		s.spool = nil
	}
	if s.unpacker != nil {
		errs = append(errs, s.unpacker.Close())
		s.unpacker = nil
	}
	if s.raw != nil {
		errs = append(errs, s.raw.Close())
	}
	s.head, s.stream = nil, nil
	return errors.Join(errs...)
}

type countingReader struct {
	r io.Reader
	n *atomic.Int64
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n.Add(int64(n))
	return n, err
}

type countingReaderAt struct {
	r io.ReaderAt
	n *atomic.Int64
}

func (c *countingReaderAt) ReadAt(p []byte, off int64) (int, error) {
	n, err := c.r.ReadAt(p, off)
	c.n.Add(int64(n))
	return n, err
}

// brokenReader ends an input whose head already met its end or an error.
type brokenReader struct{ err error }

func (b *brokenReader) Read([]byte) (int, error) { return 0, b.err }

// wrappingReader names the compression in an error.
type wrappingReader struct {
	r io.Reader
	s *Source
}

func (w *wrappingReader) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	return n, w.s.wrap(err)
}
