package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/report"
	"seine/cmd/seine/internal/settings"
	"seine/flow"
	"seine/flow/formats"
)

// A conversion is one run of convert.
type conversion struct {
	options *settings.Options
	format  string
	output  string
	limit   uint64
	quiet   bool
}

func convertCommand() *cobra.Command {
	var writable []string
	for _, f := range formats.All() {
		if f.Create != nil {
			writable = append(writable, f.Name)
		}
	}
	cmd := &cobra.Command{
		Use:   "convert [flags] [FILE|DIR|PATTERN|-]...",
		Short: "read flow logs and write them in another format",
		Long: "Reads flows as analyze does, from any format, and writes those that are wanted as " + strings.Join(writable, ", ") + ".\n" +
			"The records of a connection become one flow first, where the format needs it (--stitch).\n\n" +
			"Where a format lacks a field that the flows have, it is left out; \"seine formats NAME\" tells which.\n\n" +
			"Exit codes: 0 done; 2 wrong usage; 3 an input could not be read or an output not be written;\n130 interrupted. A file that is there already stays as it was if the run is interrupted, or no row\ncould be read.",
		Example: "  seine convert -o flows.parquet logs/\n" +
			"  seine convert --where 'dst_port in [22, 3389] and not internal(dst_ip)' conn.log > remote.csv\n" +
			"  seine convert -f json --since '2026-03-10 09:00' --until '2026-03-10 10:00' flows.parquet | jq .\n" +
			"  seine convert -o sample.csv.zst --sample 1/100 '2026-03-*.csv.gz'",
	}
	values := configured(cmd, settings.GroupInput, settings.GroupRun)
	var c conversion
	cmd.Flags().StringVarP(&c.format, "format", "f", "", "`FORMAT` to write: "+strings.Join(writable, ", ")+" (default by the name of the output, else csv)")
	cmd.Flags().StringVarP(&c.output, "output", "o", flow.Stdin, "`FILE` to write, by its name compressed (.gz, .zst); - is standard output")
	cmd.Flags().Uint64VarP(&c.limit, "limit", "n", 0, "end after so many flows; 0 all")
	cmd.Flags().BoolVarP(&c.quiet, "quiet", "q", false, "no summary on standard error")
	complete(cmd, "format", writable, 0)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if _, c.options, err = values(); err != nil {
			return err
		}
		if args, err = inputs(args, "convert"); err != nil {
			return err
		}
		return c.run(cmd.Context(), args)
	}
	return cmd
}

// inputs are the arguments, or standard input if there are none and it is no
// terminal.
func inputs(args []string, command string) ([]string, error) {
	if len(args) > 0 {
		return args, nil
	}
	if isTerminal(os.Stdin) {
		return nil, &usageError{fmt.Errorf("nothing to read: name a file, as in \"seine %s flows.csv\", or pipe one in, as in \"cat flows.csv | seine %s\"", command, command)}
	}
	return []string{flow.Stdin}, nil
}

// layout finds the format to write, and what is left of the name of the
// output without the ending of its compression.
func (c *conversion) layout() (*flow.Format, string, error) {
	packing, name := "", c.output
	for _, ext := range []string{".gz", ".zst"} {
		if bare, ok := strings.CutSuffix(strings.ToLower(name), ext); ok {
			packing, name = ext, bare
		}
	}
	var known, endings []string
	for _, f := range formats.All() {
		if f.Create == nil {
			continue
		}
		known = append(known, f.Name)
		if c.format == f.Name {
			return f, packing, nil
		}
		for _, ext := range f.Ext {
			endings = append(endings, ext)
			if c.format == "" && c.output != flow.Stdin && strings.HasSuffix(name, ext) {
				return f, packing, nil
			}
		}
	}
	switch {
	case c.format != "":
		hint := analyzer.DidYouMean(c.format, known)
		return nil, "", &usageError{fmt.Errorf("format %q is not written%s (known: %s)", c.format, hint, strings.Join(known, ", "))}
	case c.output == flow.Stdin:
		f, err := flow.Lookup(formats.All(), "csv")
		return f, "", err
	}
	return nil, "", &usageError{fmt.Errorf("the name %q does not tell a format (endings: %s); -f FORMAT names one", filepath.Base(c.output), strings.Join(endings, " "))}
}

// errEnough ends a scan at the limit.
var errEnough = errors.New("enough")

func (c *conversion) run(ctx context.Context, args []string) (err error) {
	f, packing, err := c.layout()
	if err != nil {
		return err
	}
	if c.output == flow.Stdin && isTerminal(os.Stdout) && f.Name == "parquet" {
		return &usageError{errors.New("parquet is binary: name a file with -o, or pipe it on")}
	}
	in, names, err := takeIn(c.options, args)
	if err != nil {
		return err
	}
	out := io.Writer(os.Stdout)
	var file *report.AtomicFile
	if c.output != flow.Stdin {
		if file, err = report.CreateAtomic(c.output); err != nil {
			return &codeError{exitInput, err}
		}
		defer file.Abort()
		out = file
	}
	packed, err := compressed(out, packing)
	if err != nil {
		return err
	}
	w, err := f.Create(packed, names)
	if err != nil {
		return &codeError{exitInput, fmt.Errorf("output %s: %w", c.output, err)}
	}
	var writing error
	left, written := c.limit, uint64(0)
	taken, err := analyzer.Scan(ctx, in, func(rows []flow.Record) error {
		if c.limit > 0 {
			rows = rows[:min(uint64(len(rows)), left)]
			left -= uint64(len(rows))
		}
		if writing = w.Write(rows); writing != nil {
			return errEnough
		}
		written += uint64(len(rows))
		if c.limit > 0 && left == 0 {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	if writing == nil {
		writing = errors.Join(w.Close(), packed.Close())
	}
	// An output that stands from before is not given up for a part, or for nothing.
	if part := ctx.Err() != nil || err != nil && taken.Records == 0; part && file != nil {
		file.Abort()
		err = errors.Join(err, fmt.Errorf("%s is left as it was", c.output))
	} else if writing == nil && file != nil {
		writing = file.Commit()
	}
	gone := c.output == flow.Stdin && brokenPipe(writing)
	if writing != nil && !gone {
		writing = fmt.Errorf("output %s: %w", c.output, writing)
		err = errors.Join(err, writing)
	}
	taken.Flows = written
	if !c.quiet && !gone {
		report.WriteTaken(os.Stderr, taken, err)
	}
	switch {
	case ctx.Err() != nil:
		return &codeError{exitInterrupted, err}
	case err != nil:
		return &codeError{exitInput, err}
	}
	return nil
}

// compressed compresses what is written to w.
func compressed(w io.Writer, packing string) (io.WriteCloser, error) {
	switch packing {
	case ".gz":
		return gzip.NewWriter(w), nil
	case ".zst":
		return zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	}
	return nopCloser{w}, nil
}

type nopCloser struct{ io.Writer }

func (nopCloser) Close() error { return nil }
