package jsonscan

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
)

var names = []string{"a", "b/c", "b", "d.e", "a long key of more than sixteen bytes", "b/f/g", "é"}

func TestMembersOnNoPath(t *testing.T) {
	p := Compile("a", "b/c", "d")
	wanted := []string{"x", "b.x", "e.x", "d.x", "\u00e9.y"}
	first := p.Else(len(wanted), func(outer, key []byte) int {
		name := string(key)
		if outer != nil {
			name = string(outer) + "." + name
		}
		if name == "a" || name == "b.c" {
			t.Errorf("asked for %s", name)
		}
		return slices.Index(wanted, name)
	})
	s := p.Scanner()
	for text, want := range map[string]string{
		`{"a":1,"b":{"c":2},"d":3}`: "",
		`{"a":1,"x":2,"b":{"x":"v","c":5,"z":{"x":6}},"e":{"z":1,"x":[],"e":{"x":1}},"d":{"x":9,"d":{}},"l":[{"x":1}]}`: "x=2 b.x=v e.x=[] d.x=9 ",
		`{"\u00e9":{"x":1,"\u0079":"\u0041"}, "d":null}`:                                                                "\u00e9.y=A ",
		`{}`: "",
	} {
		if err := s.Scan([]byte(text)); err != nil {
			t.Fatal(err)
		}
		got, n := "", 0
		for i, name := range wanted {
			if s.Kind(first+i) != Absent {
				got += name + "=" + string(s.Text(first+i)) + " "
				n++
			}
		}
		if got != want || n != s.Found() {
			t.Errorf("%s: found %d, %q, want %q", text, s.Found(), got, want)
		}
		if kind := s.Kind(1); strings.Contains(text, `"c"`) != (kind == Number) {
			t.Errorf("%s: b/c is %v", text, kind)
		}
	}
}

func TestMembersAreFoundByPath(t *testing.T) {
	s := Compile(names...).Scanner()
	text := `{"x":[1,{"a":9}], "a" : "v\u00e9\n\ud83d\ude00", "b":{"c":-1.5e3,"f":{"g":null,"c":1},"a":0},` +
		`"d.e":true,"a long key of more than sixteen bytes":[1, 2],"\u00e9":false}`
	if err := s.Scan([]byte(text)); err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		"5 vé\n😀", "4 -1.5e3", `6 {"c":-1.5e3,"f":{"g":null,"c":1},"a":0}`, "3 true", "7 [1, 2]", "1 null", "2 false",
	} {
		if got := fmt.Sprintf("%d %s", s.Kind(i), s.Text(i)); got != want {
			t.Errorf("%s: got %s, want %s", names[i], got, want)
		}
	}
}

func TestTheLastOfARepeatedKeyCounts(t *testing.T) {
	s := Compile(names...).Scanner()
	if err := s.Scan([]byte(`{"a":1,"b":{"c":1,"f":{"g":2}},"a":2,"b":{"f":{}}}`)); err != nil {
		t.Fatal(err)
	}
	if string(s.Text(0)) != "2" || s.Kind(1) != Absent || s.Kind(5) != Absent || s.Text(5) != nil {
		t.Errorf("got a %s, b/c %s, b/f/g %s", s.Text(0), s.Text(1), s.Text(5))
	}
}

func TestNestingIsBounded(t *testing.T) {
	s := Compile("a").Scanner()
	deep := func(n int) []byte {
		return []byte(`{"a":` + strings.Repeat("[", n) + strings.Repeat("]", n) + `}`)
	}
	if err := s.Scan(deep(MaxDepth - 1)); err != nil {
		t.Error(err)
	}
	if err := s.Scan(deep(MaxDepth)); err == nil {
		t.Error("nested without bound")
	}
}

