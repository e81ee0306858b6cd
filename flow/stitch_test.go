package flow_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"seine/flow"
)

// Kinds of records, as the formats describe them.
var (
	awsKind     = flow.Stitching{Pieces: true, Halves: true, Copies: true, Gap: 65 * flow.Second, Silence: true}
	gcpKind     = flow.Stitching{Pieces: true, Halves: true, Copies: true, Gap: 65 * flow.Second}
	netflowKind = flow.Stitching{Pieces: true, Halves: true, Gap: 65 * flow.Second, Silence: true}
	sampledKind = flow.Stitching{Pieces: true, Halves: true, Gap: 65 * flow.Second}
	halvesKind  = flow.Stitching{Halves: true, Silence: true}
	nineKind    = flow.Stitching{Pieces: true, Gap: 65 * flow.Second}
	azureKind   = flow.Stitching{Pieces: true, Copies: true, Gap: 305 * flow.Second}
	slowKind    = flow.Stitching{Pieces: true, Halves: true, Gap: 605 * flow.Second, Silence: true}
	copiesKind  = flow.Stitching{Copies: true}
	uidKind     = flow.Stitching{ByUID: true}
)

// rec makes a record from words: "tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-60
// 10p 1000b SA established". Times are seconds behind an hour; p and b have the
// answer's counters behind a slash.
func rec(t *testing.T, text string) flow.Record {
	t.Helper()
	words := strings.Fields(text)
	if len(words) < 5 || words[2] != ">" {
		t.Fatalf("record %q", text)
	}
	proto, ok := flow.ParseProto([]byte(words[0]))
	if !ok {
		t.Fatalf("protocol of %q", text)
	}
	r := flow.Record{Proto: proto, Has: flow.HasStart | flow.HasAddrs | flow.HasProto}
	end := func(word string, a *flow.Addr, port *uint16, has flow.Fields) {
		host := word
		if i := strings.LastIndexByte(word, ':'); i > 0 {
			host = word[:i]
			fmt.Sscan(word[i+1:], port)
			r.Has |= has
		}
		*a = parseAddr(t, host)
	}
	end(words[1], &r.Src, &r.SrcPort, flow.HasSrcPort)
	end(words[3], &r.Dst, &r.DstPort, flow.HasDstPort)
	for _, w := range words[4:] {
		switch {
		case w[0] == '@':
			from, to, both := strings.Cut(w[1:], "-")
			var a, b float64
			fmt.Sscan(from, &a)
			r.Start = 1_700_000_000*flow.Second + flow.Time(math.Round(a*1e9))
			if both {
				fmt.Sscan(to, &b)
				r.Duration = flow.Time(math.Round((b - a) * 1e9))
				r.Has |= flow.HasDuration
			}
		case strings.HasSuffix(w, "p") && w[0] <= '9':
			counters(w, &r.SrcPkts, &r.DstPkts, &r, flow.HasSrcPkts, flow.HasDstPkts)
		case strings.HasSuffix(w, "b") && w[0] <= '9':
			counters(w, &r.SrcBytes, &r.DstBytes, &r, flow.HasSrcBytes, flow.HasDstBytes)
		case strings.HasPrefix(w, "type="):
			fmt.Sscan(w[5:], &r.ICMPType)
			r.Has |= flow.HasICMP
		case strings.HasPrefix(w, "uid="):
			r.UID = flow.MakeUID([]byte(w[4:]))
			r.Has |= flow.HasUID
		case strings.HasPrefix(w, "raw="):
			fmt.Sscan(w[4:], &r.RawState)
		case w == "-":
			r.Has |= flow.HasFlags
		case w == strings.ToUpper(w):
			for _, c := range w {
				r.SrcFlags |= 1 << strings.IndexRune("FSRPAUEC", c)
			}
			r.Has |= flow.HasFlags
		default:
			for s := flow.StateUnknown; s <= flow.StateDenied; s++ {
				if s.String() == w {
					r.State = s
					r.Has |= flow.HasState
				}
			}
			if r.State == 0 {
				t.Fatalf("word %q", w)
			}
		}
	}
	return r
}

