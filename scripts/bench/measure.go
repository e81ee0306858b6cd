package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

const (
	duckCount = "DuckDB count(*)"
	duckSQL   = "DuckDB, the detections in SQL"
	seineName = "seine analyze -j "
)

// A contender is a command that is measured, and its runs so far, by round.
type contender struct {
	Name  string `json:"name"`
	Input string `json:"input"`
	Runs  []cost `json:"runs"`

	args []string
	out  string // the file of alerts, if it writes one
	slow bool   // takes part in the first rounds only
}

// A cost is what one run took. Memory is the peak of the resident set.
type cost struct {
	CPU  float64 `json:"cpu_seconds"`
	Wall float64 `json:"wall_seconds"`
	Peak float64 `json:"peak_mb"`
}

// measure runs each contender once a round, in turns forwards and backwards.
// The files are read once before, so that all find them in the page cache.
func measure(contenders []*contender, rounds, slowRounds int) error {
	for _, c := range contenders {
		if file := c.args[len(c.args)-1]; exists(file) {
			if _, err := execute("wc", "-c", "-l", file); err != nil {
				return err
			}
		}
	}
	for round := range rounds {
		order := slices.Clone(contenders)
		if round%2 == 1 {
			slices.Reverse(order)
		}
		for _, c := range order {
			if c.slow && round >= slowRounds {
				continue
			}
			fmt.Fprintf(os.Stderr, "round %d of %d: %s, %s\n", round+1, rounds, c.Name, c.Input)
			r, err := execute(c.args[0], c.args[1:]...)
			if err != nil {
				return err
			}
			c.Runs = append(c.Runs, r)
		}
	}
	return nil
}

// execute runs a command to its end.
func execute(name string, args ...string) (cost, error) {
	var said bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stderr = &said
	start := time.Now()
	err := cmd.Run()
	wall := time.Since(start)
	if err != nil {
		return cost{}, fmt.Errorf("%s: %w\n%s", filepath.Base(name), err, said.Bytes())
	}
	p := cmd.ProcessState
	return cost{(p.UserTime() + p.SystemTime()).Seconds(), wall.Seconds(), peak(p)}, nil
}

func cpu(c cost) float64    { return c.CPU }
func wall(c cost) float64   { return c.Wall }
func memory(c cost) float64 { return c.Peak }

// typical is the median of a cost.
func (c *contender) typical(what func(cost) float64) float64 {
	var all []float64
	for _, r := range c.Runs {
		all = append(all, what(r))
	}
	return median(all)
}

// faster tells how many times faster c is than other: the median over the
// rounds in which both ran.
func (c *contender) faster(other *contender, what func(cost) float64) float64 {
	var all []float64
	for i := range min(len(c.Runs), len(other.Runs)) {
		all = append(all, what(other.Runs[i])/max(what(c.Runs[i]), 1e-6))
	}
	return median(all)
}

func median(x []float64) float64 {
	if len(x) == 0 {
		return 0
	}
	x = slices.Sorted(slices.Values(x))
	return (x[(len(x)-1)/2] + x[len(x)/2]) / 2
}
