package main

import (
	"bytes"
	"net/netip"

	"seine/flow"
	"seine/flow/csv"
	"seine/flow/json"
	"seine/flow/ocsf"
	"seine/flow/parquet"
	"seine/flow/zeek"
)

// names are those of a trace: one file, few texts.
type names struct{ symbols *flow.Symbols }

func (n names) File(uint32) string        { return "trace" }
func (n names) Text(s flow.Symbol) string { return n.symbols.Text(s) }

// records are the connections as Seine's own records, with all that a record
// can hold.
func records(t trace, symbols *flow.Symbols) []flow.Record {
	var all []flow.Record
	for i, c := range t {
		w := c.whole()
		r := flow.Record{
			Start: flow.Time(w.first) * 1_000_000, Duration: flow.Time(w.last-w.first) * 1_000_000,
			Src: addr(c.src), Dst: addr(c.dst), Proto: c.proto, State: c.state(),
			SrcBytes: uint64(w.out.ip), DstBytes: uint64(w.in.ip), SrcPkts: uint64(w.out.pkts), DstPkts: uint64(w.in.pkts),
			Has: flow.HasStart | flow.HasAddrs | flow.HasProto | flow.HasDuration | flow.HasBytes | flow.HasPkts | flow.HasState,
			Row: uint64(i + 1),
		}
		if isICMP(c.proto) {
			r.ICMPType, r.ICMPCode = c.kind()
			r.Has |= flow.HasICMP
		} else {
			r.SrcPort, r.DstPort = c.sport, c.dport
			r.Has |= flow.HasSrcPort | flow.HasDstPort
		}
		if c.proto == flow.TCP {
			r.SrcFlags, r.DstFlags = w.out.flags, w.in.flags
			r.Has |= flow.HasFlags
		}
		if c.service != "" {
			r.Service = symbols.Add([]byte(c.service))
			r.Has |= flow.HasService
		}
		all = append(all, r)
	}
	return all
}

// own writes the trace by one of Seine's own writers.
func own(f *flow.Format) func(trace) []byte {
	return func(t trace) []byte {
		symbols := flow.NewSymbols()
		var b bytes.Buffer
		w, err := f.Create(&b, names{symbols})
		if err == nil {
			err = w.Write(records(t, symbols))
		}
		if err == nil {
			err = w.Close()
		}
		if err != nil {
			panic(err) // a buffer takes everything
		}
		return b.Bytes()
	}
}

var (
	ownCSV     = own(csv.Format())
	ownJSON    = own(json.Format())
	ownParquet = own(parquet.Format())
	ownOCSF    = own(ocsf.Format())
	ownZeek    = own(zeek.TSV())
)

func addr(ip netip.Addr) flow.Addr {
	a, err := flow.AddrFromNetip(ip)
	if err != nil {
		panic(err) // the addresses of the trace have no zones
	}
	return a
}
