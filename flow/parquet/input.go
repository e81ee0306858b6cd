package parquet

import (
	"errors"
	"io"
)

// input is the file, read in pieces that each count as progress.
type input struct {
	r     io.ReaderAt
	size  int64
	pulse func()
}

// section is a stretch of the file.
type section struct {
	input   *input
	at, end int64
}

func (s *section) Read(b []byte) (int, error) {
	if s.at >= s.end {
		return 0, io.EOF
	}
	b = b[:min(int64(len(b)), s.end-s.at, 1<<20)]
	n, err := s.input.r.ReadAt(b, s.at)
	s.at += int64(n)
	s.input.pulse()
	if n > 0 && errors.Is(err, io.EOF) {
		err = nil
	}
	return n, err
}
