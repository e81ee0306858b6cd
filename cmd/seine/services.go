package main

import (
	"context"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"seine/analyzer"
	"seine/analyzer/report"
	"seine/analyzer/services"
	"seine/cmd/seine/internal/settings"
	"seine/flow"
	"seine/flow/where"
)

// defaultServices is how many services a terminal shows unless told otherwise.
const defaultServices = 100

// A serviceListing is one run of services.
type serviceListing struct {
	options         *settings.Options
	format, sort    string
	top             int
	outside, anyOne bool
	verbose         bool
}

func servicesCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "services [flags] [FILE|DIR|PATTERN|-]...",
		Short: "list the services that answered, beside what a scan found",
		Long: "Lists the services of the network that were seen answering in the flows: an inventory without a\n" +
			"scan. For each it tells the distinct clients, how many of them came from outside, flows and bytes,\n" +
			"and when it was first and last seen. A flow counts if both sides sent something beyond opening and\n" +
			"closing, and if it is no guess who began.\n\n" +
			"With --inventory it stands beside what scans found: product, version, and the vulnerabilities that\n" +
			"it may have (--nvd, --kev, --epss). The column \"scan\" says which of both knows it: both; scan only\n" +
			"(no flow used it); not in scan (the host was scanned, and this was not found: newer, or hidden); host\n" +
			"not scanned. Without FILE, and with --inventory, it lists the scans alone.\n\n" +
			"What -f csv writes is an inventory that --inventory takes.\n\n" +
			"Exit codes: 0 done; 2 wrong usage or configuration; 3 an input could not be read; 130 interrupted.",
		Example: "  seine services conn.log\n" +
			"  seine services --sort clients --where 'external(src_ip)' logs/    # what the internet uses\n" +
			"  seine services --inventory scan.xml --nvd nvd/ --kev kev.json --sort risk flows.csv\n" +
			"  seine services -f csv logs/ > inventory.csv",
	}
	values := configured(cmd, settings.GroupInput, settings.GroupContext, settings.GroupRun)
	var l serviceListing
	flags := cmd.Flags()
	flags.StringVarP(&l.format, "format", "f", "table", "`FORMAT` of the output: "+strings.Join(report.ServiceFormats(), ", "))
	complete(cmd, "format", report.ServiceFormats(), 0)
	flags.StringVar(&l.sort, "sort", "address", "`ORDER`, what matters most first: "+strings.Join(services.Sorts(), ", "))
	complete(cmd, "sort", services.Sorts(), 0)
	flags.IntVarP(&l.top, "top", "n", -1, "`N` services to show; 0 all (default 100 in a table on a terminal, else all)")
	flags.BoolVar(&l.outside, "outside", false, "services of servers outside too")
	flags.BoolVar(&l.anyOne, "any-port", false, "also ports that look like those of clients: high, of no known service, with fewer than three clients")
	flags.BoolVarP(&l.verbose, "verbose", "v", false, "tell below the table of each vulnerability where it comes from")
	cmd.RunE = func(cmd *cobra.Command, args []string) (err error) {
		if _, l.options, err = values(); err != nil {
			return err
		}
		if !slices.Contains(report.ServiceFormats(), l.format) {
			return &usageError{fmt.Errorf("unknown format %q%s", l.format, orKnown(l.format, report.ServiceFormats()))}
		}
		if !slices.Contains(services.Sorts(), l.sort) {
			return &usageError{fmt.Errorf("unknown order %q%s", l.sort, orKnown(l.sort, services.Sorts()))}
		}
		if l.top < -1 {
			return &usageError{fmt.Errorf("--top %d: must not be negative", l.top)}
		}
		if len(args) == 0 && len(l.options.Inventory) > 0 {
			return l.run(cmd.Context(), nil)
		}
		if args, err = inputs(args, "services"); err != nil {
			return err
		}
		return l.run(cmd.Context(), args)
	}
	return cmd
}

// orKnown suggests a word, or lists those there are.
func orKnown(word string, known []string) string {
	if hint := analyzer.DidYouMean(word, known); hint != "" {
		return hint
	}
	return fmt.Sprintf(" (known: %s)", strings.Join(known, ", "))
}

func (l *serviceListing) run(ctx context.Context, args []string) error {
	o := l.options
	known, err := knowledge(o)
	if err != nil {
		return err
	}
	var scanErr error
	symbols := flow.NewSymbols()
	limits := services.Options{Internal: append(where.DefaultInternal(), o.Internal...), Outside: l.outside, AnyPort: l.anyOne}
	found := services.New(limits, symbols)
	if len(args) > 0 {
		in, _, err := takeIn(o, args)
		if err != nil {
			return err
		}
		found = services.New(limits, in.Symbols)
		var taken *analyzer.Taken
		taken, scanErr = analyzer.Scan(ctx, in, func(rows []flow.Record) error {
			found.Add(rows)
			return nil
		})
		if taken.Flows == 0 && scanErr != nil {
			return &codeError{exitInput, scanErr}
		}
	}
	res := found.Result(known.Inventory)
	services.Sort(res.Services, l.sort)
	common := report.Options{Top: max(l.top, 0), Width: columnsOf(os.Stdout), Verbose: l.verbose}
	if l.top < 0 && l.format == "table" && isTerminal(os.Stdout) {
		common.Top = defaultServices
	}
	if err := report.WriteServices(os.Stdout, l.format, res, common); err != nil {
		return err
	}
	switch {
	case ctx.Err() != nil:
		return &codeError{code: exitInterrupted}
	case scanErr != nil:
		return &codeError{exitInput, scanErr}
	}
	return nil
}