func counters(w string, a, b *uint64, r *flow.Record, src, dst flow.Fields) {
	x, y, both := strings.Cut(w[:len(w)-1], "/")
	fmt.Sscan(x, a)
	r.Has |= src
	if both {
		fmt.Sscan(y, b)
		r.Has |= dst
	}
}

// say is the inverse of rec, as far as tests look: what was not told is "-".
func say(r flow.Record) string {
	n := func(v uint64, has flow.Fields) string {
		if r.Has&has == 0 {
			return "-"
		}
		return fmt.Sprint(v)
	}
	flags := ""
	if r.Has&flow.HasFlags != 0 {
		flags = fmt.Sprintf(" %s/%s", r.SrcFlags, r.DstFlags)
	}
	base := 1_700_000_000 * flow.Second
	return fmt.Sprintf("%s %s:%d > %s:%d @%v-%v %s/%sp %s/%sb%s %s %s x%d #%d", r.Proto, r.Src, r.SrcPort, r.Dst, r.DstPort,
		float64(r.Start-base)/1e9, float64(r.End()-base)/1e9, n(r.SrcPkts, flow.HasSrcPkts), n(r.DstPkts, flow.HasDstPkts),
		n(r.SrcBytes, flow.HasSrcBytes), n(r.DstBytes, flow.HasDstBytes), flags, r.State, r.Orient, r.Pieces, r.Row)
}

// stitch puts the records together, all at once.
func stitch(how flow.Stitching, rs []flow.Record, opt flow.StitchOptions) ([]flow.Record, flow.StitchCounts) {
	s := flow.NewStitcher(how, opt)
	s.Add(rs)
	out := slices.Clone(s.Ready())
	s.Flush()
	out = append(out, s.Ready()...)
	return out, s.Counts()
}

func recs(t *testing.T, texts ...string) []flow.Record {
	var rs []flow.Record
	for i, text := range texts {
		r := rec(t, text)
		r.Row = uint64(i + 1)
		rs = append(rs, r)
	}
	return rs
}

