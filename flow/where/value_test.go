package where_test

import (
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/where"
)

func TestRequiresIsWhatAConditionCannotDoWithout(t *testing.T) {
	s := where.Flows(where.Options{})
	for text, want := range map[string]flow.Fields{
		"dst_port == 22":                                     flow.HasDstPort,
		"dst_port == 22 and src_bytes > 5":                   flow.HasDstPort | flow.HasSrcBytes,
		"dst_port == 22 or src_bytes > 5":                    0,
		"dst_port == 22 or dst_port == 23 and src_bytes > 5": flow.HasDstPort,
		"not (dst_port == 22 or src_bytes > 5)":              flow.HasDstPort | flow.HasSrcBytes,
		"not (dst_port == 22 and src_bytes > 5)":             0,
		"not has(duration)":                                  0,
		"has(duration) and internal(ip)":                     flow.HasDuration | flow.HasAddrs,
		"port == 22":                                         0,
		"src_bytes / duration > 5":                           flow.HasSrcBytes | flow.HasDuration,
		"id.orig_h == '10.0.0.1'":                            flow.HasAddrs,
		"dst_prt == 1":                                       0,
	} {
		if got := s.Requires(text); got != want {
			t.Errorf("%s: %v, want %v", text, got.Names(), want.Names())
		}
	}
}

func TestComparisonsAndConstants(t *testing.T) {
	e, err := where.Parse("src_bytes > 2 * 50 and (5 <= dst_port or not (row == 1)) and service contains 'x'")
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, c := range e.Comparisons() {
		line := c.Left.String() + " " + c.Op
		if n, ok := c.Right.Constant(); ok {
			line += " " + n.String()
		}
		if n, ok := c.Left.Constant(); ok {
			line += " after " + n.String()
		}
		got = append(got, line)
	}
	if all := strings.Join(got, "; "); all != "src_bytes > 100; 5 <= after 5; service contains" {
		t.Error(all)
	}
}

func TestValuesForPeople(t *testing.T) {
	_, rs, opt := scene()
	s := where.Flows(opt)
	for _, name := range []string{"src", "dport", "proto", "state", "ts", "src_bytes", "service", "flags", "row"} {
		e, err := where.Parse(name)
		if err != nil {
			t.Fatal(err)
		}
		get, declared, _, err := s.Get(e)
		if field, ok := s.Field(name); err != nil || !ok || field != declared {
			t.Errorf("%s: %s, %s, %v", name, declared, field, err)
			continue
		}
		for i := range rs {
			if v, ok := get(&rs[i]); ok && v == nil {
				t.Errorf("%s is there and has no value", name)
			}
		}
	}
	for _, name := range []string{"ip", "uid", "nothing", "dst_port + 1"} {
		e, _ := where.Parse(name)
		if _, _, _, err := s.Get(e); err == nil {
			t.Errorf("%s has a value", name)
		}
	}
	for n, want := range map[where.Number]string{where.Int(-5): "-5", where.Uint(1 << 63): "9223372036854775808"} {
		if n.String() != want {
			t.Errorf("%s, want %s", n, want)
		}
	}
	for f, want := range map[float64]string{1.0 / 3: "0.33333", 1234567.25: "1234567", 0.5: "0.5", 1e-9: "1e-09", 12.3456789: "12.346", 2e20: "2e+20"} {
		if n, _ := where.Float(f); n.String() != want {
			t.Errorf("%s, want %s", n, want)
		}
	}
}
