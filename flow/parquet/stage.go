package parquet

import (
	"cmp"
	"fmt"
	"slices"
	"sync/atomic"

	"github.com/apache/arrow/go/v17/parquet/metadata"
)

// maxStages bounds the goroutines that decode: more would each have too
// little to do.
const maxStages = 3

// share deals the columns out to as many stages as there are workers, so that
// each has about as many bytes to read.
func share(meta *metadata.FileMetaData, cols []*boundColumn, workers int) [][]*boundColumn {
	weight := func(c *boundColumn) (n int64) {
		if len(meta.RowGroups) > 0 && c.leaf < len(meta.RowGroups[0].Columns) {
			if m := meta.RowGroups[0].Columns[c.leaf].MetaData; m != nil {
				n = m.TotalCompressedSize
			}
		}
		return n
	}
	sorted := slices.Clone(cols)
	slices.SortStableFunc(sorted, func(a, b *boundColumn) int { return cmp.Compare(weight(b), weight(a)) })
	parts := make([][]*boundColumn, max(1, min(workers, maxStages, len(cols))))
	loads := make([]int64, len(parts))
	for _, c := range sorted {
		i := slices.Index(loads, slices.Min(loads))
		parts[i] = append(parts[i], c)
		loads[i] += weight(c) + 1
	}
	return parts
}

// A stage decodes some of the columns of each batch.
type stage struct {
	r           *reader
	cols        []*boundColumn
	in, out     chan *batch
	first, last bool
	places      []*place              // of the row group at hand, by column
	place       atomic.Pointer[place] // what is being decoded, if anything
}

// A place is a column of a row group.
type place struct {
	column string
	group  int
}

func (p *place) String() string { return fmt.Sprintf("column %q, row group %d", p.column, p.group+1) }

func (s *stage) run() {
	defer s.r.ended()
	defer close(s.out)
	var u unpacker
	defer u.close()
	for _, c := range s.cols {
		c.use(&u)
	}
	for {
		var b *batch
		ok := false
		select {
		case b, ok = <-s.in:
		case <-s.r.quit:
		}
		if !ok {
			return
		}
		s.decode(b)
		failed := b.err != nil
		if failed {
			s.r.failed.Store(true)
		}
		s.out <- b // from here on the batch belongs to another
		if failed {
			return
		}
	}
}

// decode fills the columns of this stage into the records of the batch.
func (s *stage) decode(b *batch) {
	if b.opens {
		s.places = s.places[:0]
		for _, c := range s.cols {
			s.places = append(s.places, &place{c.title(), b.group})
		}
	}
	for i, c := range s.cols {
		s.place.Store(s.places[i])
		if err := s.column(c, b); err != nil {
			if b.err == nil {
				b.err = fmt.Errorf("column %q, row group %d: %w", c.title(), b.group+1, err)
			}
			b.n = min(b.n, c.filled())
		}
		s.r.pulse.Add(1)
	}
	s.place.Store(nil)
	for lo := 0; lo < b.n; lo += blockRows {
		hi := min(lo+blockRows, b.n)
		if s.first {
			b.blank(lo, hi)
		}
		for _, c := range s.cols {
			c.store(b, lo, hi)
		}
		if s.last {
			b.complete(lo, hi)
		}
	}
	if s.last {
		b.sift()
	}
}

// column decodes one column. A decoder that panics has met bytes it did not
// expect.
func (s *stage) column(c *boundColumn, b *batch) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = fmt.Errorf("data is damaged: %v", v)
		}
	}()
	if b.opens {
		m, err := s.r.meta.RowGroup(b.group).ColumnChunk(c.leaf)
		if err != nil {
			return err
		}
		if err := c.open(m, s.r.meta.RowGroups[b.group].NumRows); err != nil {
			return err
		}
	}
	return c.fill(b)
}
