package main

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"

	"seine/analyzer"
	"seine/cmd/seine/internal/settings"
	"seine/flow"
	"seine/flow/formats"
	"seine/flow/where"
)

// takeIn is the intake that the options and arguments of a command ask for,
// with the names of what its records carry as numbers.
func takeIn(o *settings.Options, args []string) (analyzer.Intake, *names, error) {
	if o.Jobs > 0 {
		runtime.GOMAXPROCS(o.Jobs)
	}
	if os.Getenv("GOGC") == "" {
		// The tables hold no pointers, so a collection is cheap, and waiting
		// for twice the live memory would only make the peak higher.
		debug.SetGCPercent(35)
	}
	read := &flow.Options{
		Location: o.Zone, Map: o.Columns, Workers: runtime.GOMAXPROCS(0), Symbols: flow.NewSymbols(),
		Columns: o.FieldNames, Year: o.Year, Span: o.Span,
	}
	in := analyzer.Intake{
		Sources: flow.Expand(args, read), Formats: formats.All(), Format: o.InputFormat, MaxBad: o.MaxBad,
		Stitch: o.Stitch, Lateness: o.Lateness,
		Select: analyzer.Selection{Span: o.Span, Sample: o.Sample}, Symbols: read.Symbols,
	}
	if len(o.Where) > 0 {
		keep, err := condition(o, &names{in.Sources, read.Symbols})
		if err != nil {
			return in, nil, err
		}
		in.Select.Where = keep
	}
	if o.ByTime {
		analyzer.SortByFirstFlow(in.Sources, in.Format, in.Formats)
	}
	return in, &names{in.Sources, read.Symbols}, nil
}

// condition compiles the conditions of --where, all of which must hold.
func condition(o *settings.Options, n *names) (conditions, error) {
	known, err := places(o)
	if err != nil {
		return nil, err
	}
	opt := where.Options{
		Symbols: n.symbols, Files: n.File, Location: o.Zone, Internal: append(where.DefaultInternal(), o.Internal...), Known: known,
	}
	var all conditions
	for _, text := range o.Where {
		f, err := where.Compile(text, opt)
		if err != nil {
			return nil, &codeError{exitUsage, fmt.Errorf("--where: %w", err)}
		}
		all = append(all, f)
	}
	return all, nil
}

type conditions []*where.Filter

// Keep implements the condition of analyzer.Selection.
func (c conditions) Keep(r *flow.Record) bool {
	for _, f := range c {
		if !f.Keep(r) {
			return false
		}
	}
	return true
}

// names implements flow.Names.
type names struct {
	sources []*flow.Source
	symbols *flow.Symbols
}

// File implements flow.Names.
func (n *names) File(i uint32) string {
	if int(i) < len(n.sources) {
		return n.sources[i].Name
	}
	return ""
}

// Text implements flow.Names.
func (n *names) Text(s flow.Symbol) string { return n.symbols.Text(s) }
