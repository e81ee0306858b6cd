package flow

import "io"

// A Reader hands on flow records in the order of the input, like io.Reader:
// it fills dst from the start and tells how many records are valid, also
// beside an error. At the end it returns io.EOF. Each record is written
// whole, so dst may hold anything before. A row that cannot be read is
// reported through Source.Bad and is no error.
type Reader interface {
	Read(dst []Record) (n int, err error)
}

// A Lender is a Reader that can lend the batches it decoded into, which
// saves a copy. Read and Lend may not be mixed.
type Lender interface {
	Reader
	// Lend gives the next batch, of any length but zero; the taker may
	// change its rows, and must call Free when done. After an error no
	// batch follows; at the end the error is io.EOF.
	Lend() (*Batch, error)
}

// A Batch is a run of rows lent by a reader.
type Batch struct {
	Rows []Record
	// Base is added to the Row of each record, and File stored into it, by
	// the taker: it goes through the rows anyway.
	Base uint64
	File uint32
	// Bytes is the input consumed for the batch, as stored (compressed).
	Bytes int64
	// Release takes the batch back; nil if nobody waits for it.
	Release func(*Batch)
}

// Free gives the batch back to whoever lent it.
func (b *Batch) Free() {
	if b.Release != nil {
		b.Release(b)
	}
}

// Settle completes the rows of a batch: Row becomes the number within the
// file, and File the file's index.
func (b *Batch) Settle() {
	for i := range b.Rows {
		b.Rows[i].Row += b.Base
		b.Rows[i].File = b.File
	}
	b.Base = 0
}

// ReadLender implements Read on top of Lend for a Lender that keeps the
// batch it is copying out in cur and the position in it in at.
func ReadLender(l Lender, cur **Batch, at *int, dst []Record) (int, error) {
	for n := 0; ; {
		if *cur == nil {
			if n > 0 {
				return n, nil
			}
			b, err := l.Lend()
			if err != nil {
				return 0, err
			}
			b.Settle()
			*cur, *at = b, 0
		}
		c := copy(dst[n:], (*cur).Rows[*at:])
		n += c
		*at += c
		if *at == len((*cur).Rows) {
			(*cur).Free()
			*cur = nil
		}
		if n == len(dst) {
			return n, nil
		}
	}
}

// ReadAll reads r to its end. It is meant for tests and small inputs.
func ReadAll(r Reader) ([]Record, error) {
	var all []Record
	buf := make([]Record, 512)
	for {
		n, err := r.Read(buf)
		all = append(all, buf[:n]...)
		if err == io.EOF {
			return all, nil
		}
		if err != nil {
			return all, err
		}
	}
}
