package main

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"text/tabwriter"
)

// The layouts whose readers are measured, with the rows/s on one core that
// they must reach. The files are those that the program layouts writes; the
// goal of Parquet is for the nine columns of the trace.
var formats = []struct {
	name, file string
	goal       float64 // million rows/s
}{
	{"Zeek, text", "conn.log", 4},
	{"Zeek, JSON", "conn.json", 1},
	{"Suricata EVE", "eve.json", 1},
	{"AWS VPC, text", "vpc.log", 4},
	{"AWS VPC, text, gzip", "vpc.log.gz", 0},
	{"Parquet, nine columns", "nine.parquet", 8},
}

// compareFormats measures the readers of several layouts on one core, beside
// DuckDB with one thread where there is one.
func (c *config) compareFormats(r *report, t traces) error {
	if err := c.writeLayouts(t); err != nil {
		return err
	}
	var all []*contender
	pairs := map[string][2]*contender{}
	for _, f := range formats {
		file := filepath.Join(c.dir, f.file)
		own := &contender{Name: "seine, one core", Input: f.name, args: []string{c.layouts, file}}
		pair := [2]*contender{own}
		all = append(all, own)
		if c.duck != "" {
			pair[1] = &contender{Name: "DuckDB, one thread", Input: f.name, args: []string{c.duck, "-threads", "1", "-job", "layout", file}}
			all = append(all, pair[1])
		}
		pairs[f.name] = pair
	}
	if err := measure(all, c.slowRuns, c.slowRuns); err != nil {
		return err
	}
	t2 := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t2, "reading %s rows on one core\tMB\tCPU s\tM rows/s, CPU\tDuckDB, CPU s\ttimes faster, CPU\t\n", thousands(c.formatRows))
	for _, f := range formats {
		p := pairs[f.name]
		speed := float64(c.formatRows) / p[0].typical(cpu) / 1e6
		fmt.Fprintf(t2, "%s\t%.0f\t%.2f\t%.1f\t", f.name, megabytes(filepath.Join(c.dir, f.file)), p[0].typical(cpu), speed)
		if p[1] != nil {
			fmt.Fprintf(t2, "%.2f\t%.1f\t\n", p[1].typical(cpu), p[0].faster(p[1], cpu))
		} else {
			fmt.Fprint(t2, "\t\t\n")
		}
		if f.goal > 0 {
			r.addGoal(f.name+", one core: million rows per CPU second", f.goal, speed)
		}
	}
	t2.Flush()
	fmt.Fprintln(io.Writer(os.Stdout))
	r.Contenders = append(r.Contenders, all...)
	return nil
}

// writeLayouts makes the files unless the directory has them already.
func (c *config) writeLayouts(t traces) error {
	done := filepath.Join(c.dir, fmt.Sprintf("layouts-%d", c.formatRows))
	if exists(done) {
		return nil
	}
	fmt.Fprintf(os.Stderr, "writing %s rows in several layouts\n", thousands(c.formatRows))
	if _, err := execute(c.layouts, "-make", c.dir, "-rows", strconv.Itoa(c.formatRows), t.csv); err != nil {
		return err
	}
	if _, err := execute(c.genflows, "-n", strconv.Itoa(c.formatRows), "-seed", "1", "-o", filepath.Join(c.dir, "nine.parquet")); err != nil {
		return err
	}
	return os.WriteFile(done, nil, 0o644)
}
