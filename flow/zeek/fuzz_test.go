package zeek

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"seine/flow"
)

func FuzzTSV(f *testing.F) {
	f.Add([]byte(tsvHeader + row1 + row1))
	f.Add([]byte("\t" + strings.ReplaceAll(tsvHeader+row1, "\n", "\r\n") + "#close\t1\n" + tsvHeader))
	f.Add([]byte("#separator \\x2c\n#path,conn\n#unset_field,\n#fields,ts,id.orig_h,id.resp_h,label   detailed-label\n1,::1,1.2.3.4,a   b\n\n#separator \n2,"))
	f.Add([]byte("#fields\tts\tid.orig_h\tid.resp_h\thistory\n-\t\t\t\n1\t::1\t::\t\\x41^\n \t#path\tdns\n1\t::1\t::\tx"))
	f.Add([]byte("#separator \\x7c\\x7c\n#fields||ts||id.orig_h||id.resp_h||conn_state\n1||192.0.2.1||192.0.2.2||S1\n1||||"))
	f.Fuzz(func(t *testing.T, text []byte) {
		account(t, TSV(), text)
		account(t, TSV(), append([]byte(tsvHeader), text...))
	})
}

func FuzzJSON(f *testing.F) {
	f.Add([]byte(object1 + "\n" + object1))
	f.Add([]byte("[" + object1 + ",\n" + `{"_path":"dns"}` + "\n\n]\n"))
	f.Add([]byte(`{"ts":"2026-03-10T09:00:00Z","id":{"orig_h":"::1","orig_p":8,"resp_h":"::2","resp_p":0},"proto":"icmp","conn_state":"\u0041"}`))
	f.Add([]byte(`{"ts":1e300,` + least + "\n" + `{"ts":-1.5,"duration":1e400,"orig_pkts":[1],"history":{"a":"}"},` + least))
	f.Fuzz(func(t *testing.T, text []byte) {
		account(t, JSON(), text)
		account(t, JSON(), append([]byte(object1+"\n"), text...))
	})
}

// account wants every line of text to be a row, bad, skipped or blank, and the
// outcome to be the same for every size of the pieces.
func account(t *testing.T, f *flow.Format, text []byte) {
	f.Match(text[:min(len(text), flow.HeadSize)])
	var first string
	for i, chunk := range []int{0, 1, 50, 200} {
		opt := &flow.Options{Workers: 1 + i%2, Chunk: chunk, Symbols: flow.NewSymbols()}
		src := flow.BytesSource("x", text, opt)
		r, err := f.Open(src)
		if err != nil {
			return
		}
		rs, err := flow.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		lines, blank := uint64(0), uint64(0)
		for line := range bytes.Lines(text) {
			lines++
			line = bytes.TrimSuffix(line, []byte("\n"))
			if len(bytes.TrimSuffix(line, []byte("\r"))) == 0 {
				blank++
			}
		}
		if n := src.Rows + src.Bad + src.Skipped + blank; n != lines {
			t.Fatalf("%d rows, %d bad, %d skipped, %d blank: %d lines", src.Rows, src.Bad, src.Skipped, blank, lines)
		}
		var b strings.Builder
		for i := range rs {
			b.WriteString(notation(&rs[i], opt.Symbols) + "\n")
			if rs[i].Duration < 0 {
				t.Fatalf("row %d lasts %d", rs[i].Row, rs[i].Duration)
			}
		}
		fmt.Fprint(&b, src.BadRows, src.Notes)
		if first == "" {
			first = b.String()
		} else if got := b.String(); got != first {
			t.Fatalf("chunk %d: got\n%s\nand with the usual size\n%s", chunk, got, first)
		}
	}
}
