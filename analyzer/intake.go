package analyzer

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"seine/flow"
)

// An Intake says which flows are read, and how.
type Intake struct {
	Sources []*flow.Source // in the order in which they are read
	Formats []*flow.Format // candidates for detection
	Format  *flow.Format   // forced, or nil
	MaxBad  BadLimit

	Stitch   StitchMode
	Lateness flow.Time // how far behind the newest a record may come and still be stitched
	Select   Selection

	Symbols   *flow.Symbols // table of the texts, for whoever resolves them
	BatchRows int           // rows handed on at once; 0 means the default
}

func (in Intake) withDefaults() Intake {
	if in.BatchRows <= 0 {
		in.BatchRows = defaultBatchRows
	}
	return in
}

func (c *Config) intake() Intake {
	return Intake{
		Sources: c.Sources, Formats: c.Formats, Format: c.Format, MaxBad: c.MaxBad,
		Stitch: c.Stitch, Lateness: c.Lateness, Select: c.Select, BatchRows: c.BatchRows,
	}
}

// A StitchMode says whether records are put together to connections.
type StitchMode uint8

// The modes.
const (
	StitchAuto StitchMode = iota // where the format needs it
	StitchOn
	StitchOff
)

// A Selection chooses flows, after stitching. The zero Selection takes all.
type Selection struct {
	Span   flow.Span // of the starts of the flows
	Sample float64   // share of the connections, by a hash of addresses, ports and protocol; 0 all
	// Where is a condition, nil for none. It is used on one goroutine.
	Where interface{ Keep(r *flow.Record) bool }
	// Ignore keeps flows of those that are wanted out of the run, nil for
	// none. It is used on one goroutine.
	Ignore Ignorer
}

func (s *Selection) selects() bool {
	return s.Span != flow.Span{} || s.Sample > 0 && s.Sample < 1 || s.Where != nil || s.Ignore != nil
}

func (in *input) selects() bool { return in.Select.selects() }

// choose moves the rows that are wanted to the front, and tells how many of
// the others were ignored.
func (s *Selection) choose(rows []flow.Record) (wanted []flow.Record, ignored uint64) {
	all := s.Sample <= 0 || s.Sample >= 1
	limit := uint64(s.Sample * (1 << 63))
	n := 0
	for i := range rows {
		r := &rows[i]
		if !s.Span.Contains(r.Start) || !all && connectionHash(r)>>1 >= limit || s.Where != nil && !s.Where.Keep(r) {
			continue
		}
		if s.Ignore != nil && s.Ignore.Ignore(r) {
			ignored++
			continue
		}
		if n != i {
			rows[n] = *r
		}
		n++
	}
	return rows[:n], ignored
}

// connectionHash is the same for all records of a connection, in either
// direction, and for no input can it be told in advance which ones it favours
// beyond trying: it is no secret, and need not be.
func connectionHash(r *flow.Record) uint64 {
	side := func(a *flow.Addr, port uint16) uint64 {
		return mix(binary.LittleEndian.Uint64(a[:8]) + mix(binary.LittleEndian.Uint64(a[8:])+uint64(port)*0x9e3779b97f4a7c15))
	}
	return mix(side(&r.Src, r.SrcPort) + side(&r.Dst, r.DstPort) + uint64(r.Proto))
}

func hashAddr(a *flow.Addr) uint64 {
	return binary.LittleEndian.Uint64(a[:8]) + mix(binary.LittleEndian.Uint64(a[8:]))
}

// mix is the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
func mix(h uint64) uint64 {
	h += 0x9e3779b97f4a7c15
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}

// Taken tells what an intake read.
type Taken struct {
	Files    []FileSummary
	Records  uint64 // read
	Bad      uint64 // rows that could not be read
	Skipped  uint64 // rows that are no flows
	Filtered uint64 // flows that were read and not wanted
	Ignored  uint64 // flows that were wanted, but for a rule of the user's
	Flows    uint64 // handed on
	Stitched flow.StitchCounts
}

// Scan reads the flows of an intake and hands them to take in their order,
// each with its file and row. The rows are take's until it returns. The error
// joins what went wrong with the input (Is ErrInput) with what take returned,
// which ends the scan. When ctx is done the scan ends without an error.
func Scan(ctx context.Context, from Intake, take func(rows []flow.Record) error) (*Taken, error) {
	in := newInput(from)
	loans := make(chan *loan, 2)
	stop := make(chan struct{})
	go in.run(loans, stop)
	var flows uint64
	var failed error
	over := false
	for !over && failed == nil {
		select {
		case <-ctx.Done():
			over = true
		case l, ok := <-loans:
			if !ok {
				failed = in.verdict()
				over = true
				break
			}
			if !l.settled {
				l.batch.Settle()
			}
			flows += uint64(len(l.batch.Rows))
			failed = take(l.batch.Rows)
			l.batch.Free()
		}
	}
	close(stop)
	t := &Taken{Files: in.summaries(), Flows: flows}
	for _, f := range t.Files {
		t.Records += f.Rows
		t.Bad += f.Bad
		t.Skipped += f.Skipped
	}
	left := in.tally()
	t.Filtered, t.Ignored, t.Stitched = left.filtered, left.ignored, left.stitched
	return t, failed
}

// ParseStitch reads a mode.
func ParseStitch(text string) (StitchMode, error) {
	switch text {
	case "auto":
		return StitchAuto, nil
	case "on":
		return StitchOn, nil
	case "off":
		return StitchOff, nil
	}
	return 0, fmt.Errorf("%q is none of auto, on, off", text)
}

var errNoSample = errors.New("is no share: give a number as 0.01, or a fraction as 1/100")

// ParseSample reads a share of the flows, "0.01" or "1/100".
func ParseSample(text string) (float64, error) {
	part, whole, fraction := strings.Cut(text, "/")
	a, err := strconv.ParseFloat(part, 64)
	if fraction && err == nil {
		var b float64
		b, err = strconv.ParseFloat(whole, 64)
		a /= b
	}
	if err != nil || !(a > 0 && a <= 1) {
		return 0, fmt.Errorf("%q %w", text, errNoSample)
	}
	return a, nil
}
