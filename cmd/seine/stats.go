package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/report"
	"seine/analyzer/stats"
	"seine/cmd/seine/internal/settings"
	"seine/flow"
	"seine/flow/where"
)

// A count is one run of stats.
type count struct {
	options *settings.Options
	by      []string
	what    stats.Options
	bin     string
	format  string
	output  string
	quiet   bool
}

func statsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "stats [flags] [FILE|DIR|PATTERN|-]...",
		Short: "sum flows up: top talkers, ports, networks, over time",
		Long: "Reads flows as analyze does, from any format, and sums them up in one pass. Without --by it gives an\n" +
			"overview: totals, the course of time, distinct addresses and ports, percentiles of sizes, and the top\n" +
			"sources, destinations, pairs, services, protocols and states. With --by FIELD,FIELD it makes a table of\n" +
			"the groups of flows that agree in these fields; several --by make several tables in the same pass.\n\n" +
			"Fields:\n" + fieldList() + "\n" +
			"Numbers to sort by and for --having:\n" + measureList() + "\n" +
			"The numbers are exact while there are at most --max-groups groups in a table. Beyond that the lightest\n" +
			"groups are forgotten, the output says so, and each row tells how much it may lack at most. Distinct\n" +
			"values are exact up to twice as many, and estimates with their standard error beyond.\n\n" +
			"Exit codes: 0 done; 2 wrong usage; 3 an input could not be read or an output not be written;\n130 interrupted (what was read so far is written).",
		Example: "  seine stats flows.csv\n" +
			"  seine stats --by src_ip --sort bytes -n 20 conn.log.gz\n" +
			"  seine stats --by pair --by dst_port,protocol --bin auto flows.parquet\n" +
			"  seine stats --by src_ip --having 'flows > 10 and distinct(dst_port) > 20' --sort ports logs/\n" +
			"  seine stats --by src_ip/24,dst_port --where 'external(src_ip)' -f csv -o top.csv flows/\n" +
			"  seine stats --by time/5m -n 0 -f ndjson flows.csv | jq -c 'select(.kind == \"group\")'",
	}
	values := configured(cmd, settings.GroupInput, settings.GroupRun)
	var c count
	f := cmd.Flags()
	f.StringArrayVarP(&c.by, "by", "b", nil, "`FIELD,FIELD` to group by (repeatable: a table each)")
	f.StringVarP(&c.what.Sort, "sort", "s", "", "`NUMBER` to rank by (default bytes, or flows where there are none; key for time)")
	f.BoolVar(&c.what.Ascend, "asc", false, "the smallest first")
	f.IntVarP(&c.what.Top, "top", "n", 10, "`N` rows of each table; 0 all")
	f.StringVar(&c.what.Having, "having", "", "`CONDITION` on groups, as \"flows > 10 and distinct(dst_port) > 20\"")
	f.StringArrayVar(&c.what.Distinct, "distinct", nil, "count the distinct values of `FIELD` in each group, as dst_port or peers (repeatable)")
	f.StringVar(&c.bin, "bin", "", "`WIDTH` of bins of time, as 5m, 1h, or auto; none for none (default auto in the overview)")
	f.IntVar(&c.what.MaxGroups, "max-groups", stats.DefaultMaxGroups, "`N` groups held for each table; more make the numbers bounds")
	f.StringVarP(&c.format, "format", "f", "", "`FORMAT`: "+strings.Join(report.StatsFormats(), ", ")+" (default by the name of the output, else table)")
	f.StringVarP(&c.output, "output", "o", flow.Stdin, "`FILE` to write; - is standard output")
	f.BoolVarP(&c.quiet, "quiet", "q", false, "no summary on standard error")
	var names []string
	for _, n := range stats.Names() {
		names = append(names, strings.TrimSuffix(n.Name, "[/24]"))
	}
	complete(cmd, "by", names, cobra.ShellCompDirectiveNoSpace)
	complete(cmd, "distinct", append(names, "peers"), 0)
	complete(cmd, "sort", stats.SortNames(), 0)
	complete(cmd, "format", report.StatsFormats(), 0)
	complete(cmd, "bin", []string{"auto", "none", "1m", "5m", "15m", "1h", "1d"}, 0)
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if _, c.options, err = values(); err != nil {
			return err
		}
		if args, err = inputs(args, "stats"); err != nil {
			return err
		}
		return c.run(cmd.Context(), args)
	}
	return cmd
}

