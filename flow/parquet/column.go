package parquet

import (
	"errors"
	"fmt"

	"github.com/apache/arrow/go/v17/parquet/metadata"

	"seine/flow"
	"seine/flow/internal/columns"
)

// errAbsent is the outcome of a value that stands for none.
var errAbsent = errors.New("no value")

var errIndex = errors.New("index beyond the dictionary")

// What is known of an entry of a dictionary.
const (
	unseen = iota
	there
	absent
	bad
)

// A meaning turns the values of a column into what a record holds. The
// functions return errAbsent for a value that stands for none; any other
// error makes a bad row. Those that a column cannot need may be nil.
type meaning[T any] struct {
	begin     func(*batch)  // before each batch; may be nil
	prepare   func(*values) // sees the first values, to guess units; may be nil
	fromInt   func(int64) (T, error)
	fromFloat func(float64) (T, error)
	fromText  func([]byte) (T, error)

	fleeting func(T) bool // the result holds for one batch only; may be nil
	none     T            // what a record holds where there is no value
	put      func(b *batch, lo, hi int, vs []T)
}

// column decodes one column of the table into one field of the records.
type column[T any] struct {
	meaning[T]
	pages    *pages
	name     string
	field    columns.Field
	bit      flow.Fields // set where there is a value
	required bool

	prepared bool
	dict     []T // by dictionary index, as far as looked at
	dictHas  []uint8
	whole    bool // every entry is there
	dictErr  map[uint32]error

	vals  []T
	set   rowSet // rows that have a value
	gaps  bool   // some have none
	done  int    // rows of the batch that are decoded
	at    []int32
	index []uint32
	raw   values
}

func newColumn[T any](m meaning[T], p *pages, name string, f columns.Field, bit flow.Fields) *column[T] {
	return &column[T]{
		meaning: m, pages: p, name: name, field: f, bit: bit,
		required: f == columns.Start || f == columns.SrcIP || f == columns.DstIP,
		vals:     make([]T, batchRows), at: make([]int32, batchRows), index: make([]uint32, batchRows),
		dictErr: map[uint32]error{},
	}
}

// open starts a row group.
func (c *column[T]) open(m *metadata.ColumnChunkMetaData, rows int64) error {
	c.done, c.dict, c.dictHas = 0, c.dict[:0], c.dictHas[:0]
	clear(c.dictErr)
	return c.pages.open(m, rows)
}

func (c *column[T]) title() string { return c.name }

// filled counts the rows of the batch that are decoded.
func (c *column[T]) filled() int { return c.done }

func (c *column[T]) use(u *unpacker) { c.pages.unpacker = u }

// fill decodes the rows of the batch. After an error, done rows are good.
func (c *column[T]) fill(b *batch) error {
	c.done, c.gaps, c.set = 0, false, rowSet{}
	if c.begin != nil {
		c.begin(b)
	}
	for c.done < b.n {
		left, err := c.pages.more()
		if err != nil {
			return err
		}
		n := min(left, b.n-c.done)
		if err := c.piece(b, c.done, n); err != nil {
			return err
		}
		c.done += n
	}
	return nil
}

// piece decodes n rows from row lo, all in one page.
func (c *column[T]) piece(b *batch, lo, n int) (err error) {
	p := c.pages
	var count int
	if p.foreign != nil {
		c.raw.reset()
		p.rows -= n
		count, err = p.foreign.read(&c.set, lo, n, &c.raw)
	} else {
		count, err = p.present(&c.set, lo, n)
	}
	if err != nil {
		return err
	}
	var at []int32
	if count < n {
		at = c.places(b, lo, n)
	}
	switch {
	case p.foreign != nil:
	case p.indexed:
		idx := c.index[:count]
		if err := p.index.read(idx); err != nil {
			return err
		}
		return c.gather(b, lo, at, idx)
	default:
		c.raw.reset()
		if err := p.take(count, &c.raw); err != nil {
			return err
		}
	}
	c.translate(b, lo, at)
	return nil
}

// places lists the rows that have a value and sees to the others.
func (c *column[T]) places(b *batch, lo, n int) []int32 {
	c.gaps = true
	at := c.set.list(c.at, lo, lo+n)
	if len(at) > 0 || n < b.n { // else nothing is stored
		vals := c.vals[lo : lo+n]
		for i := range vals {
			vals[i] = c.none
		}
	}
	for i := lo; c.required && i < lo+n; i++ {
		if !c.set.has(i) {
			c.miss(b, i, nil)
		}
	}
	return at
}

// miss notes that row i has no value, or a bad one. spell writes the value.
func (c *column[T]) miss(b *batch, i int, err error, spell ...func([]byte) []byte) {
	c.gaps = true
	c.vals[i] = c.none
	c.set.drop(i)
	switch {
	case err != nil && err != errAbsent:
		b.reject(i, func() string {
			var text []byte
			for _, s := range spell {
				text = s(text)
			}
			return fmt.Sprintf("%s %q: %v", c.field, text, err)
		})
	case c.required:
		b.reject(i, func() string { return c.field.String() + " has no value" })
	}
}

