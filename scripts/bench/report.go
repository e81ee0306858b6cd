package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"text/tabwriter"
)

// A report is what was measured.
type report struct {
	Machine    machine      `json:"machine"`
	Rows       int          `json:"rows"`
	Contenders []*contender `json:"contenders"`
	Goals      []goal       `json:"goals"`
}

// A goal is a figure that was promised, and what it is today.
type goal struct {
	Name  string  `json:"name"`
	Want  float64 `json:"want"`
	Got   float64 `json:"got"`
	AtMax bool    `json:"at_most,omitempty"` // Got must not exceed Want
}

func (g *goal) met() bool {
	if g.AtMax {
		return g.Got <= g.Want
	}
	return g.Got >= g.Want
}

// add takes up the contenders on the nine columns, and the goals that go by
// them.
func (r *report) add(contenders []*contender) {
	r.Contenders = contenders
	count, csv, columnar := r.find(duckCount, "csv"), r.find(seineName+"2", "csv"), r.find(seineName+"2", "parquet")
	if count != nil {
		r.addGoal("CSV, two cores, against count(*): times faster, wall", 1, csv.faster(count, wall))
		r.addGoal("CSV, two cores, against the SQL: times faster, wall", 6, csv.faster(r.find(duckSQL, "csv"), wall))
		r.addGoal("Parquet, two cores, against the SQL: times faster, wall", 3, columnar.faster(r.find(duckSQL, "parquet"), wall))
	}
	r.addGoal("CSV, the second core: times faster, wall", 1.7, csv.faster(r.find(seineName+"1", "csv"), wall))
	if r.Rows <= 10_000_000 {
		r.Goals = append(r.Goals, goal{"CSV, two cores: peak memory, MB", 200, csv.typical(memory), true})
		r.Goals = append(r.Goals, goal{"Parquet, two cores: peak memory, MB", 200, columnar.typical(memory), true})
	}
}

func (r *report) addGoal(name string, want, got float64) {
	r.Goals = append(r.Goals, goal{Name: name, Want: want, Got: got})
}

func (r *report) addScale(rows int, small, large *contender) {
	perRow := small.faster(large, wall) * float64(r.Rows) / float64(rows)
	r.addGoal(fmt.Sprintf("rows/s at %s rows against %s", thousands(rows), thousands(r.Rows)), 0.9, 1/perRow)
}

func (r *report) find(name, input string) *contender {
	for _, c := range r.Contenders {
		if c.Name == name && c.Input == input {
			return c
		}
	}
	return nil
}

// print writes the table. A ratio above 1 means faster than that contender;
// the SQL is that on the same input.
func (r *report) print(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "contender\tinput\tCPU s\twall s\tM rows/s\tpeak MB\twall, × count(*)\tCPU, × count(*)\twall, × SQL\tCPU, × SQL\talerts\t")
	count := r.find(duckCount, "csv")
	for _, c := range r.Contenders {
		fmt.Fprintf(t, "%s\t%s\t%.2f\t%.2f\t%.1f\t%.0f\t", c.Name, c.Input, c.typical(cpu), c.typical(wall),
			float64(r.Rows)/max(c.typical(wall), 1e-6)/1e6, c.typical(memory))
		for _, other := range []*contender{count, r.find(duckSQL, c.Input)} {
			for _, what := range []func(cost) float64{wall, cpu} {
				if other == nil {
					fmt.Fprint(t, "\t")
					continue
				}
				fmt.Fprintf(t, "%.2f\t", c.faster(other, what))
			}
		}
		fmt.Fprintf(t, "%s\t\n", lines(c.out))
	}
	t.Flush()
	fmt.Fprintln(w)
}

func (r *report) printGoals(w io.Writer) {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, g := range r.Goals {
		verdict, bound := "met", "at least"
		if !g.met() {
			verdict = "MISSED"
		}
		if g.AtMax {
			bound = "at most"
		}
		fmt.Fprintf(t, "%s\t%.2f\t%s %g\t%s\n", g.Name, g.Got, bound, g.Want, verdict)
	}
	t.Flush()
}

func (r *report) save(name string) error {
	b, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(name, append(b, '\n'), 0o644)
}

// lines counts the lines of a file of alerts.
func lines(name string) string {
	if name == "" {
		return ""
	}
	b, err := os.ReadFile(name)
	if err != nil {
		return "none"
	}
	return thousands(bytes.Count(b, []byte{'\n'}))
}

func megabytes(name string) float64 {
	info, err := os.Stat(name)
	if err != nil {
		return 0
	}
	return float64(info.Size()) / 1e6
}

// thousands writes n with commas.
func thousands(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}
