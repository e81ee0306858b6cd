package parquet

import (
	"encoding/binary"
	"fmt"
	"net/netip"
	"testing"
	"time"

	"github.com/apache/arrow/go/v17/parquet"
	"github.com/apache/arrow/go/v17/parquet/schema"
	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

func addr(t testing.TB, s string) flow.Addr {
	a, err := flow.ParseAddr([]byte(s))
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// one reads a file of three rows in which col stands beside a usual time and
// usual addresses; where col is one of these, it takes their place.
func one(t *testing.T, col testColumn, opt *flow.Options) ([]flow.Record, *flow.Source) {
	t.Helper()
	cols := []testColumn{starts(3), hosts("src_ip", 3), hosts("dst_ip", 3)}
	found := false
	for i := range cols {
		if cols[i].path == col.path {
			cols[i], found = col, true
		}
	}
	if !found {
		cols = append(cols, col)
	}
	rows, src, err := readBytes(t, writeFile(t, cols, 3, 3), opt)
	if err != nil {
		t.Fatal(err)
	}
	return rows, src
}

func int96(ns int64) parquet.Int96 {
	const day = 24 * 3600 * 1e9
	v := parquet.NewInt96([3]uint32{0, 0, uint32(ns/day + 2440588)})
	v.SetNanoSeconds(ns % day)
	return v
}

func TestTimes(t *testing.T) {
	const sec = 1485534282
	micros := []flow.Time{sec*flow.Second + 123456000, sec*flow.Second + 500000000, sec * flow.Second}
	whole := []flow.Time{sec * flow.Second, (sec + 1) * flow.Second, (sec + 2) * flow.Second}
	stamp := func(u schema.TimeUnitType) schema.LogicalType { return schema.NewTimestampLogicalType(true, u) }
	for name, test := range map[string]struct {
		col  testColumn
		want []flow.Time
	}{
		"millis":    {testColumn{logical: stamp(schema.TimeUnitMillis), values: []int64{sec * 1e3, (sec + 1) * 1e3, (sec + 2) * 1e3}}, whole},
		"micros":    {testColumn{logical: stamp(schema.TimeUnitMicros), values: []int64{sec*1e6 + 123456, sec*1e6 + 500000, sec * 1e6}}, micros},
		"nanos":     {testColumn{logical: stamp(schema.TimeUnitNanos), values: []int64{sec*1e9 + 123456000, sec*1e9 + 500000000, sec * 1e9}}, micros},
		"int96":     {testColumn{values: []parquet.Int96{int96(sec*1e9 + 123456000), int96(sec*1e9 + 500000000), int96(sec * 1e9)}}, micros},
		"epoch32":   {testColumn{values: []int32{sec, sec + 1, sec + 2}}, whole},
		"epoch s":   {testColumn{values: []int64{sec, sec + 1, sec + 2}}, whole},
		"ms":        {testColumn{values: []int64{sec * 1e3, (sec + 1) * 1e3, (sec + 2) * 1e3}}, whole},
		"µs":        {testColumn{values: []int64{sec*1e6 + 123456, sec*1e6 + 500000, sec * 1e6}}, micros},
		"ns":        {testColumn{values: []int64{sec*1e9 + 123456000, sec*1e9 + 500000000, sec * 1e9}}, micros},
		"double":    {testColumn{values: []float64{sec + 0.123456, sec + 0.5, sec}}, micros},
		"text":      {testColumn{values: []string{"2017-01-27 16:24:42.123456", "2017-01-27T17:24:42.5+01:00", "2017-01-27 16:24:42"}}, micros},
		"digits":    {testColumn{values: []string{"1485534282.123456", "1485534282.5", "1485534282"}}, micros},
		"digits ms": {testColumn{values: []string{"1485534282000", "1485534283000", "1485534284000"}}, whole},
		"decimal":   {testColumn{logical: schema.NewDecimalLogicalType(18, 6), values: []int64{sec*1e6 + 123456, sec*1e6 + 500000, sec * 1e6}}, micros},
	} {
		t.Run(name, func(t *testing.T) {
			test.col.path = "ts"
			rows, src := one(t, test.col, options())
			var got []flow.Time
			for _, r := range rows {
				got = append(got, r.Start)
			}
			if d := cmp.Diff(test.want, got); d != "" || src.Bad != 0 {
				t.Errorf("%s %v", d, src.BadRows)
			}
		})
	}
}

func TestNaiveTimesObeyTheZone(t *testing.T) {
	zone := time.FixedZone("", 3600)
	opt := options()
	opt.Location = zone
	col := testColumn{path: "ts", logical: schema.NewTimestampLogicalType(false, schema.TimeUnitMillis), values: []int64{3600e3, 7200e3, 0}}
	rows, _ := one(t, col, opt)
	if len(rows) != 3 || rows[0].Start != 0 || rows[1].Start != 3600*flow.Second || rows[2].Start != -3600*flow.Second {
		t.Errorf("got %v", rows)
	}
	_, src := one(t, col, options())
	if len(src.Notes) != 1 {
		t.Errorf("notes %q", src.Notes)
	}
}

func TestAddresses(t *testing.T) {
	v4, v6 := []string{"10.1.2.3", "192.168.7.9", "255.0.0.1"}, []string{"2001:db8::1", "10.1.2.3", "fe80::5"}
	raw4, raw16 := make([]parquet.FixedLenByteArray, 3), make([]parquet.FixedLenByteArray, 3)
	bytes4, mixed := make([]parquet.ByteArray, 3), make([]parquet.ByteArray, 3)
	n32, n64, u32 := make([]int32, 3), make([]int64, 3), make([]int32, 3)
	for i := range 3 {
		b := netip.MustParseAddr(v4[i]).As4()
		raw4[i], bytes4[i] = b[:], b[:]
		n64[i] = int64(binary.BigEndian.Uint32(b[:]))
		n32[i], u32[i] = int32(n64[i]), int32(n64[i])
		c := netip.MustParseAddr(v6[i]).As16()
		raw16[i] = c[:]
		mixed[i] = netip.MustParseAddr(v6[i]).AsSlice()
	}
	for name, test := range map[string]struct {
		col  testColumn
		want []string
	}{
		"text 4":        {testColumn{values: v4}, v4},
		"text 6":        {testColumn{values: v6}, v6},
		"fixed 4":       {testColumn{values: raw4, length: 4}, v4},
		"fixed 16":      {testColumn{values: raw16, length: 16}, v6},
		"bytes 4":       {testColumn{values: bytes4}, v4},
		"bytes 4 or 16": {testColumn{values: mixed}, v6},
		"bytes of text": {testColumn{values: []parquet.ByteArray{[]byte(v6[0]), []byte(v6[1]), []byte("1::2")}}, []string{v6[0], v6[1], "1::2"}},
		"fixed text":    {testColumn{values: []parquet.FixedLenByteArray{[]byte("10.1.2.3\x00\x00\x00\x00"), []byte("10.1.2.4    "), []byte("10.100.100.1")}, length: 12}, []string{"10.1.2.3", "10.1.2.4", "10.100.100.1"}},
		"int32":         {testColumn{values: n32}, v4},
		"uint32":        {testColumn{logical: schema.NewIntLogicalType(32, false), values: u32}, v4},
		"int64":         {testColumn{values: n64}, v4},
	} {
		t.Run(name, func(t *testing.T) {
			test.col.path = "src_ip"
			rows, src := one(t, test.col, options())
			if len(rows) != 3 {
				t.Fatalf("%d rows, bad %v", len(rows), src.BadRows)
			}
			for i, r := range rows {
				if r.Src != addr(t, test.want[i]) {
					t.Errorf("row %d: %v, want %s", i+1, r.Src, test.want[i])
				}
			}
		})
	}
}

// show tells what a row says about the field bit, or that it says nothing.
func show(r flow.Record, bit flow.Fields, v any) string {
	if r.Has&bit == 0 {
		if fmt.Sprint(v) != "0" && fmt.Sprint(v) != "" && fmt.Sprint(v) != "unknown" {
			return fmt.Sprintf("absent, yet %v", v)
		}
		return "absent"
	}
	return fmt.Sprint(v)
}

func TestOptionalFields(t *testing.T) {
	u64 := schema.NewIntLogicalType(64, false)
	hole := []bool{true, false, true}
	for name, test := range map[string]struct {
		col  testColumn
		want [3]string
	}{
		"port int32":       {testColumn{path: "src_port", values: []int32{80, 0, 65535}}, [3]string{"80", "0", "65535"}},
		"port null":        {testColumn{path: "src_port", values: []int32{80, 0, 65535}, valid: hole}, [3]string{"80", "absent", "65535"}},
		"port double":      {testColumn{path: "src_port", values: []float64{80, nan(), 65535}}, [3]string{"80", "absent", "65535"}},
		"port text":        {testColumn{path: "src_port", values: []string{"80", "-", "53.0"}}, [3]string{"80", "absent", "53"}},
		"port uint16":      {testColumn{path: "src_port", logical: schema.NewIntLogicalType(16, false), values: []int32{80, 0, 65535}}, [3]string{"80", "0", "65535"}},
		"bytes int64":      {testColumn{path: "src_bytes", values: []int64{40, 0, -1}}, [3]string{"40", "0", "absent"}},
		"bytes uint64":     {testColumn{path: "src_bytes", logical: u64, values: []int64{40, 0, -1}}, [3]string{"40", "0", "18446744073709551615"}},
		"bytes float":      {testColumn{path: "src_bytes", values: []float32{40, 0, -1}}, [3]string{"40", "0", "absent"}},
		"bytes text":       {testColumn{path: "src_bytes", values: []string{"40", "1.4 M", "x"}}, [3]string{"40", "1400000", "absent"}},
		"proto number":     {testColumn{path: "proto", values: []int32{6, 17, 300}}, [3]string{"tcp", "udp", "absent"}},
		"proto name":       {testColumn{path: "proto", values: []string{"TCP", "udp ", "6"}}, [3]string{"tcp", "udp", "tcp"}},
		"proto double":     {testColumn{path: "proto", values: []float64{6, 17, nan()}}, [3]string{"tcp", "udp", "absent"}},
		"duration s":       {testColumn{path: "duration", values: []float64{0.5, -1, nan()}}, [3]string{"500000000", "0", "absent"}},
		"duration ms":      {testColumn{path: "duration_ms", values: []int64{5, 0, 1}}, [3]string{"5000000", "0", "1000000"}},
		"duration logical": {testColumn{path: "duration", logical: schema.NewTimeLogicalType(true, schema.TimeUnitMicros), values: []int64{5, 0, 1}}, [3]string{"5000", "0", "1000"}},
		"duration text":    {testColumn{path: "duration", values: []string{"0.25", "-", "3"}}, [3]string{"250000000", "absent", "3000000000"}},
		"end":              {testColumn{path: "end", values: []int64{1485534283, 1485534283, 1485534283}}, [3]string{"1000000000", "0", "0"}},
		"state":            {testColumn{path: "state", values: []string{"SF", "", "new"}}, [3]string{"closed", "absent", "attempt"}},
		"service":          {testColumn{path: "service", values: []string{"dns", "-", "a text of more than sixteen bytes"}}, [3]string{"dns", "absent", "a text of more than sixteen bytes"}},
		"label bool":       {testColumn{path: "label", values: []bool{true, false, true}}, [3]string{"true", "false", "true"}},
		"label int":        {testColumn{path: "label", values: []int64{1, 0, 2}, valid: hole}, [3]string{"1", "absent", "2"}},
		"flags":            {testColumn{path: "tcp_flags", values: []string{"..A.S.", "27", "0x02"}}, [3]string{"SA", "FSPA", "S"}},
		"flags int":        {testColumn{path: "tcp_flags", values: []int32{18, 2, 0}, valid: hole}, [3]string{"SA", "absent", ""}},
		"uid":              {testColumn{path: "uid", values: []string{"CHhAvVGS1DHFjwGM9", "-", "x"}}, [3]string{"CHhAvVGS1DHFjwGM9", "absent", "x"}},
		"icmp":             {testColumn{path: "icmp_type", values: []int32{8, 0, 256}}, [3]string{"8", "0", "absent"}},
	} {
		t.Run(name, func(t *testing.T) {
			opt := options()
			rows, src := one(t, test.col, opt)
			if len(rows) != 3 {
				t.Fatalf("%d rows, bad %v", len(rows), src.BadRows)
			}
			for i, r := range rows {
				got := ""
				switch test.col.path {
				case "src_port":
					got = show(r, flow.HasSrcPort, r.SrcPort)
				case "src_bytes":
					got = show(r, flow.HasSrcBytes, r.SrcBytes)
				case "proto":
					if got = show(r, flow.HasProto, r.Proto); r.Has&flow.HasProto == 0 && r.Proto == flow.ProtoUnknown {
						got = "absent"
					}
				case "state":
					got = show(r, flow.HasState, r.State)
				case "service":
					got = show(r, flow.HasService, opt.Symbols.Text(r.Service))
				case "label":
					got = show(r, flow.HasLabel, opt.Symbols.Text(r.Label))
				case "tcp_flags":
					got = show(r, flow.HasFlags, r.SrcFlags)
				case "uid":
					got = show(r, flow.HasUID, r.UID)
				case "icmp_type":
					got = show(r, flow.HasICMP, r.ICMPType)
				default:
					got = show(r, flow.HasDuration, int64(r.Duration))
				}
				if got != test.want[i] {
					t.Errorf("row %d: %s, want %s", i+1, got, test.want[i])
				}
			}
		})
	}
}
