package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
)

// idle is a detector that has nothing to do unless it is given a list: with it
// alone, seine reads, numbers the addresses and counts.
const idle = "blacklist"

// compareDetectors measures, on one core, what each detector costs above
// reading, and what the whole chain does. The flows have all fields, so that
// no detector is left out for lack of one.
func (c *config) compareDetectors(r *report) error {
	file, err := c.full(c.detectorRows, 0)
	if err != nil {
		return err
	}
	ids, err := c.detectors()
	if err != nil {
		return err
	}
	out := filepath.Join(c.dir, "detectors.ndjson")
	run := func(name string, flags ...string) *contender {
		args := append([]string{c.seine, "analyze", "-q", "-j", "1", "-f", "ndjson", "-o", out}, flags...)
		return &contender{Name: name, Input: "all fields", args: append(args, file)}
	}
	nothing, chain := run("no detector", "--only", idle), run("the chain")
	all := []*contender{nothing, chain}
	for _, id := range ids {
		if id != idle {
			all = append(all, run(id, "--only", id))
		}
	}
	if err := measure(all, c.slowRuns, c.slowRuns); err != nil {
		return err
	}
	addresses, err := c.addresses(file, out)
	if err != nil {
		return err
	}
	rows := float64(c.detectorRows)
	t := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintf(t, "%s flows, %s addresses, one core\tns a flow, CPU\tbytes an address\tM flows/s, CPU\t\n", thousands(c.detectorRows), thousands(addresses))
	for _, d := range all {
		fmt.Fprintf(t, "%s\t%.0f\t%.0f\t%.2f\t\n", d.Name, d.above(nothing, cpu)/rows*1e9,
			d.above(nothing, memory)*1e6/float64(max(addresses, 1)), rows/max(d.typical(cpu), 1e-6)/1e6)
	}
	t.Flush()
	fmt.Fprintln(io.Writer(os.Stdout))
	r.addGoal("the chain, one core: million flows per CPU second", 1, rows/max(chain.typical(cpu), 1e-6)/1e6)
	r.Contenders = append(r.Contenders, all...)
	return nil
}

// above is what c costs more than other: the median over the rounds. What
// reading costs is not taken from itself.
func (c *contender) above(other *contender, what func(cost) float64) float64 {
	if c == other {
		return c.typical(what)
	}
	var all []float64
	for i := range min(len(c.Runs), len(other.Runs)) {
		all = append(all, max(0, what(c.Runs[i])-what(other.Runs[i])))
	}
	return median(all)
}

// compareMemory runs the whole chain, on all cores, over so many flows of so
// many addresses that its tables are full.
func (c *config) compareMemory(r *report) error {
	file, err := c.full(c.memoryRows, strangers)
	if err != nil {
		return err
	}
	out := filepath.Join(c.dir, "memory.ndjson")
	chain := &contender{Name: "the chain, many addresses", Input: "all fields", args: []string{c.seine, "analyze", "-q", "-f", "ndjson", "-o", out, file}}
	if err := measure([]*contender{chain}, 1, 1); err != nil {
		return err
	}
	addresses, err := c.addresses(file, out)
	if err != nil {
		return err
	}
	fmt.Printf("the chain over %s flows with %s addresses: %.2f M flows/s by the wall, %.2f per CPU second, peak %.0f MB\n\n",
		thousands(c.memoryRows), thousands(addresses), float64(c.memoryRows)/max(chain.typical(wall), 1e-6)/1e6,
		float64(c.memoryRows)/max(chain.typical(cpu), 1e-6)/1e6, chain.typical(memory))
	r.Goals = append(r.Goals, goal{"the chain, " + thousands(addresses) + " addresses: peak memory, MB", 1500, chain.typical(memory), true})
	r.Contenders = append(r.Contenders, chain)
	return nil
}

// strangers are the rows of a thousand that bring one more address, so that
// there is one for about every tenth row.
const strangers = 35

// full makes a trace of n rows with all fields unless the directory has it;
// strange of a thousand bring an address that is hardly seen again.
func (c *config) full(n, strange int) (string, error) {
	dir := filepath.Join(c.dir, fmt.Sprintf("full-%d-%d", n, strange))
	file, done := filepath.Join(dir, "full.parquet"), filepath.Join(dir, "done")
	if exists(done) {
		return file, nil
	}
	fmt.Fprintf(os.Stderr, "generating %s rows with all fields\n", thousands(n))
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	nine := filepath.Join(dir, "nine.parquet")
	if _, err := execute(c.genflows, "-n", strconv.Itoa(n), "-seed", "1", "-strangers", strconv.Itoa(strange), "-o", nine); err != nil {
		return "", err
	}
	if _, err := execute(c.layouts, "-make", dir, "-only", filepath.Base(file), "-rows", strconv.Itoa(n), nine); err != nil {
		return "", err
	}
	if err := os.Remove(nine); err != nil {
		return "", err
	}
	return file, os.WriteFile(done, nil, 0o644)
}

// detectors are the IDs of the chain.
func (c *config) detectors() ([]string, error) {
	text, err := exec.Command(c.seine, "detectors", "-f", "json").Output()
	if err != nil {
		return nil, fmt.Errorf("seine detectors: %w", err)
	}
	var list []struct{ ID string }
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("seine detectors: %w", err)
	}
	var ids []string
	for _, d := range list {
		ids = append(ids, d.ID)
	}
	return ids, nil
}

var addressLine = regexp.MustCompile(`(?m)^addresses +([0-9,]+)`)

// addresses is how many addresses a file has, as the summary of a run tells.
func (c *config) addresses(file, out string) (int, error) {
	var said bytes.Buffer
	cmd := exec.Command(c.seine, "analyze", "--only", idle, "-f", "ndjson", "-o", out, file)
	cmd.Stderr = &said
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("seine analyze: %w\n%s", err, said.Bytes())
	}
	m := addressLine.FindSubmatch(said.Bytes())
	if m == nil {
		return 0, fmt.Errorf("seine analyze does not tell the number of addresses:\n%s", said.Bytes())
	}
	return strconv.Atoi(strings.ReplaceAll(string(m[1]), ",", ""))
}
