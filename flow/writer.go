package flow

// A Writer writes flow records in one layout. It is the counterpart of a
// [Reader]: what it wrote reads back as the same records, apart from fields
// that the layout lacks.
type Writer interface {
	// Write writes rs, which stay the caller's.
	Write(rs []Record) error
	// Close completes the output, also an empty one. It does not close what
	// the Writer writes to.
	Close() error
}

// Names resolves the numbers in records.
type Names interface {
	File(uint32) string // an input, as the user named it
	Text(Symbol) string // an interned text
}
