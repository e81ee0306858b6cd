package analyzer_test

import (
	"context"
	"testing"

	"seine/analyzer"
	"seine/flow"
	"seine/flow/formats"
)

// every ignores each n-th flow that it is asked about.
type every struct{ n, asked, ignored int }

func (e *every) Ignore(*flow.Record) bool {
	e.asked++
	if e.asked%e.n == 0 {
		e.ignored++
		return true
	}
	return false
}

func (e *every) Uses(last flow.Time) []analyzer.RuleUse {
	return []analyzer.RuleUse{{Kind: "ignore", Hidden: uint64(e.ignored), Expires: last}}
}

// below keeps flows of fewer bytes.
type below uint64

func (b below) Keep(r *flow.Record) bool { return r.SrcBytes < uint64(b) }

// TestIgnoredFlowsReachNoDetector, are counted apart from those that are not
// wanted, and are asked about only if they are wanted.
func TestIgnoredFlowsReachNoDetector(t *testing.T) {
	for _, batch := range []int{1, 7, 4096} {
		e := &every{n: 3}
		var m memory
		s, err := engine(t, context.Background(), &m, inputs(flowsAt(200)), func(c *analyzer.Config) {
			c.Select = analyzer.Selection{Where: below(150), Ignore: e}
			c.BatchRows = batch
		}, fake("all", 0, accuse))
		if err != nil {
			t.Fatal(err)
		}
		if e.asked != 150 || s.Filtered != 50 || s.Ignored != 50 || s.Rows != 100 || len(m.alerts) != 100 {
			t.Errorf("batches of %d: %d asked about, %d not wanted, %d ignored, %d seen, %d alerts", batch, e.asked, s.Filtered, s.Ignored, s.Rows, len(m.alerts))
		}
		if len(s.Rules) != 1 || s.Rules[0].Hidden != 50 || s.Rules[0].Expires != s.Last {
			t.Errorf("batches of %d: the rules tell %+v", batch, s.Rules)
		}
	}
	e := &every{n: 1}
	taken, err := analyzer.Scan(context.Background(), analyzer.Intake{
		Sources: inputs(flowsAt(20)), Formats: formats.All(), Select: analyzer.Selection{Ignore: e}, Symbols: flow.NewSymbols(),
	}, func(rows []flow.Record) error {
		t.Errorf("%d rows are handed on", len(rows))
		return nil
	})
	if err != nil || taken.Ignored != 20 || taken.Filtered != 0 || taken.Flows != 0 {
		t.Errorf("%+v, %v", taken, err)
	}
}