func fieldList() string {
	var rows [][]string
	for _, n := range stats.Names() {
		rows = append(rows, []string{n.Name, n.Doc})
	}
	return aligned("  ", rows)
}

func measureList() string {
	var rows [][]string
	for _, m := range stats.Measures() {
		rows = append(rows, []string{m.Name, m.Doc})
	}
	rows = append(rows, []string{"peers", "distinct addresses at the other end, or pairs"},
		[]string{"ports", "distinct destination ports; distinct(FIELD) counts those of any field"})
	return aligned("  ", rows)
}

// layout is the format to write.
func (c *count) layout() (string, error) {
	known := report.StatsFormats()
	if c.format != "" {
		if !slices.Contains(known, c.format) {
			return "", &usageError{fmt.Errorf("unknown format %q%s (known: %s)", c.format, analyzer.DidYouMean(c.format, known), strings.Join(known, ", "))}
		}
		return c.format, nil
	}
	endings := map[string]string{".txt": "table", ".json": "json", ".ndjson": "ndjson", ".jsonl": "ndjson", ".csv": "csv", ".html": "html", ".htm": "html"}
	if c.output == flow.Stdin {
		return "table", nil
	}
	for ending, format := range endings {
		if strings.HasSuffix(strings.ToLower(c.output), ending) {
			return format, nil
		}
	}
	return "", &usageError{fmt.Errorf("the name %q does not tell a format (endings: .txt .json .ndjson .csv .html); -f FORMAT names one", c.output)}
}

func (c *count) run(ctx context.Context, args []string) error {
	format, err := c.layout()
	if err != nil {
		return err
	}
	if c.what.Top < 0 {
		return &usageError{fmt.Errorf("--top %d: must not be negative", c.what.Top)}
	}
	switch c.bin {
	case "auto":
		c.what.BinAuto = true
	case "":
		c.what.BinAuto = len(c.by) == 0
	case "none":
	default:
		if c.what.Bin, err = stats.ParseWidth(c.bin); err != nil {
			return &usageError{fmt.Errorf("--bin %s: %w", c.bin, err)}
		}
	}
	in, names, err := takeIn(c.options, args)
	if err != nil {
		return err
	}
	c.what.By, c.what.Names, c.what.Location = c.by, names, c.options.Zone
	c.what.Internal = append(where.DefaultInternal(), c.options.Internal...)
	known, err := places(c.options)
	if err != nil {
		return err
	}
	c.what.Geo, c.what.Assets = known.Geo, known.Assets
	sums, err := stats.New(c.what)
	if err != nil {
		return &usageError{err}
	}
	taken, err := analyzer.Scan(ctx, in, func(rows []flow.Record) error {
		sums.Add(rows)
		return nil
	})
	nothing := err != nil && taken.Records+taken.Bad == 0
	var writing error
	if !nothing {
		writing = c.write(format, sums.Result())
	}
	gone := c.output == flow.Stdin && brokenPipe(writing)
	if writing != nil && !gone {
		err = errors.Join(err, fmt.Errorf("output %s: %w", c.output, writing))
	}
	if !c.quiet && !gone && !nothing {
		report.WriteRead(os.Stderr, taken, err)
	}
	switch {
	case ctx.Err() != nil:
		return &codeError{exitInterrupted, err}
	case err != nil:
		return &codeError{exitInput, err}
	}
	return nil
}

// write writes the sums to the output.
func (c *count) write(format string, r *stats.Result) error {
	out, o := io.Writer(os.Stdout), report.Options{Version: version()}
	if c.output == flow.Stdin {
		o.Width = columnsOf(os.Stdout)
		return report.WriteStats(out, format, r, o)
	}
	file, err := report.CreateAtomic(c.output)
	if err != nil {
		return err
	}
	defer file.Abort()
	if err := report.WriteStats(file, format, r, o); err != nil {
		return err
	}
	return file.Commit()
}
