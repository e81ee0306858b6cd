package flow

import (
	"encoding/binary"
	"sync"
)

// A Symbol is the number of an interned text; zero is the empty text.
type Symbol uint32

// Limits of a table of symbols: an input cannot make it grow further.
const (
	MaxSymbols    = 1 << 20
	MaxSymbolText = 256 // bytes; a longer text is cut
)

// Symbols is the table of interned texts of a run. Lookups may come from
// several goroutines while one adds.
type Symbols struct {
	mu      sync.RWMutex
	numbers map[string]Symbol
	texts   []string
	dropped uint64
}

// NewSymbols makes an empty table.
func NewSymbols() *Symbols {
	return &Symbols{numbers: map[string]Symbol{"": 0}, texts: []string{""}}
}

// Lookup finds the symbol of text.
func (s *Symbols) Lookup(text []byte) (Symbol, bool) {
	if len(text) > MaxSymbolText {
		text = text[:MaxSymbolText]
	}
	s.mu.RLock()
	n, ok := s.numbers[string(text)]
	s.mu.RUnlock()
	return n, ok
}

// Add interns text. In a full table the text is dropped: the symbol of the
// empty text is returned, and Dropped counts it.
func (s *Symbols) Add(text []byte) Symbol {
	if len(text) > MaxSymbolText {
		text = text[:MaxSymbolText]
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if n, ok := s.numbers[string(text)]; ok {
		return n
	}
	if len(s.texts) >= MaxSymbols {
		s.dropped++
		return 0
	}
	t := string(text)
	n := Symbol(len(s.texts))
	s.texts = append(s.texts, t)
	s.numbers[t] = n
	return n
}

// Text is the text of a symbol.
func (s *Symbols) Text(n Symbol) string {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if int(n) >= len(s.texts) {
		return ""
	}
	return s.texts[n]
}

// Dropped counts the texts that a full table did not take.
func (s *Symbols) Dropped() uint64 {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.dropped
}

// An Interner gives symbols to one decoder. Texts that the run has not seen
// yet get provisional numbers, which Resolve makes final: decoders on several
// cores then number the texts in the order of the rows, whoever was faster.
type Interner struct {
	shared  *Symbols
	cache   [256]cachedSymbol
	pending []string
	numbers map[string]Symbol
}

type cachedSymbol struct {
	lo, hi uint64
	n      int32
	sym    Symbol
}

const provisional Symbol = 1 << 31

// Final reports whether s may be remembered beyond the next Resolve.
func Final(s Symbol) bool { return s&provisional == 0 }

// NewInterner makes an interner in front of a run's table.
func NewInterner(shared *Symbols) *Interner {
	return &Interner{shared: shared, numbers: map[string]Symbol{}}
}

// Symbol interns text, perhaps provisionally.
func (in *Interner) Symbol(text []byte) Symbol {
	if len(text) == 0 {
		return 0
	}
	if len(text) > 16 {
		return in.slow(text)
	}
	lo, hi := words(text)
	c := &in.cache[(lo^hi>>7^lo>>17^lo>>33)&255]
	if c.lo == lo && c.hi == hi && c.n == int32(len(text)) {
		return c.sym
	}
	s := in.slow(text)
	if s&provisional == 0 {
		*c = cachedSymbol{lo, hi, int32(len(text)), s}
	}
	return s
}

// words spreads up to 16 bytes over two words; the length tells texts apart
// that spread alike.
func words(b []byte) (lo, hi uint64) {
	if n := len(b); n >= 8 {
		return binary.LittleEndian.Uint64(b), binary.LittleEndian.Uint64(b[n-8:])
	}
	for i, c := range b {
		lo |= uint64(c) << (8 * i)
	}
	return lo, 0
}

func (in *Interner) slow(text []byte) Symbol {
	if len(text) > MaxSymbolText {
		text = text[:MaxSymbolText]
	}
	if n, ok := in.shared.Lookup(text); ok {
		return n
	}
	if n, ok := in.numbers[string(text)]; ok {
		return n
	}
	if len(in.pending) >= MaxSymbols {
		return 0
	}
	t := string(text)
	n := provisional | Symbol(len(in.pending))
	in.pending = append(in.pending, t)
	in.numbers[t] = n
	return n
}

// Resolve adds the texts met since the last call to the run's table and
// replaces their provisional numbers in rows. Calls must come in the order of
// the rows, after the decoding of these rows and before that of any others by
// this interner.
func (in *Interner) Resolve(rows []Record) {
	if len(in.pending) == 0 {
		return
	}
	final := make([]Symbol, len(in.pending))
	for i, t := range in.pending {
		final[i] = in.shared.Add([]byte(t))
	}
	fix := func(s *Symbol) {
		if *s&provisional != 0 {
			*s = final[*s&^provisional]
		}
	}
	for i := range rows {
		fix(&rows[i].RawState)
		fix(&rows[i].Service)
		fix(&rows[i].Label)
	}
	in.pending = in.pending[:0]
	clear(in.numbers)
}
