package columns

import (
	"slices"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/internal/parse"
)

func TestWhatAMappingLacksIsFoundByAllItsNames(t *testing.T) {
	m := header(t, "ts,src,dst,dport,bytes", nil)
	late := m.Late()
	for a, want := range alias {
		i := late.Find(nil, []byte(a))
		if wanted := m.Column(want.field) < 0 && table[want.field].has != 0; (i >= 0) != wanted {
			t.Errorf("%s is found: %v", a, i >= 0)
		} else if i >= 0 {
			if f, unit := late.Name(i); f != want.field || unit != unitOf(a) {
				t.Errorf("%s is found as %v in %v", a, f, unit)
			}
		}
	}
	for _, test := range []struct {
		outer, key string
		want       Field
		unit       parse.Unit
	}{
		{"", "DST_Bytes", DstBytes, 0}, {"destination", "bytes", DstBytes, 0}, {"", "duration_ms", Duration, parse.Milliseconds},
		{"event", "duration", Duration, parse.Nanoseconds}, {"", " #conn-state.", State, 0},
		{"", "src_bytes", None, 0}, {"x", "duration", None, 0}, {"", "", None, 0}, {"", "orient_by", None, 0},
		{"", strings.Repeat("x", 100), None, 0}, {"", "d\xffuration", None, 0},
	} {
		i := late.Find([]byte(test.outer), []byte(test.key))
		if test.want == None {
			if i >= 0 {
				t.Errorf("%s.%s is found", test.outer, test.key)
			}
		} else if i < 0 {
			t.Errorf("%s.%s is not found", test.outer, test.key)
		} else if f, unit := late.Name(i); f != test.want || unit != test.unit {
			t.Errorf("%s.%s is found as %v in %v", test.outer, test.key, f, unit)
		}
	}
	if names := late.Names(); slices.Contains(names, "ts") || !slices.Contains(names, "duration") || !slices.Contains(names, "label") {
		t.Errorf("fields %v", names)
	}
	if late.Fields()&(flow.HasStart|flow.HasSrcBytes|flow.HasDuration|flow.HasLabel) != flow.HasDuration|flow.HasLabel {
		t.Errorf("fields %v", late.Fields().Names())
	}
	for a := range alias {
		if len(a) > maxAlias {
			t.Errorf("%s is too long", a)
		}
	}
	if n := testing.AllocsPerRun(10, func() { late.Find([]byte("destination"), []byte("bytes")) }); n > 0 {
		t.Errorf("%v allocations", n)
	}
}
