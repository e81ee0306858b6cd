// Bench runs Seine and its contenders on the same flows, side by side, and
// prints CPU seconds, wall time, peak memory and ratios. It is started by
// run.sh, which builds what it needs.
//
// On a shared machine memory speed changes from minute to minute, so no
// absolute figure is worth much: every round runs each contender once, every
// other round in reverse order, and a ratio is the median of the ratios
// within the rounds.
package main

import (
	"flag"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"strconv"
)

type config struct {
	rows, scale, runs, slowRuns int
	formatRows                  int
	detectorRows, memoryRows    int
	detectorsOnly               bool
	dir, json                   string
	seine, genflows, duck, csv  string
	layouts                     string
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("bench: ")
	var c config
	flag.IntVar(&c.rows, "rows", 10_000_000, "rows of the trace")
	flag.IntVar(&c.scale, "scale", 0, "also compare rows/s with a trace of so many rows (0: do not)")
	flag.IntVar(&c.runs, "runs", 5, "rounds")
	flag.IntVar(&c.slowRuns, "slow-runs", 3, "rounds of the slow contenders")
	flag.IntVar(&c.formatRows, "format-rows", 2_000_000, "rows of the files of other layouts (0: leave them out)")
	flag.IntVar(&c.detectorRows, "detector-rows", 2_000_000, "rows on which the detectors are measured one by one (0: do not)")
	flag.IntVar(&c.memoryRows, "memory-rows", 10_000_000, "rows, with a tenth as many addresses, for the memory of the whole chain (0: do not)")
	flag.BoolVar(&c.detectorsOnly, "detectors-only", false, "leave out what does not concern the detectors")
	flag.StringVar(&c.layouts, "layouts", "", "the layouts `binary`")
	flag.StringVar(&c.dir, "dir", "", "directory of the traces and outputs")
	flag.StringVar(&c.json, "json", "", "write the results to this `file` too")
	flag.StringVar(&c.seine, "seine", "", "the seine `binary`")
	flag.StringVar(&c.genflows, "genflows", "", "the genflows `binary`")
	flag.StringVar(&c.duck, "duckbench", "", "the duckbench `binary`; empty: leave DuckDB out")
	flag.StringVar(&c.csv, "csvread", "", "the csvread `binary`")
	flag.Parse()
	if err := run(&c); err != nil {
		log.Fatal(err)
	}
}

func run(c *config) error {
	m := thisMachine()
	fmt.Printf("%s, %d cores, %s %s/%s\n", m.CPU, m.Cores, m.Go, m.OS, m.Arch)
	r := &report{Machine: m, Rows: c.rows}
	if !c.detectorsOnly {
		if err := c.compareReaders(r); err != nil {
			return err
		}
	}
	if c.detectorRows > 0 {
		if err := c.compareDetectors(r); err != nil {
			return err
		}
	}
	if c.memoryRows > 0 {
		if err := c.compareMemory(r); err != nil {
			return err
		}
	}
	r.printGoals(os.Stdout)
	if c.json != "" {
		return r.save(c.json)
	}
	return nil
}

// compareReaders runs the contenders on the same flows, and the readers of
// other layouts.
func (c *config) compareReaders(r *report) error {
	files, err := c.generate(c.rows)
	if err != nil {
		return err
	}
	fmt.Printf("%s rows: CSV %.0f MB, zstd Parquet %.0f MB; medians of %d rounds (%d of slow contenders)\n\n",
		thousands(c.rows), megabytes(files.csv), megabytes(files.parquet), c.runs, min(c.runs, c.slowRuns))

	contenders := c.contenders(files)
	if err := measure(contenders, c.runs, c.slowRuns); err != nil {
		return err
	}
	r.add(contenders)
	r.print(os.Stdout)
	if c.scale > 0 {
		if err := c.compareScale(r, files); err != nil {
			return err
		}
	}
	if c.formatRows > 0 {
		return c.compareFormats(r, files)
	}
	return nil
}

