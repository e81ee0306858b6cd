// Genflows writes deterministic, realistic flow traces of any size:
//
//	go run ./scripts/genflows -n 10000000 -seed 1 -o flows.csv -o flows.parquet
//
// The format follows from the name: .parquet is Parquet packed with zstd,
// anything else the headerless nine-column CSV, packed if the name ends in
// .gz or .zst; "-" is CSV on standard output. The same flags give the same
// rows on any machine.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"

	"seine/scripts/genflows/trace"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "genflows:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("genflows", flag.ExitOnError)
	n := flags.Int("n", 1_000_000, "number of flows")
	seed := flags.Uint64("seed", 1, "another seed gives another trace of the same kind")
	span := flags.Duration("span", 0, "event time covered (default: 10 million flows a day, at least 1h)")
	strangers := flags.Int("strangers", 0, "rows of a thousand that bring a new host")
	fraction := flags.Bool("fraction", false, "write fractions of seconds in CSV")
	blacklist := flags.String("blacklist", "", "write the list of bad addresses that goes with the trace to this `file`")
	demo := flags.Bool("demo", false, "the office trace of testdata/demo instead; -n, -seed and -span do not apply")
	var outputs []string
	flags.Func("o", "output `file`, may be repeated (\"-\": standard output)", func(s string) error {
		outputs = append(outputs, s)
		return nil
	})
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() > 0 {
		return fmt.Errorf("unexpected argument %q", flags.Arg(0))
	}
	if len(outputs) == 0 && *blacklist == "" {
		return fmt.Errorf("nothing to write: give -o FILE")
	}
	if *n < 0 {
		return fmt.Errorf("-n %d is negative", *n)
	}
	g, list := trace.New(*seed, *n, trace.Options{Span: *span, Strangers: *strangers}), trace.Blacklist
	if *demo {
		g, list = trace.NewDemo(), trace.DemoBlacklist
	}
	if *blacklist != "" {
		var text strings.Builder
		for _, a := range list() {
			fmt.Fprintln(&text, a)
		}
		if err := os.WriteFile(*blacklist, []byte(text.String()), 0o644); err != nil {
			return err
		}
	}
	return write(g, outputs, *fraction)
}

// write drains g into all outputs.
func write(g *trace.Generator, names []string, fraction bool) (err error) {
	var outs []output
	defer func() {
		for _, o := range outs {
			if e := o.Close(); err == nil {
				err = e
			}
		}
	}()
	for _, name := range names {
		o, err := create(name, fraction)
		if err != nil {
			return err
		}
		outs = append(outs, o)
	}
	batch := make([]trace.Flow, 4096)
	for {
		n := 0
		for n < len(batch) && g.Next(&batch[n]) {
			n++
		}
		if n == 0 {
			return nil
		}
		for _, o := range outs {
			if err := o.Write(batch[:n]); err != nil {
				return err
			}
		}
	}
}
