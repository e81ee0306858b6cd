package table

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"seine/flow"
	"seine/flow/internal/columns"
	"seine/flow/internal/lines"
	"seine/flow/internal/parse"
)

// padded is text with the room behind it that lines.Open gives.
func padded(text string) []byte {
	return append([]byte(text), make([]byte, lines.Pad)...)[:len(text)]
}

// cells cuts text with room for n.
func cells(text string, sep byte, n int) (out []string, rest string, ok bool) {
	c := NewCells(n)
	_, ok = c.Cut(padded(text), sep)
	for i := range c.Len() {
		out = append(out, string(c.Get(i)))
	}
	return out, string(c.Rest()), ok
}

func TestLinesAreCutIntoCells(t *testing.T) {
	for _, test := range []struct {
		text string
		sep  byte
		n    int
		want string // joined by /
		rest string
		ok   bool
	}{
		{"", ',', 3, "", "", true},
		{"a", ',', 3, "a", "", true},
		{"a,b", ',', 3, "a/b", "", true},
		{",", ',', 3, "/", "", true},
		{"a,b,c", ',', 3, "a/b/c", "", true},
		{"a,b,c,", ',', 3, "a/b/c", ",", true},
		{"a,b,c,d,e", ',', 3, "a/b/c", ",d,e", true},
		{"12345678,12345678,", ',', 3, "12345678/12345678/", "", true},
		{"a\tb,c", '\t', 3, "a/b,c", "", true},
		{`a,"b,c",d`, ',', 3, "a/b,c/d", "", true},
		{`a,"b""c",d`, ',', 3, `a/b"c/d`, "", true},
		{`a,"b`, ',', 3, "a/b", "", false},
		{`a,b"c,d`, ',', 3, `a/b"c/d`, "", true},
		{"  a  b c ", Blanks, 3, "a/b/c", "", true},
		{"a b c d", Blanks, 3, "a/b/c", "d", true},
		{"", Blanks, 3, "", "", true},
	} {
		got, rest, ok := cells(test.text, test.sep, test.n)
		if strings.Join(got, "/") != test.want || rest != test.rest || ok != test.ok {
			t.Errorf("%q: %q, rest %q, %v", test.text, got, rest, ok)
		}
	}
}

func FuzzCut(f *testing.F) {
	f.Add("a,b,,c", byte(','))
	f.Add("12345678,123456789,\xac,\x2d", byte(','))
	f.Add("||", byte('|'))
	f.Fuzz(func(t *testing.T, text string, sep byte) {
		if sep == Blanks || sep == '"' || strings.Contains(text, `"`) || len(text) > 1000 {
			return
		}
		want := strings.Split(text, string([]byte{sep}))
		got, rest, _ := cells(text, sep, len(want))
		if !slices.Equal(got, want) || rest != "" {
			t.Fatalf("%q by %q: %q and %q, want %q", text, sep, got, rest, want)
		}
	})
}

func TestCellsThatAreMissingCanBePutIn(t *testing.T) {
	c := NewCells(4)
	c.Cut(padded("a b c"), Blanks)
	c.Insert(1)
	if got := fmt.Sprintf("%s|%s|%s|%s", c.Get(0), c.Get(1), c.Get(2), c.Get(3)); got != "a||b|c" {
		t.Error(got)
	}
	if c.Insert(0); c.Len() != 4 {
		t.Error("more cells than there is room for")
	}
	if got := string(c.Span(2, 3)); got != "b c" {
		t.Errorf("span %q", got)
	}
	if c.Get(-1) != nil || c.Get(4) != nil || c.Span(3, 2) != nil || c.Span(0, 4) != nil {
		t.Error("cells beyond the last")
	}
}

func TestTheHeaderIsFoundAmongTheFirstLines(t *testing.T) {
	accept := func(l *Layout) bool { return l.Has("Src IP", "dst-ip") }
	l := Find([]byte("\ufeff# exported\r\n\r\n src_ip ;DST.IP;x\r\n1;2;3\r\n4;5;6\r\n"), ",;", accept)
	if l == nil || l.Sep != ';' || len(l.Names) != 3 || len(l.Rows) != 2 || l.Column("none", "X") != 2 || l.Column("y") != -1 {
		t.Fatalf("%+v", l)
	}
	for line, want := range map[string]bool{" src_ip ;DST.IP;x": true, "Src IP;dst ip;X": true, "src_ip;dst_ip": false, "1;2;3": false} {
		if l.Is([]byte(line)) != want {
			t.Errorf("%q: %v", line, !want)
		}
	}
	l.Use(columns.SrcIP, "src ip")
	l.Use(columns.SrcPort, "sport")
	if l.Fields() != flow.HasAddrs {
		t.Error(l.Fields().Names())
	}
	n := 0
	l.Sample(func([]string) bool { n++; return false })
	if n != 1 {
		t.Errorf("%d rows were sampled", n)
	}
	if Find([]byte("src_ip,dst_ip\x00\n"), ",", accept) != nil || Find([]byte(strings.Repeat("a,b\n", 20)+"src_ip,dst_ip\n"), ",", accept) != nil {
		t.Error("a header in binary data, or too far below")
	}
}

func TestValues(t *testing.T) {
	for text, want := range map[string]int64{"0": 0, "117": 117, "117.0": 117, "1.4 M": 1400000, " 12 ": 12, "123456789012345678901": -1,
		"18446744073709551615": -1, "": -1, "-": -1, "x": -1, ".0": 0, "1e3": 1000, "NaN": -1, "Infinity": -1, "-1": -1} {
		got, ok := Number([]byte(text))
		if text == "18446744073709551615" {
			if !ok || got != 1<<64-1 {
				t.Errorf("%q: %d, %v", text, got, ok)
			}
			continue
		}
		if ok != (want >= 0) || ok && got != uint64(want) {
			t.Errorf("%q: %d, %v", text, got, ok)
		}
	}
	const none = flow.MinTime
	for text, want := range map[string]flow.Time{"1.5": 1500000000, "-1": -1e9, "9e-06": 9000, "": none, "x": none, "NaN": none, "Infinity": none, "1e300": none} {
		var r flow.Record
		if Duration([]byte(text), parse.Seconds, &r); (r.Has != 0) != (want != none) || want != none && r.Duration != want {
			t.Errorf("%q: %d, %v", text, r.Duration, r.Has.Names())
		}
	}
	for text, want := range map[string][2]int{"8.0": {8, 0}, "769": {3, 1}, "0": {0, 0}, "8": {8, 0}, "255": {255, 0}, "256": {1, 0}, "3.13": {3, 13}, "255.255": {255, 255},
		"": {-1, 0}, "-": {-1, 0}, "3.256": {-2, 0}, "70000": {-2, 0}, "x": {-2, 0}, ".1": {-2, 0}, "1.2.3": {-2, 0}} {
		r := flow.Record{Proto: flow.ICMP}
		err := NetFlowPorts([]byte("0"), []byte(text), &r)
		if (err != nil) != (want[0] == -2) || (r.Has&flow.HasICMP != 0) != (want[0] >= 0) ||
			want[0] >= 0 && (int(r.ICMPType) != want[0] || int(r.ICMPCode) != want[1]) {
			t.Errorf("%q: %d/%d, %v", text, r.ICMPType, r.ICMPCode, err)
		}
	}
}
