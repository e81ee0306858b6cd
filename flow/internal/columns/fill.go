package columns

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"seine/flow"
	"seine/flow/internal/canonical"
	"seine/flow/internal/parse"
)

// A Filler fills records from the values of mapped columns, as texts, for the
// formats that read whatever table they are given. It serves one goroutine.
type Filler struct {
	Mapping *Mapping
	Intern  *flow.Interner
	Clock   parse.Clock
	// Ports keeps the ports of ICMP rows as they are; else they are taken
	// for the type and the code that most tables put there.
	Ports bool
	// Exact reads a table that Seine wrote: each value is what it says, all
	// but the empty text is one, and nothing is put right a second time.
	Exact bool
	// Negative, if given, counts the durations below zero, which become 0.
	Negative *atomic.Uint64

	end flow.Time
}

// NewFiller makes a filler for m. A table with the column orient_by is exact.
func NewFiller(m *Mapping, in *flow.Interner, clock parse.Clock) *Filler {
	return &Filler{Mapping: m, Intern: in, Clock: clock, Exact: m.Column(OrientBy) >= 0}
}

// ErrNoStart is the error of a row without a time.
var ErrNoStart = errors.New("no time")

// Begin empties r for a row.
func (f *Filler) Begin(r *flow.Record) {
	*r = flow.Record{Proto: flow.ProtoUnknown}
	f.end = 0
}

// Finish completes r when all values are set.
func (f *Filler) Finish(r *flow.Record) error {
	if r.Has&flow.HasStart == 0 {
		return ErrNoStart
	}
	if f.Exact {
		return nil
	}
	if f.end != 0 && r.Has&flow.HasDuration == 0 {
		f.lasting(f.end.Sub(r.Start), r)
	}
	if f.Ports {
		parse.Settle(r)
	} else {
		Settle(r)
	}
	return nil
}

// lasting stores a duration.
func (f *Filler) lasting(d flow.Time, r *flow.Record) {
	if d < 0 {
		d = 0
		if f.Negative != nil {
			f.Negative.Add(1)
		}
	}
	r.Duration = d
	r.Has |= flow.HasDuration
}

// Fail names the field, and the value that could not be read.
func Fail(field Field, value []byte, err error) error {
	const most = 60
	more := ""
	if len(value) > most {
		value, more = value[:most], "…"
	}
	return fmt.Errorf("%s %q: %w", field, string(value)+more, err)
}

// Set stores one value. A time, an address or a port that cannot be read is
// an error; any other field is then absent.
func (f *Filler) Set(field Field, v []byte, r *flow.Record) error {
	return f.SetIn(field, f.Mapping.Unit[field], v, r)
}

// SetIn is Set for a value whose name tells the unit, 0 if it does not.
func (f *Filler) SetIn(field Field, unit parse.Unit, v []byte, r *flow.Record) error {
	if !f.Exact {
		v = parse.Trim(v)
	}
	switch field {
	case Start:
		t, err := f.time(v)
		if err != nil {
			return Fail(field, v, err)
		}
		r.Start = t
		r.Has |= flow.HasStart
		return nil
	case SrcIP, DstIP:
		a, err := f.addr(v)
		if err != nil {
			return Fail(field, v, err)
		}
		if field == SrcIP {
			r.Src = a
		} else {
			r.Dst = a
		}
		r.Has |= flow.HasAddrs
		return nil
	case Proto:
		if p, ok := flow.ParseProto(bytes.TrimSuffix(v, []byte(".0"))); ok {
			r.Proto = p
			r.Has |= flow.HasProto
		}
		return nil
	}
	if len(v) == 0 || !f.Exact && parse.Unset(v) {
		return nil
	}
	return f.set(field, unit, v, r)
}

func (f *Filler) time(v []byte) (flow.Time, error) {
	if f.Exact {
		if t, ok := parse.Instant(v); ok {
			return t, nil
		}
	}
	return f.Clock.Parse(v)
}

// addr reads an address. Seine itself writes the name of a host where it was
// given one.
func (f *Filler) addr(v []byte) (flow.Addr, error) {
	a, err := flow.ParseAddr(v)
	if err != nil && f.Exact {
		if name, ok := flow.NameAddr(v); ok {
			return name, nil
		}
	}
	return a, err
}

