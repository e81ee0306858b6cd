package analyzer

import (
	"strings"
	"testing"

	"seine/flow"
)

func TestTheNetworkOfOnesOwnIsGuessed(t *testing.T) {
	v4 := func(a, b, c, d uint32) flow.Addr { return flow.AddrFrom4(a<<24 | b<<16 | c<<8 | d) }
	visits := func(o *outside, n int, at flow.Addr) {
		for i := range uint32(n) {
			o.add(&flow.Record{Src: v4(20+i%150, i%256, 1, 1), Dst: at})
		}
	}
	var campus, home, few, many outside
	visits(&campus, 500, v4(198, 18, 7, 7))
	if h := campus.hint(); !strings.Contains(h, "--internal 198.18.0.0/16") || !strings.Contains(h, "100 %") {
		t.Errorf("a campus gives %q", h)
	}
	visits(&home, 500, v4(198, 18, 7, 7))
	for range 100 {
		home.add(&flow.Record{Src: v4(192, 168, 1, 2), Dst: v4(198, 18, 7, 7)})
	}
	visits(&few, 50, v4(198, 18, 7, 7))
	for i := range uint32(100) {
		visits(&many, 20, v4(60+i, 1, 7, 7))
	}
	for name, o := range map[string]*outside{"a home": &home, "too few flows": &few, "no common network": &many} {
		if h := o.hint(); h != "" {
			t.Errorf("%s gives %q", name, h)
		}
	}
}