func TestElementsOfAnArray(t *testing.T) {
	var got []string
	for e := range Elements([]byte(`[ {"a":[1,"],"]} , 2,"x\"," ,[], null ]`)) {
		got = append(got, string(e))
	}
	if want := `{"a":[1,"],"]}|2|"x\","|[]|null`; strings.Join(got, "|") != want {
		t.Errorf("got %q", got)
	}
	for _, line := range []string{`[{"a":1},`, `{"a":1},`, ` {"a":1}]`, `,{"a":1}`, `[{"a":1}]`, "{\"a\":1}"} {
		if got := Element([]byte(line)); string(got) != `{"a":1}` {
			t.Errorf("%q: got %q", line, got)
		}
	}
}

func TestScanDoesNotAllocate(t *testing.T) {
	s := Compile(names...).Scanner()
	text := []byte(`{"a":"x\ty","b":{"c":12,"f":{"g":"h"}},"d.e":1.5}`)
	if n := testing.AllocsPerRun(100, func() {
		if s.Scan(text) != nil || len(s.Text(0)) != 3 {
			t.Fatal("not read")
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// FuzzScan holds the scanner against encoding/json: what it takes, and what it
// reads out of it.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":1,"b":{"c":2.5,"f":{"g":[]}},"d.e":"x"}`, ` {"a" : "\u12e4\ud83d\ude00\ud83dx\\\"" } `,
		`{"a":-0.1e+5,"b":null}`, `{"a":01}`, `{"a":1,}`, `{"a" 1}`, `[1]`, `{"a":tru}`, `{"a":"` + "\x01" + `"}`,
		`{"\u0061":1,"b":{"c":1},"b":{}}`, `{"a":"\x"}`, `{"a":1}x`, `{"a":.5}`, `{"a":1.}`, `{"a":1e}`, "{\"a\":\"\xff\"}",
		`{"":1,"é":{"a":[{"a":"]"}]},"a long key of more than sixteen bytes":true}`, `{"a":"12345678`, `{`,
	} {
		f.Add([]byte(seed))
	}
	s := Compile(names...).Scanner()
	f.Fuzz(func(t *testing.T, text []byte) {
		err := s.Scan(append([]byte(nil), text...))
		roomy := append(append(make([]byte, 0, len(text)+2*Pad), text...), `0",}] \:1234567890123456789012`...)
		if err2 := s.Scan(roomy[:len(text)]); (err == nil) != (err2 == nil) {
			t.Fatalf("%q: %v, and with other bytes behind %v", text, err, err2)
		}
		var want map[string]json.RawMessage
		if wantErr := json.Unmarshal(text, &want); (wantErr == nil && want != nil) != (err == nil) {
			if err != nil && strings.Contains(err.Error(), "too deep") {
				return
			}
			t.Fatalf("%q: %v, encoding/json says %v", text, err, wantErr)
		}
		if err != nil {
			return
		}
		for i, name := range names {
			compare(t, s, i, text, find(want, strings.Split(name, "/")))
		}
	})
}

// find follows the keys into raw.
func find(raw map[string]json.RawMessage, keys []string) json.RawMessage {
	v := raw[keys[0]]
	if len(keys) == 1 || v == nil {
		return v
	}
	var below map[string]json.RawMessage
	if json.Unmarshal(v, &below) != nil {
		return nil
	}
	return find(below, keys[1:])
}

func compare(t *testing.T, s *Scanner, i int, text []byte, want json.RawMessage) {
	if want == nil {
		if s.Kind(i) != Absent {
			t.Fatalf("%q: %s is %s, encoding/json has none", text, names[i], s.Text(i))
		}
		return
	}
	if s.Kind(i) != String {
		if string(want) != string(s.Text(i)) {
			t.Fatalf("%q: %s is %s, encoding/json has %s", text, names[i], s.Text(i), want)
		}
		return
	}
	var str string
	if err := json.Unmarshal(want, &str); err != nil {
		t.Fatal(err)
	}
	if got := string([]rune(string(s.Text(i)))); got != str { // bytes that are no UTF-8
		t.Fatalf("%q: %s is %q, encoding/json has %q", text, names[i], got, str)
	}
}
