package columns

import (
	"slices"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/internal/parse"
)

// An alias in two places would be settled by the order of a list, in silence.
func TestEveryAliasMeansOneField(t *testing.T) {
	owner := map[string]Field{}
	for f := Start; f.Valid(); f++ {
		for _, a := range append([]string{Fold(table[f].name)}, strings.Fields(table[f].aliases)...) {
			if a != Fold(a) {
				t.Errorf("alias %q of %v would never be found: names are folded to %q", a, f, Fold(a))
			}
			if g, ok := owner[a]; ok && g != f {
				t.Errorf("alias %q belongs to %v and to %v", a, g, f)
			}
			owner[a] = f
		}
	}
	if len(alias) != len(owner) {
		t.Errorf("%d names can be found of %d", len(alias), len(owner))
	}
}

func TestNamesAreFoldedToWhatCounts(t *testing.T) {
	for name, want := range map[string]string{
		"Source IP": "sourceip", "id.orig_h": "idorigh", "#ts": "ts", "\ufeffTs": "ts", ` "dst-port" `: "dstport", "'x'\t": "x",
		"ÄÖ": "ÄÖ", "": "", "_": "",
	} {
		if got := Fold(name); got != want {
			t.Errorf("%q folds to %q, want %q", name, got, want)
		}
	}
}

// header maps the columns of one line.
func header(t *testing.T, names string, overrides map[string]string) *Mapping {
	t.Helper()
	m, err := Map(strings.Split(names, ","), overrides)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// assigned lists the fields by column, "-" for a column that is not used.
func (m *Mapping) assigned() string {
	out := make([]string, len(m.Columns))
	for i := range out {
		out[i] = "-"
		for f := Start; f.Valid(); f++ {
			if m.Column(f) == i {
				out[i] = f.String()
			}
		}
	}
	return strings.Join(out, " ")
}

func TestTheHeadersOfManyToolsAreUnderstood(t *testing.T) {
	for _, test := range []struct{ tool, names, want string }{
		{"nine columns", "ts,protocol,state,src_ip,src_port,dst_ip,dst_port,src_bytes,dst_bytes",
			"ts protocol state src_ip src_port dst_ip dst_port src_bytes dst_bytes"},
		{"Zeek", "#ts,uid,id.orig_h,id.orig_p,id.resp_h,id.resp_p,proto,service,duration,orig_bytes,resp_bytes,conn_state,history,orig_pkts,resp_pkts",
			"ts uid src_ip src_port dst_ip dst_port protocol service duration src_bytes dst_bytes state - src_pkts dst_pkts"},
		{"Argus", "StartTime,Dur,Proto,SrcAddr,Sport,Dir,DstAddr,Dport,State,sTos,dTos,TotPkts,TotBytes,SrcBytes,Label",
			"ts duration protocol src_ip src_port - dst_ip dst_port state - - - - src_bytes label"},
		{"nfdump 1.6", "ts,te,td,sa,da,sp,dp,pr,flg,fwd,stos,ipkt,ibyt,opkt,obyt",
			"ts end duration src_ip dst_ip src_port dst_port protocol src_flags - - src_pkts src_bytes dst_pkts dst_bytes"},
		{"nfdump 1.7", "firstSeen,duration,proto,srcAddr,srcPort,dstAddr,dstPort,flags,packets,bytes",
			"ts duration protocol src_ip src_port dst_ip dst_port src_flags src_pkts src_bytes"},
		{"CIDDS", "Date first seen,Duration,Proto,Src IP Addr,Src Pt,Dst IP Addr,Dst Pt,Packets,Bytes,Flows,Flags,Tos,class,attackType",
			"ts duration protocol src_ip src_port dst_ip dst_port src_pkts src_bytes - src_flags - label -"},
		{"CICFlowMeter", "Flow ID,Src IP,Src Port,Dst IP,Dst Port,Protocol,Timestamp,Flow Duration,Tot Fwd Pkts,Tot Bwd Pkts,TotLen Fwd Pkts,TotLen Bwd Pkts,Label",
			"uid src_ip src_port dst_ip dst_port protocol ts duration src_pkts dst_pkts src_bytes dst_bytes label"},
		{"UNSW-NB15", "srcip,sport,dstip,dsport,proto,state,dur,sbytes,dbytes,Spkts,Dpkts,Stime,Ltime,attack_cat,Label",
			"src_ip src_port dst_ip dst_port protocol state duration src_bytes dst_bytes src_pkts dst_pkts ts end - label"},
		{"NetFlow v9", "IPV4_SRC_ADDR,L4_SRC_PORT,IPV4_DST_ADDR,L4_DST_PORT,PROTOCOL,IN_BYTES,OUT_BYTES,IN_PKTS,OUT_PKTS,TCP_FLAGS,FLOW_START_MILLISECONDS",
			"src_ip src_port dst_ip dst_port protocol src_bytes dst_bytes src_pkts dst_pkts src_flags ts"},
		{"AWS VPC", "version,account-id,interface-id,srcaddr,dstaddr,srcport,dstport,protocol,packets,bytes,start,end,action,log-status",
			"- - - src_ip dst_ip src_port dst_port protocol src_pkts src_bytes ts end - -"},
		{"SiLK", "sIP,dIP,sPort,dPort,pro,packets,bytes,flags,sTime,duration,eTime",
			"src_ip dst_ip src_port dst_port protocol src_pkts src_bytes src_flags ts duration end"},
		{"Elastic", "@timestamp,source.ip,source.port,destination.ip,destination.port,network.transport,source.bytes,destination.bytes,event.duration,event.start",
			"- src_ip src_port dst_ip dst_port protocol src_bytes dst_bytes duration ts"},
		{"the better known name", "src,src_ip,source", "- src_ip -"},
		{"the first of two equals", "src_ip,Src IP,SRC-IP", "src_ip - -"},
	} {
		if got := header(t, test.names, nil).assigned(); got != test.want {
			t.Errorf("%s:\n%s\ngives %s\nwant  %s", test.tool, test.names, got, test.want)
		}
	}
}

func TestTheUserKnowsBetter(t *testing.T) {
	const names = "when,src_ip,peer,dst_ip,x,src_ip"
	for _, test := range []struct {
		name, want string
		overrides  map[string]string
	}{
		{"none", "- src_ip - dst_ip - -", nil},
		{"by name", "ts src_ip - dst_ip - -", map[string]string{"ts": "when"}},
		{"by folded names", "ts src_ip - dst_ip - -", map[string]string{"TS": "W.H.E.N"}},
		{"by number", "ts src_ip - dst_ip - -", map[string]string{"ts": "1"}},
		{"instead of another column", "- - src_ip dst_ip - -", map[string]string{"src_ip": "peer"}},
		{"instead of another field", "- dst_ip - - - -", map[string]string{"dst_ip": "2"}},
		{"two at once", "- dst_ip - src_ip - -", map[string]string{"dst_ip": "2", "src_ip": "4"}},
	} {
		if got := header(t, names, test.overrides).assigned(); got != test.want {
			t.Errorf("%s: gives %s, want %s", test.name, got, test.want)
		}
	}
	for field, test := range map[string]struct{ column, want string }{
		"sorce_ip": {"peer", "is no field (known: ts, end, duration"},
		"src_ip":   {"nowhere", `no column "nowhere" (columns: when, src_ip, peer`},
		"dst_ip":   {"7", `no column "7"`},
		"ts":       {"0", `no column "0"`},
		"":         {"peer", "is no field"},
	} {
		_, err := Map(strings.Split(names, ","), map[string]string{field: test.column})
		if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "--map") {
			t.Errorf("%s=%s: error %v", field, test.column, err)
		}
	}
}

