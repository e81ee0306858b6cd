package main

import (
	"errors"
	"fmt"
	"io"
	"strings"

	"seine/analyzer"
	"seine/flow"
	"seine/flow/formats"
)

// explainInput tells for each source its format, its compression, the columns
// that are read and what struck the reader, without reading further than that
// takes. What cannot be read is told too, and makes exit code 3.
func explainInput(w io.Writer, sources []*flow.Source, forced *flow.Format) error {
	var b strings.Builder
	failed := len(sources) == 0
	for i, src := range sources {
		if i > 0 {
			b.WriteByte('\n')
		}
		fmt.Fprintln(&b, printable(src.Name))
		if err := explainSource(&b, src, forced); err != nil {
			fmt.Fprintf(&b, "  error    %s\n", printable(err.Error()))
			failed = failed || !src.Optional
		}
	}
	if _, err := io.WriteString(w, b.String()); err != nil {
		return err
	}
	if failed {
		return &codeError{exitInput, errors.New("not every input can be read")}
	}
	return nil
}

func explainSource(b *strings.Builder, src *flow.Source, forced *flow.Format) error {
	defer src.Close()
	r, err := analyzer.Open(src, forced, formats.All())
	if c, ok := r.(io.Closer); ok && err == nil {
		defer c.Close()
	}
	if p := src.Packing(); p != "" {
		fmt.Fprintf(b, "  packing  %s\n", p)
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(b, "  format   %s\n", src.Format.Name)
	fmt.Fprintf(b, "  fields   %s\n", strings.Join(src.Fields.Names(), ", "))
	for _, m := range src.Mapping {
		fmt.Fprintf(b, "  %s\n", printable(m))
	}
	for _, n := range src.Notes {
		fmt.Fprintf(b, "  note     %s\n", printable(n))
	}
	return nil
}