// gather looks up the values of indexes; at tells their rows, all from lo on
// if it is nil.
func (c *column[T]) gather(b *batch, lo int, at []int32, idx []uint32) error {
	if len(c.dict) != c.pages.dict.len() {
		c.convertAll()
	}
	dict, has := c.dict, c.dictHas
	has = has[:len(dict)]
	if c.whole && at == nil {
		vals := c.vals[lo : lo+len(idx)]
		for j, k := range idx {
			if uint(k) >= uint(len(dict)) {
				return errIndex
			}
			vals[j] = dict[k]
		}
		return nil
	}
	for j, k := range idx {
		if uint(k) >= uint(len(dict)) {
			return errIndex
		}
		i := lo + j
		if at != nil {
			i = int(at[j])
		}
		if has[k] != there {
			c.look(b, i, k)
			continue
		}
		c.vals[i] = dict[k]
	}
	return nil
}

// convertAll converts the entries of the dictionary that mean something. The
// others wait until a row has them, and so do those whose meaning depends on
// the rows before.
func (c *column[T]) convertAll() {
	entries := &c.pages.dict
	n := entries.len()
	c.dict = append(c.dict[:0], make([]T, n)...)
	c.dictHas = append(c.dictHas[:0], make([]uint8, n)...)
	c.prime(entries)
	if c.whole = c.fleeting == nil; !c.whole {
		return
	}
	for k := range c.dict {
		v, err := c.convert(entries, k)
		if err != nil {
			c.whole = false
			continue
		}
		c.dict[k], c.dictHas[k] = v, there
	}
}

// look converts entry k of the dictionary, met in row i.
func (c *column[T]) look(b *batch, i int, k uint32) {
	var err error
	switch c.dictHas[k] {
	case absent:
		err = errAbsent
	case bad:
		err = c.dictErr[k]
	default:
		var v T
		v, err = c.convert(&c.pages.dict, int(k))
		if err == nil {
			c.vals[i], c.dict[k] = v, v
			if c.fleeting == nil || !c.fleeting(v) {
				c.dictHas[k] = there
			}
			return
		}
		if c.dictHas[k] = absent; err != errAbsent {
			c.dictHas[k], c.dictErr[k] = bad, err
		}
	}
	dict := &c.pages.dict
	c.miss(b, i, err, func(t []byte) []byte { return dict.appendText(t, int(k)) })
}

// prime shows the first values to the meaning.
func (c *column[T]) prime(v *values) {
	if !c.prepared && v.len() > 0 {
		c.prepared = true
		if c.prepare != nil {
			c.prepare(v)
		}
	}
}

func (c *column[T]) convert(v *values, i int) (T, error) {
	switch {
	case i < len(v.ints):
		return c.fromInt(v.ints[i])
	case i < len(v.floats):
		return c.fromFloat(v.floats[i])
	}
	return c.fromText(v.texts[i])
}

// translate converts the values in raw, whose rows at tells.
func (c *column[T]) translate(b *batch, lo int, at []int32) {
	c.prime(&c.raw)
	for j, x := range c.raw.ints {
		if v, err := c.fromInt(x); err == nil && at == nil {
			c.vals[lo+j] = v
		} else {
			c.keep(b, lo, at, j, v, err)
		}
	}
	for j, x := range c.raw.floats {
		if v, err := c.fromFloat(x); err == nil && at == nil {
			c.vals[lo+j] = v
		} else {
			c.keep(b, lo, at, j, v, err)
		}
	}
	for j, x := range c.raw.texts {
		if v, err := c.fromText(x); err == nil && at == nil {
			c.vals[lo+j] = v
		} else {
			c.keep(b, lo, at, j, v, err)
		}
	}
}

// keep stores the outcome of the j-th value.
func (c *column[T]) keep(b *batch, lo int, at []int32, j int, v T, err error) {
	i := lo + j
	if at != nil {
		i = int(at[j])
	}
	if err != nil {
		c.miss(b, i, err, func(t []byte) []byte { return c.raw.appendText(t, j) })
		return
	}
	c.vals[i] = v
}

// store writes rows lo to hi of what fill decoded into the records, which are
// blank: where no row has a value there is nothing to do.
func (c *column[T]) store(b *batch, lo, hi int) {
	if !c.gaps {
		c.put(b, lo, hi, c.vals)
		b.has |= c.bit
		return
	}
	at := c.set.list(c.at, lo, hi)
	if len(at) == 0 {
		return
	}
	c.put(b, lo, hi, c.vals)
	if c.bit != 0 {
		for _, i := range at {
			b.rows[i].Has |= c.bit
		}
	}
}
