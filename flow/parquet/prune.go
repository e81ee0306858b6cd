package parquet

import (
	"encoding/binary"
	"fmt"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/metadata"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
)

// spanSlack is how far outside of the span a row group must lie to be left
// out: a flow in the span may have been logged in pieces that go on behind
// it, or began before.
const spanSlack = 3600 * flow.Second

// outside tells which row groups have no flow in the span that is wanted, by
// what the file says of the smallest and the largest time in each; nil if
// none. Times that are no numbers, or of a zone that is not told, say nothing.
func outside(src *flow.Source, meta *metadata.FileMetaData, cols []*boundColumn, hint parse.Unit) []bool {
	want := src.Options.Span
	if want == (flow.Span{}) {
		return nil
	}
	want = flow.Span{From: want.From.Add(-spanSlack), To: want.To.Add(spanSlack)}
	leaf := -1
	for _, c := range cols {
		if c.field == columns.Start {
			leaf = c.leaf
		}
	}
	if leaf < 0 || meta.Schema.Column(leaf).PhysicalType() != parquet.Types.Int64 {
		return nil
	}
	unit, naive := unitOf(meta.Schema.Column(leaf))
	if naive {
		return nil
	}
	if unit == 0 {
		unit = hint
	}
	skip, left := make([]bool, len(meta.RowGroups)), 0
	for g := range meta.RowGroups {
		least, most, ok := extremes(meta, g, leaf)
		if !ok {
			continue
		}
		u := unit
		if u == 0 { // as the reader will guess it, if the group is of one mind
			if u = parse.GuessUnit(float64(most)); parse.GuessUnit(float64(least)) != u {
				continue
			}
		}
		first, err1 := scaled(least, u)
		last, err2 := scaled(most, u)
		if err1 != nil || err2 != nil || last < first {
			continue
		}
		if last < want.From || first >= want.To {
			skip[g] = true
			left++
		}
	}
	if left == 0 {
		return nil
	}
	src.Note(fmt.Sprintf("%d of %d row groups were left out: all their times lie outside of --since and --until.", left, len(skip)))
	return skip
}

// extremes are the smallest and the largest value of a column of INT64 in a
// row group, if the file tells them.
func extremes(meta *metadata.FileMetaData, group, leaf int) (least, most int64, ok bool) {
	chunks := meta.RowGroups[group].Columns
	if leaf >= len(chunks) || chunks[leaf] == nil || chunks[leaf].MetaData == nil || chunks[leaf].MetaData.Statistics == nil {
		return 0, 0, false
	}
	s := chunks[leaf].MetaData.Statistics
	lo, hi := s.MinValue, s.MaxValue
	if lo == nil && hi == nil {
		lo, hi = s.Min, s.Max // of old writers
	}
	if len(lo) != 8 || len(hi) != 8 {
		return 0, 0, false
	}
	return int64(binary.LittleEndian.Uint64(lo)), int64(binary.LittleEndian.Uint64(hi)), true
}