// traces are the files of one size.
type traces struct{ csv, parquet, blacklist string }

// generate makes the traces of n rows unless the directory has them already.
func (c *config) generate(n int) (traces, error) {
	base := filepath.Join(c.dir, fmt.Sprintf("flows-%d", n))
	t := traces{base + ".csv", base + ".parquet", filepath.Join(c.dir, "blacklist.txt")}
	if exists(t.csv) && exists(t.parquet) && exists(t.blacklist) {
		return t, nil
	}
	fmt.Fprintf(os.Stderr, "generating %s rows\n", thousands(n))
	// Under other names first: half a trace must not be taken for a whole one.
	part := filepath.Join(c.dir, "part")
	if _, err := execute(c.genflows, "-n", strconv.Itoa(n), "-seed", "1", "-blacklist", t.blacklist,
		"-o", part+".csv", "-o", part+".parquet"); err != nil {
		return t, err
	}
	if err := os.Rename(part+".csv", t.csv); err != nil {
		return t, err
	}
	return t, os.Rename(part+".parquet", t.parquet)
}

func exists(name string) bool {
	_, err := os.Stat(name)
	return err == nil
}

// contenders lists who takes part.
func (c *config) contenders(t traces) []*contender {
	out := func(name string) string { return filepath.Join(c.dir, name+".ndjson") }
	list := []*contender{
		{Name: "wc -l", Input: "csv", args: []string{"wc", "-l", t.csv}},
		{Name: "encoding/csv, typed", Input: "csv", slow: true, args: []string{c.csv, t.csv}},
	}
	if c.duck != "" {
		sql := func(file, out string) []string {
			return []string{c.duck, "-threads", "2", "-job", "detect", "-blacklist", t.blacklist, "-o", out, file}
		}
		list = append(list,
			&contender{Name: duckCount, Input: "csv", args: []string{c.duck, "-threads", "2", "-job", "count", t.csv}},
			&contender{Name: "DuckDB, all nine columns", Input: "csv", slow: true, args: []string{c.duck, "-threads", "2", "-job", "read", t.csv}},
			&contender{Name: duckSQL, Input: "csv", slow: true, out: out("duckdb-csv"), args: sql(t.csv, out("duckdb-csv"))},
			&contender{Name: duckSQL, Input: "parquet", slow: true, out: out("duckdb-parquet"), args: sql(t.parquet, out("duckdb-parquet"))})
	}
	for _, input := range []struct{ name, file string }{{"csv", t.csv}, {"parquet", t.parquet}} {
		for _, cores := range []string{"1", "2"} {
			o := out("seine-" + input.name + "-" + cores)
			list = append(list, &contender{Name: seineName + cores, Input: input.name, out: o, args: c.analyze(input.file, t.blacklist, o, cores)})
		}
	}
	return list
}

// core are the detectors that the SQL has too.
const core = "basic,blacklist,port-activity,port-fanout,iqr-outlier"

func (c *config) analyze(file, blacklist, out, cores string) []string {
	return []string{c.seine, "analyze", "--only", core, "-f", "ndjson", "-o", out, "--blacklist", blacklist, "-j", cores, file}
}

// compareScale measures whether a longer trace is read as fast per row.
func (c *config) compareScale(r *report, small traces) error {
	large, err := c.generate(c.scale)
	if err != nil {
		return err
	}
	out := filepath.Join(c.dir, "scale.ndjson")
	pair := []*contender{
		{Name: "small", Input: "csv", args: c.analyze(small.csv, small.blacklist, out, "2")},
		{Name: "large", Input: "csv", args: c.analyze(large.csv, large.blacklist, out, "2")},
	}
	if err := measure(pair, c.slowRuns, c.slowRuns); err != nil {
		return err
	}
	r.addScale(c.scale, pair[0], pair[1])
	return nil
}
