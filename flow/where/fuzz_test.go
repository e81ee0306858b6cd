package where_test

import (
	"testing"

	"seine/flow"
	"seine/flow/where"
)

// Whatever the text: an Error with a place within it, or a condition that
// says of a record and of its opposite at most one thing.
func FuzzCompile(f *testing.F) {
	for _, text := range []string{
		"dst_port in [22,3389] and not internal(dst_ip) and src_bytes > 1e6",
		"src_ip in ['10.0.0.0/8', '2001:db8::/32'] or ip == '192.0.2.1'",
		"ts in '2024-03-10'..'2024-03-12' and hour in 0..6 and weekday == 'sun'",
		"duration > '1h30m' and src_bytes / duration % 7 - -1 * 2 <= 5.5",
		"lower(service) matches '^h.*p$' or len(label) > 3 || !has(uid)",
		"src_flags contains 'S' and state != 'closed' and protocol in [6, 'udp']",
		"(port == 5) == (ip not in '10.0.0.1'..'10.0.0.9')", "service endsWith \"p\" // x", "id.orig_h == '::'",
		"a?.b[1:2] ?? {c: 1} | d(#, .x)", "let x = 1; if true { 1 } else { 2 }", "1..2", "b'x'", "((", "'", "ä == 1",
	} {
		f.Add(text, uint16(22), uint64(1<<53), uint32(everything))
	}
	_, scenery, opt := scene()
	f.Fuzz(func(t *testing.T, text string, port uint16, count uint64, has uint32) {
		c, err := where.Compile(text, opt)
		if err != nil {
			e, ok := err.(*where.Error)
			if !ok || e.Message == "" || e.Line < 1 || e.Column < 1 || e.Column > len(text)+1 {
				t.Fatalf("%#v", err)
			}
			return
		}
		not, err := where.Compile("not ("+text+"\n)", opt)
		if err != nil {
			if len(text) > where.MaxText-10 {
				return
			}
			t.Fatalf("the opposite: %v", err)
		}
		for _, r := range append(scenery[:len(scenery):len(scenery)], flow.Record{
			SrcPort: port, DstPort: port, SrcBytes: count, DstBytes: ^count, SrcPkts: count, Start: flow.Time(count),
			Duration: flow.Time(count &^ (1 << 63)), Proto: flow.Proto(port), State: flow.State(port), Service: flow.Symbol(has),
			SrcFlags: flow.TCPFlags(port), Has: flow.Fields(has),
		}) {
			if c.Keep(&r) && not.Keep(&r) {
				t.Fatalf("%q and its opposite hold of %+v", text, r)
			}
		}
	})
}
