package main

import (
	"bufio"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"seine/scripts/genflows/trace"
)

// An output takes flows and writes them to a file.
type output interface {
	Write([]trace.Flow) error
	Close() error
}

// create opens the output that name asks for.
func create(name string, fraction bool) (output, error) {
	file := os.Stdout
	if name != "-" {
		var err error
		if file, err = os.Create(name); err != nil {
			return nil, err
		}
	}
	if strings.HasSuffix(name, ".parquet") {
		return newParquet(file, fraction)
	}
	c := &csvFile{printer: trace.Printer{Fraction: fraction}, file: file, buf: bufio.NewWriterSize(file, 1<<20)}
	c.w = c.buf
	switch {
	case strings.HasSuffix(name, ".gz"):
		z, err := gzip.NewWriterLevel(c.buf, gzip.BestCompression)
		if err != nil {
			return nil, err
		}
		c.w, c.packer = z, z
	case strings.HasSuffix(name, ".zst"):
		z, err := zstd.NewWriter(c.buf, zstd.WithEncoderConcurrency(1))
		if err != nil {
			return nil, err
		}
		c.w, c.packer = z, z
	}
	return c, nil
}

// csvFile writes the headerless nine-column CSV.
type csvFile struct {
	printer trace.Printer
	text    []byte
	w       io.Writer
	packer  io.Closer // nil if nothing is packed
	buf     *bufio.Writer
	file    *os.File
}

func (c *csvFile) Write(flows []trace.Flow) error {
	c.text = c.text[:0]
	for i := range flows {
		c.text = c.printer.Append(c.text, &flows[i])
	}
	_, err := c.w.Write(c.text)
	return err
}

func (c *csvFile) Close() (err error) {
	if c.packer != nil {
		err = c.packer.Close()
	}
	if e := c.buf.Flush(); err == nil {
		err = e
	}
	if e := c.file.Close(); err == nil {
		err = e
	}
	return err
}
