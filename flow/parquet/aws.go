package parquet

import (
	"fmt"
	"slices"

	"github.com/apache/arrow/go/v17/parquet/metadata"
	"github.com/apache/arrow/go/v17/parquet/schema"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/parse"
)

// An awsLog is a flow log of Amazon VPC. Its names are those of the text form
// with _ for -, and it has some things that other tables do not: addresses of
// the packet beside those of the interface, an action, and rows that say that
// there was no traffic.
type awsLog struct {
	pktSrc, pktDst, status int // columns, or -1
	noData, skipData       uint64
}

// awsColumns recognises the table by its columns. It gives the action to the
// state, unless the user has given that something else.
func awsColumns(names []string, m *columns.Mapping, overrides map[string]string) *awsLog {
	at := func(name string) int { return slices.Index(names, name) }
	if (at("srcaddr") < 0 || at("dstaddr") < 0) && (at("pkt_srcaddr") < 0 || at("pkt_dstaddr") < 0) ||
		at("start") < 0 || at("log_status") < 0 && at("action") < 0 && at("interface_id") < 0 {
		return nil
	}
	a := &awsLog{pktSrc: at("pkt_srcaddr"), pktDst: at("pkt_dstaddr"), status: at("log_status")}
	if i := m.Column(columns.SrcIP); i == a.pktSrc || overrides["src_ip"] != "" {
		a.pktSrc = -1
	}
	if i := m.Column(columns.DstIP); i == a.pktDst || overrides["dst_ip"] != "" {
		a.pktDst = -1
	}
	if m.Column(columns.State) < 0 {
		m.Of[columns.State] = at("action")
	}
	return a
}

// explain adds what the columns say beside the fields they are mapped to.
func (a *awsLog) explain(lines []string) []string {
	lines = append([]string{"AWS VPC flow log: a row is one direction, at one interface, in one window"}, lines...)
	for i, name := range []string{"pkt_srcaddr goes before src_ip", "pkt_dstaddr goes before dst_ip", "log_status: no flow unless OK"} {
		if []int{a.pktSrc, a.pktDst, a.status}[i] >= 0 {
			lines = append(lines, name)
		}
	}
	return lines
}

// stitching is how the rows relate to connections, as of the text form.
func (a *awsLog) stitching(m *columns.Mapping) flow.Stitching {
	return flow.Stitching{Pieces: true, Halves: true, Copies: true, Auto: true, Silence: m.Column(columns.SrcFlags) >= 0}
}

// address binds the address of the interface, or whichever stands for it,
// which gives way to that of the packet.
func (a *awsLog) address(f columns.Field, leaf *schema.Column, in *input, at int) *boundColumn {
	m := addresses(leaf, false)
	of := func(r *flow.Record) *flow.Addr { return &r.Src }
	if f == columns.DstIP {
		of = func(r *flow.Record) *flow.Addr { return &r.Dst }
	}
	m.put = func(b *batch, lo, hi int, vs []flow.Addr) {
		for i, v := range vs[lo:hi] {
			if to := of(&b.rows[lo+i]); *to == (flow.Addr{}) {
				*to = v
			}
		}
	}
	return &boundColumn{newColumn(m, newPages(leaf, in), leaf.Path(), f, flow.HasAddrs), at, f}
}

// columns binds the columns that no field stands for. leaves are the columns
// of the file by name.
func (a *awsLog) columns(meta *metadata.FileMetaData, in *input, leaves []int) (cols []*boundColumn) {
	packet := func(at int, of func(r *flow.Record) *flow.Addr) {
		if at < 0 {
			return
		}
		leaf := meta.Schema.Column(leaves[at])
		m := addresses(leaf, false)
		m.put = func(b *batch, lo, hi int, vs []flow.Addr) {
			for i, v := range vs[lo:hi] {
				if v != (flow.Addr{}) {
					*of(&b.rows[lo+i]) = v
				}
			}
		}
		cols = append(cols, &boundColumn{newColumn(m, newPages(leaf, in), leaf.Path(), columns.None, 0), leaves[at], columns.None})
	}
	packet(a.pktSrc, func(r *flow.Record) *flow.Addr { return &r.Src })
	packet(a.pktDst, func(r *flow.Record) *flow.Addr { return &r.Dst })
	if a.status >= 0 {
		leaf := meta.Schema.Column(leaves[a.status])
		m := texts(leaf, false, func(text []byte) uint8 {
			switch string(text) {
			case "NODATA":
				return noData
			case "SKIPDATA":
				return skipData
			}
			return 0
		})
		m.put = func(b *batch, lo, hi int, vs []uint8) { copy(b.status[lo:hi], vs[lo:hi]) }
		cols = append(cols, &boundColumn{newColumn(m, newPages(leaf, in), leaf.Path(), columns.None, 0), leaves[a.status], columns.None})
	}
	return cols
}

// The log status of a row, if it is not OK.
const (
	noData   = 1
	skipData = 2
)

// settle puts right what AWS means otherwise than most.
func (a *awsLog) settle(r *flow.Record) {
	if r.Has&flow.HasProto != 0 && r.Proto != flow.TCP {
		r.SrcFlags = 0
		r.Has &^= flow.HasFlags
		if r.Proto != flow.UDP && r.SrcPort == 0 && r.DstPort == 0 { // of protocols without ports
			r.Has &^= flow.HasSrcPort | flow.HasDstPort
		}
	}
	if r.Has&flow.HasState != 0 && r.State != flow.StateDenied {
		r.State = parse.Accepted(r.SrcFlags)
	}
}

// empty drops the rows that say that there was no traffic, or that it was
// lost. They lack addresses, so that they count as bad until here.
func (b *batch) empty() {
	if b.aws == nil || b.aws.status < 0 {
		return
	}
	for i, s := range b.status[:b.n] {
		if s == 0 {
			continue
		}
		if s == noData {
			b.noData++
		} else {
			b.skipData++
		}
		b.bad[i], b.anyBad = true, true
	}
	if b.noData+b.skipData == 0 {
		return
	}
	b.reasons = slices.DeleteFunc(b.reasons, func(r flow.BadRow) bool { return b.status[r.Row-1] != 0 })
}

// count takes what a batch has dropped.
func (a *awsLog) count(src *flow.Source, b *batch) {
	a.noData += b.noData
	a.skipData += b.skipData
	src.Skipped += b.noData + b.skipData
}

// note tells at the end what was dropped.
func (a *awsLog) note(src *flow.Source) {
	if a.skipData > 0 {
		src.Note(fmt.Sprintf("%d windows with SKIPDATA: AWS lost records, so flows are missing", a.skipData))
	}
	if a.noData > 0 {
		src.Note(fmt.Sprintf("%d windows with NODATA: no traffic", a.noData))
	}
}