// set stores a value that is not unset.
func (f *Filler) set(field Field, unit parse.Unit, v []byte, r *flow.Record) error {
	switch field {
	case SrcPort, DstPort:
		return port(field, v, r)
	case SrcBytes:
		count(v, r, &r.SrcBytes, flow.HasSrcBytes)
	case DstBytes:
		count(v, r, &r.DstBytes, flow.HasDstBytes)
	case SrcPkts:
		count(v, r, &r.SrcPkts, flow.HasSrcPkts)
	case DstPkts:
		count(v, r, &r.DstPkts, flow.HasDstPkts)
	case End:
		clock := f.Clock
		if unit != 0 {
			clock.Unit = unit
		}
		if t, err := clock.Parse(v); err == nil {
			f.end = t
		}
	case Duration:
		if unit == 0 {
			unit = parse.Seconds
		}
		if d, err := parse.Scaled(v, unit); err == nil {
			f.lasting(d, r)
		} else if x, err := strconv.ParseFloat(string(v), 64); err == nil && x*float64(unit) > -1<<62 && x*float64(unit) < 1<<62 {
			f.lasting(flow.Time(math.Round(x*float64(unit))), r) // 1.5e-05
		}
	case State:
		r.State = parse.State(v)
		r.Has |= flow.HasState
		if f.Mapping.Column(RawState) < 0 {
			r.RawState = f.Intern.Symbol(v)
		}
	case RawState:
		r.RawState = f.Intern.Symbol(v)
	case SrcFlags, DstFlags:
		if fl, ok := parse.Flags(v); ok {
			if field == SrcFlags {
				r.SrcFlags = fl
			} else {
				r.DstFlags = fl
			}
			r.Has |= flow.HasFlags
		}
	case Service:
		r.Service = f.Intern.Symbol(v)
		r.Has |= flow.HasService
	case Label:
		r.Label = f.Intern.Symbol(v)
		r.Has |= flow.HasLabel
	case UID:
		r.UID = flow.MakeUID(v)
		r.Has |= flow.HasUID
	case ICMPType, ICMPCode:
		n, err := parse.Uint(v)
		if err != nil || n > 255 {
			return nil
		}
		if field == ICMPType {
			r.ICMPType = uint8(n)
		} else {
			r.ICMPCode = uint8(n)
		}
		r.Has |= flow.HasICMP
	case Pieces:
		if n, err := parse.Uint(v); err == nil {
			r.Pieces = uint8(min(n, 255))
		}
	case OrientBy:
		r.Orient = canonical.ParseOrient(v)
	}
	return nil
}

func port(field Field, v []byte, r *flow.Record) error {
	p, err := parse.Port(v)
	if err != nil {
		if t, c, ok := bytes.Cut(v, []byte(".")); ok && field == DstPort { // nfdump's type.code
			t8, err1 := parse.Uint(t)
			c8, err2 := parse.Uint(c)
			if err1 == nil && err2 == nil && t8 < 256 && c8 < 256 {
				r.ICMPType, r.ICMPCode = uint8(t8), uint8(c8)
				r.Has |= flow.HasICMP
				return nil
			}
		}
		return Fail(field, v, err)
	}
	if field == SrcPort {
		r.SrcPort = p
		r.Has |= flow.HasSrcPort
	} else {
		r.DstPort = p
		r.Has |= flow.HasDstPort
	}
	return nil
}

func count(v []byte, r *flow.Record, to *uint64, bit flow.Fields) {
	if n, ok := parse.Counter(v); ok {
		*to = n
		r.Has |= bit
	}
}

// StartUnit tells the unit of numeric times: by the name of their column, or
// by the median of the first values. It is one decision for the column, which
// one odd row does not turn.
func (m *Mapping) StartUnit(values []string) parse.Unit {
	if u := m.Unit[Start]; u != 0 {
		return u
	}
	var times []float64
	for _, text := range values {
		var c parse.Clock
		if t, err := c.Parse([]byte(text)); err == nil && !strings.ContainsAny(text, ":/") {
			times = append(times, float64(t)/1e9)
		} else if err == parse.ErrTimeRange {
			whole, _, _ := strings.Cut(text, ".")
			if v, err := parse.Uint([]byte(whole)); err == nil {
				times = append(times, float64(v))
			}
		}
	}
	if len(times) == 0 {
		return parse.Seconds
	}
	slices.Sort(times)
	return parse.GuessUnit(times[len(times)/2])
}