func TestNamesTellUnits(t *testing.T) {
	for name, want := range map[string]parse.Unit{
		"ts": 0, "start_ms": parse.Milliseconds, "flow_start_milliseconds": parse.Milliseconds, "TIME_FLOW_START_NS": parse.Nanoseconds,
		"start_ns": parse.Nanoseconds, "Timestamp": 0,
	} {
		m := header(t, name+",src_ip,dst_ip", nil)
		if m.Column(Start) != 0 || m.Unit[Start] != want {
			t.Errorf("%s: column %d counts %d ns, want %d", name, m.Column(Start), m.Unit[Start], want)
		}
	}
	for name, want := range map[string]parse.Unit{
		"duration": 0, "dur": 0, "td": 0, "duration_ms": parse.Milliseconds, "durationUs": parse.Microseconds, "duration_ns": parse.Nanoseconds,
		"Flow Duration": parse.Microseconds, "event.duration": parse.Nanoseconds, "FLOW_DURATION_MILLISECONDS": parse.Milliseconds,
	} {
		m := header(t, name+",src_ip,dst_ip", nil)
		if m.Column(Duration) != 0 || m.Unit[Duration] != want {
			t.Errorf("%s: column %d counts %d ns, want %d", name, m.Column(Duration), m.Unit[Duration], want)
		}
	}
}

func TestWhatIsMissing(t *testing.T) {
	for names, want := range map[string][]string{
		"ts,src,dst": nil, "src,dst": {"ts"}, "ts,dst,bytes": {"src_ip"}, "a,b": {"ts", "src_ip", "dst_ip"},
	} {
		m := header(t, names, nil)
		if got := m.Missing(); !slices.Equal(got, want) {
			t.Errorf("%s lacks %v, want %v", names, got, want)
		}
	}
	m := header(t, "ts,src,dst,bytes,flags", nil)
	if got, want := m.Fields(), flow.HasStart|flow.HasAddrs|flow.HasSrcBytes|flow.HasFlags; got != want {
		t.Errorf("fields are %v, want %v", got.Names(), want.Names())
	}
}

func TestAMappingIsExplainedAColumnALine(t *testing.T) {
	m := header(t, "when,Source IP,dst,bytes,x\ty", map[string]string{"ts": "when"})
	want := []string{
		`ts        ← column 1 "when"`,
		`src_ip    ← column 2 "Source IP"`,
		`dst_ip    ← column 3 "dst"`,
		`src_bytes ← column 4 "bytes"`,
		`not used: "x\ty"`,
	}
	if got := m.Explain(); !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestFieldsAreNamed(t *testing.T) {
	for _, name := range Names() {
		if f := ByName(strings.ToUpper(name)); !f.Valid() || f.String() != name {
			t.Errorf("%s is found as %v", name, f)
		}
	}
	if ByName("x") != None || ByName("") != None {
		t.Error("no name finds a field")
	}
}