func TestStitch(t *testing.T) {
	for _, test := range []struct {
		name string
		how  flow.Stitching
		in   []string
		want []string
	}{
		{"an answered connection", awsKind, []string{
			"tcp 192.0.2.7:22 > 10.0.0.1:40000 @1-30 9p 900b SA",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-30 8p 800b S",
		}, []string{"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-30 8/9p 800/900b S/SA established syn x2 #2"}},
		{"nobody answers, and the log would tell", awsKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-3 2p 120b S partial",
		}, []string{"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-3 2/0p 120/0b S/ attempt syn x0 #1"}},
		{"nobody answers, and the log cannot tell", sampledKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-3 2p 120b S",
			"udp 10.0.0.1:40000 > 192.0.2.7:53 @5-6 2p 120b",
		}, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-3 2/-p 120/-b S/ unknown syn x0 #1",
			"udp 10.0.0.1:40000 > 192.0.2.7:53 @5-6 2/-p 120/-b unknown service x0 #2",
		}},
		{"refused", netflowKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-0 1p 60b S",
			"tcp 192.0.2.7:22 > 10.0.0.1:40000 @0.01-0.01 1p 40b RA",
		}, []string{"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-0.01 1/1p 60/40b S/RA rejected syn x2 #1"}},
		{"a reset behind data is no refusal", netflowKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:2200 @0-1 5p 500b SPA",
			"tcp 192.0.2.7:2200 > 10.0.0.1:40000 @0.01-1 5p 4000b SRPA",
		}, []string{"tcp 10.0.0.1:40000 > 192.0.2.7:2200 @0-1 5/5p 500/4000b SPA/SRPA reset_resp earlier x2 #1"}},
		{"closed by both, a tail without SYN, and the port used again", netflowKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @0-1 5p 500b FSPA",
			"tcp 192.0.2.7:80 > 10.0.0.1:40000 @0.01-1 5p 4000b FSPA",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @1.1-1.1 1p 40b A",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @10-11 5p 500b FSPA",
			"tcp 192.0.2.7:80 > 10.0.0.1:40000 @10.01-11 6p 4000b FSPA",
		}, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @0-1.1 6/5p 540/4000b FSPA/FSPA closed earlier x3 #1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @10-11 5/6p 500/4000b FSPA/FSPA closed earlier x2 #4",
		}},
		{"the same, with the answer's records first", netflowKind, []string{
			"tcp 192.0.2.7:80 > 10.0.0.1:40000 @0.01-1 5p 4000b FSPA",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @0-1 5p 500b FSPA",
			"tcp 192.0.2.7:80 > 10.0.0.1:40000 @10.01-11 6p 4000b FSPA",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @10-11 5p 500b FSPA",
		}, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @0-1 5/5p 500/4000b FSPA/FSPA closed earlier x2 #2",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @10-11 5/6p 500/4000b FSPA/FSPA closed earlier x2 #4",
		}},
		{"SYNs sent again are one attempt", netflowKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @0-3 3p 180b S",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @30-60 2p 120b S",
		}, []string{"tcp 10.0.0.1:40000 > 192.0.2.7:80 @0-60 5/0p 300/0b S/ attempt syn x2 #1"}},
		{"an answered SYN, and another one", awsKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @0-3 3p 180b S",
			"tcp 192.0.2.7:80 > 10.0.0.1:40000 @0-3 3p 180b SA",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @30-40 2p 120b S",
		}, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @0-3 3/3p 180/180b S/SA established syn x2 #1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:80 @30-40 2/0p 120/0b S/ attempt syn x0 #3",
		}},
		{"a pause of more than the gap", netflowKind, []string{
			"udp 10.0.0.1:40000 > 192.0.2.7:9999 @0-10 3p 180b",
			"udp 10.0.0.1:40000 > 192.0.2.7:9999 @75-80 2p 120b",
			"udp 10.0.0.1:40000 > 192.0.2.7:9999 @146-150 2p 120b",
		}, []string{
			"udp 10.0.0.1:40000 > 192.0.2.7:9999 @0-80 5/0p 300/0b attempt port x2 #1",
			"udp 10.0.0.1:40000 > 192.0.2.7:9999 @146-150 2/0p 120/0b attempt port x0 #3",
		}},
		{"a piece that comes late joins what came before and behind", netflowKind, []string{
			"udp 10.0.0.1:40000 > 192.0.2.7:53 @0-60 1p 10b",
			"udp 192.0.2.7:53 > 10.0.0.1:40000 @180-240 4p 40b",
			"udp 10.0.0.1:40000 > 192.0.2.7:53 @90-150 2p 20b",
		}, []string{"udp 10.0.0.1:40000 > 192.0.2.7:53 @0-240 3/4p 30/40b established service x3 #1"}},
		{"halves of connections logged once are two seconds apart at most", halvesKind, []string{
			"udp 10.0.0.1:40000 > 192.0.2.7:53 @0-0.5 1p 10b",
			"udp 192.0.2.7:53 > 10.0.0.1:40000 @2.4-2.5 1p 90b",
			"udp 10.0.0.1:40001 > 192.0.2.7:53 @0-0.5 1p 10b",
			"udp 192.0.2.7:53 > 10.0.0.1:40001 @2.6-2.7 1p 90b",
		}, []string{
			"udp 10.0.0.1:40001 > 192.0.2.7:53 @0-0.5 1/0p 10/0b attempt service x0 #3",
			"udp 10.0.0.1:40000 > 192.0.2.7:53 @0-2.5 1/1p 10/90b established earlier x2 #1",
			"udp 10.0.0.1:40001 > 192.0.2.7:53 @2.6-2.7 0/1p 0/90b partial service x0 #4",
		}},
		{"an answer to nobody is turned round", netflowKind, []string{
			"udp 192.0.2.7:1900 > 10.0.0.1:40000 @0-0 1p 300b",
			"tcp 192.0.2.7:5000 > 10.0.0.1:40000 @1-1 1p 44b SA",
		}, []string{
			"udp 10.0.0.1:40000 > 192.0.2.7:1900 @0-0 0/1p 0/300b partial service x0 #1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:5000 @1-1 0/1p 0/44b /SA partial syn x0 #2",
		}},
		{"a group asks nobody and does not answer", netflowKind, []string{
			"udp 10.0.0.1:5353 > 224.0.0.251:5353 @0-0 1p 300b",
		}, []string{"udp 10.0.0.1:5353 > 224.0.0.251:5353 @0-0 1/0p 300/0b unknown source x0 #1"}},
		{"echoes pair by type, unreachables do not", netflowKind, []string{
			"icmp 192.0.2.7 > 10.0.0.1 @0.02-3 4p 400b type=0",
			"icmp 10.0.0.1 > 192.0.2.7 @0-3 4p 400b type=8",
			"icmp 192.0.2.7 > 10.0.0.1 @1-4 1p 56b type=3",
			"icmp 10.0.0.1 > 192.0.2.7 @1-5 1p 56b type=3",
			"icmp 10.0.0.1 > 192.0.2.8 @1-6 1p 56b type=8",
		}, []string{
			"icmp 10.0.0.1:0 > 192.0.2.7:0 @0-3 4/4p 400/400b established source x2 #2",
			"icmp 192.0.2.7:0 > 10.0.0.1:0 @1-4 1/0p 56/0b unknown source x0 #3",
			"icmp 10.0.0.1:0 > 192.0.2.7:0 @1-5 1/0p 56/0b unknown source x0 #4",
			"icmp 10.0.0.1:0 > 192.0.2.8:0 @1-6 1/0p 56/0b attempt source x0 #5",
		}},
		{"a window logged by both interfaces counts once", awsKind, []string{
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @0-58 10p 1000b S",
			"tcp 10.0.0.2:22 > 10.0.0.1:40000 @0-58 9p 900b SA",
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @1-58 10p 1000b S",
			"tcp 10.0.0.2:22 > 10.0.0.1:40000 @0-59 9p 900b SA",
		}, []string{"tcp 10.0.0.1:40000 > 10.0.0.2:22 @0-59 10/9p 1000/900b S/SA established syn x4 #1"}},
		{"observers whose windows are shifted", awsKind, []string{
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @0-60 10p 1000b",
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @0-20 3p 300b",
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @60-120 10p 1000b",
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @20-80 10p 1000b",
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @120-150 5p 500b",
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @80-140 10p 1000b",
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @140-150 2p 200b",
		}, []string{"udp 10.0.0.1:40000 > 10.0.0.2:53 @0-150 25/0p 2500/0b attempt service x7 #1"}},
		{"one packet seen twice, a second apart", awsKind, []string{
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @3-3 1p 60b",
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @4-4 1p 60b",
		}, []string{"udp 10.0.0.1:40000 > 10.0.0.2:53 @3-4 1/0p 60/0b attempt service x2 #1"}},
		{"sampled copies: the larger count", gcpKind, []string{
			"tcp 10.0.0.1:40000 > 10.0.0.2:443 @0.1-4.9 30p 3000b",
			"tcp 10.0.0.1:40000 > 10.0.0.2:443 @0.2-4.8 20p 3200b",
			"tcp 10.0.0.2:443 > 10.0.0.1:40000 @0.3-4.8 20p 9000b",
		}, []string{"tcp 10.0.0.1:40000 > 10.0.0.2:443 @0.1-4.9 30/20p 3200/9000b established service x3 #1"}},
		{"a rejected answer", awsKind, []string{
			"icmp 10.0.0.1 > 10.0.0.2 @0-50 4p 336b partial",
			"icmp 10.0.0.2 > 10.0.0.1 @1-50 4p 336b denied",
			"tcp 10.0.0.9:40000 > 10.0.0.2:22 @0-51 1p 60b S denied",
			"tcp 10.0.0.9:40000 > 10.0.0.2:22 @60-90 2p 60b S denied",
		}, []string{
			"icmp 10.0.0.1:0 > 10.0.0.2:0 @0-50 4/4p 336/336b denied guess x2 #1",
			"tcp 10.0.0.9:40000 > 10.0.0.2:22 @0-51 1/0p 60/0b S/ denied syn x0 #3",
			"tcp 10.0.0.9:40000 > 10.0.0.2:22 @60-90 2/0p 60/0b S/ denied syn x0 #4",
		}},
		{"the rest of a closed connection does not come after minutes", slowKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-10 9p 900b FSPA",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @100-101 1p 40b A",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @300-301 1p 40b A",
		}, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-101 10/0p 940/0b FSPA/ partial service x2 #1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @300-301 1/0p 40/0b A/ partial service x0 #3",
		}},
		{"windows that begin at once are of two observers", awsKind, []string{
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @3-3 1p 60b",
			"udp 10.0.0.1:40000 > 10.0.0.2:53 @3-50 5p 300b",
		}, []string{"udp 10.0.0.1:40000 > 10.0.0.2:53 @3-50 5/0p 300/0b attempt service x2 #1"}},
		{"a reset of what was open, in windows without ACKs", awsKind, []string{
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @0-50 10p 900b S",
			"tcp 10.0.0.2:22 > 10.0.0.1:40000 @0-50 10p 9000b R",
		}, []string{"tcp 10.0.0.1:40000 > 10.0.0.2:22 @0-50 10/10p 900/9000b S/R reset_resp syn x2 #1"}},
		{"the first packet of a sample is not the first packet", sampledKind, []string{
			"tcp 10.0.0.2:22 > 10.0.0.1:40000 @0-50 10p 9000b SA",
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @5-50 10p 900b SA",
		}, []string{"tcp 10.0.0.1:40000 > 10.0.0.2:22 @0-50 10/10p 900/9000b SA/SA established service x2 #1"}},
		{"two sensors", copiesKind, []string{
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @0-50 10/9p closed",
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @1-49 10/8p closed",
			"tcp 10.0.0.2:22 > 10.0.0.1:40000 @0-60 1/1p closed",
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @60-70 3/3p closed",
		}, []string{
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @0-50 10/9p -/-b closed source x2 #1",
			"tcp 10.0.0.2:22 > 10.0.0.1:40000 @0-60 1/1p -/-b closed source x0 #3",
			"tcp 10.0.0.1:40000 > 10.0.0.2:22 @60-70 3/3p -/-b closed source x0 #4",
		}},
		{"the last report says how it ended", uidKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-1300 130/130p 900/900b closed uid=C1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-1301 120/120p 800/850b established uid=C1",
		}, []string{"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-1301 130/130p 900/900b closed source x2 #1"}},
		{"deltas without durations", nineKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0 10/0b attempt raw=1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @30 100/200b established raw=2",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @90 100/200b closed raw=3",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @91 1/2b closed raw=4",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @95 5/6b closed raw=4",
		}, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-91 -/-p 211/402b closed source x4 #1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @95-95 -/-p 5/6b closed source x0 #5",
		}},
		{"a tail turned round", nineKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-5 10/9p closed",
			"tcp 192.0.2.7:22 > 10.0.0.1:40000 @6-7 2/1p partial",
		}, []string{"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-7 11/11p -/-b closed source x2 #1"}},
		{"a tail turned round that comes first", nineKind, []string{
			"tcp 192.0.2.7:22 > 10.0.0.1:40000 @6-7 2/1p partial",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-5 10/9p closed",
		}, []string{"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-7 11/11p -/-b closed source x2 #2"}},
		{"tuples of two groups", azureKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0.25 0/0b established raw=1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @1 0/0b established raw=1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @300.25 50/60b established raw=2",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @300.5 50/60b established raw=2",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @310.25 5/6b closed raw=3",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @310.5 5/6b closed raw=3",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @311.5 0/0b established raw=1",
		}, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0.25-310.5 -/-p 55/66b closed source x6 #1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @311.5-311.5 -/-p 0/0b established source x0 #7",
		}},
		{"reports on a connection that is open", uidKind, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-600 60/60p 500/600b established uid=C1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-1300 130/130p 900/900b closed uid=C1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-1200 120/120p 800/850b established uid=C1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @9000-9001 1/1p 8/8b closed uid=C1",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-2 1/1p 8/8b closed",
		}, []string{
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-2 1/1p 8/8b closed source x0 #5",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @0-1300 130/130p 900/900b closed source x3 #2",
			"tcp 10.0.0.1:40000 > 192.0.2.7:22 @9000-9001 1/1p 8/8b closed source x0 #4",
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, counts := stitch(test.how, recs(t, test.in...), flow.StitchOptions{})
			var lines []string
			for _, r := range got {
				lines = append(lines, say(r))
			}
			if !slices.Equal(lines, test.want) {
				t.Errorf("%+v\ngot  %s\nwant %s", counts, strings.Join(lines, "\n     "), strings.Join(test.want, "\n     "))
			}
			if int(counts.Records) != len(test.in) || int(counts.Flows) != len(test.want) {
				t.Errorf("counts %+v", counts)
			}
		})
	}
}
