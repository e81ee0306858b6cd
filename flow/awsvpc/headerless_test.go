package awsvpc

import (
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"seine/flow"
)

// read reads text with the columns that --fields names.
func read(text string, fields ...string) (src *flow.Source, rows []string, err error) {
	symbols := flow.NewSymbols()
	src = flow.BytesSource("test.log", []byte(text), &flow.Options{Workers: 1, Symbols: symbols, Columns: fields})
	r, err := open(src)
	if err != nil {
		return src, nil, err
	}
	records, err := flow.ReadAll(r)
	for i := range records {
		rows = append(rows, show(&records[i], symbols))
	}
	return src, rows, err
}

func TestColumnsByFields(t *testing.T) {
	const row = "eni-0a 1767225600 1767225660 198.51.100.7 192.0.2.10 443 40112 6 18 x\n"
	const want = "1: 2026-01-01T00:00:00Z +60 tcp 192.0.2.10:40112 → 198.51.100.7:443 0 B 0 P unknown \"\" [SA] start addresses protocol duration src_port dst_port tcp_flags"
	const format = "${interface-id} ${start} ${end} ${dstaddr} ${srcaddr} ${dstport} ${srcport} ${protocol} ${tcp-flags} -"
	for name, fields := range map[string][]string{
		"a format":          {format},
		"a list":            {"interface-id", "start", "end", "dstaddr", "srcaddr", "dstport", "srcport", "protocol", "tcp-flags", "-"},
		"names of Parquet":  {"interface_id,start,end,dstaddr,srcaddr,dstport,srcport,protocol,tcp_flags,-"},
		"a format with AWS": {strings.TrimSuffix(format, "-") + "${resource-id}"},
	} {
		for before, lines := range map[string]string{
			"": row, "time of delivery": "2026-01-01T00:01:30.000Z " + row, "stream": "2026-01-01T00:01:30.000000+00:00 eni-0a-all " + row,
			"tabs": "2026-01-01T00:01:30.000Z\teni-0a-all\t" + row, "a bad line first": "x y\n" + row,
			"JSON": fmt.Sprintf(`{"message":%q}`, strings.TrimSpace(row)),
		} {
			_, rows, err := read(lines, fields...)
			want := want
			if before == "a bad line first" {
				want = "2" + want[1:]
			}
			if d := cmp.Diff([]string{want}, rows); err != nil || d != "" {
				t.Errorf("%s, %s: %v\n%s", name, before, err, d)
			}
		}
	}
	_, rows, err := read(header+"2 1 eni-0a 192.0.2.1 192.0.2.2 1 2 17 1 52 1767225600 1767225660 ACCEPT OK\n", format)
	if err != nil || len(rows) != 1 || !strings.Contains(rows[0], "udp 192.0.2.1:1 → 192.0.2.2:2 52 B") {
		t.Errorf("a header is not followed: %v %v", rows, err)
	}
}

func TestFieldsThatAWSDoesNotHave(t *testing.T) {
	for fields, want := range map[string]string{
		"start src_addr dstaddr":          `"src_addr" is no field of an AWS flow log; did you mean "srcaddr"?`,
		"start src_ip dstaddr":            `did you mean "srcaddr"?`,
		"start,srcaddr,dst":               `did you mean "dstaddr"?`,
		"start srcadr dstaddr":            `did you mean "srcaddr"?`,
		"start srcaddr dstaddr tcpflag":   `did you mean "tcp-flags"?`,
		"start,srcaddr,${quux}":           `"quux" is no field of an AWS flow log; "-" passes a column over (fields: version account-id`,
		"start,srcaddr,srcaddr":           "srcaddr is named twice",
		"srcaddr dstaddr end bytes":       "without start",
		"start end srcaddr dstaddr bytes": "--fields names 5 columns, and none of the first rows has as many (the first has 4)",
	} {
		_, _, err := read("1767225600 192.0.2.1 192.0.2.2 x\n", fields)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: error %v, want %s", fields, err, want)
		}
	}
}

func TestLinesInsideJSON(t *testing.T) {
	const line = "2 123456789012 eni-0a 192.0.2.10 198.51.100.7 40112 443 6 12 3400 1767225600 1767225660 ACCEPT OK"
	const noData = "2 123456789012 eni-0a - - - - - - - 1767225600 1767225660 - NODATA"
	const want = ": 2026-01-01T00:00:00Z +60 tcp 192.0.2.10:40112 → 198.51.100.7:443 3400 B 12 P partial \"ACCEPT\" [] " + all
	event := func(message string) string {
		return fmt.Sprintf(`{"id":"1","timestamp":1767225600000,"message":%q}`, message)
	}
	data := `{"messageType":"DATA_MESSAGE","owner":"1","logGroup":"g","logStream":"eni-0a-all","logEvents":[` + event(line) + "," + event(noData) + "," + event(line) + `]}`
	ping := `{"messageType":"CONTROL_MESSAGE","logEvents":[{"id":"","timestamp":1,"message":"CWL CONTROL MESSAGE: Checking health of destination."}]}`
	for _, test := range []struct {
		name, text   string
		rows         []string
		bad, skipped uint64
	}{
		{"of Firehose", event(line) + event(line), []string{"1", "2"}, 0, 0},
		{"a line each", event(line+"\n") + "\n" + event(noData) + "\n" + event(line), []string{"1", "3"}, 0, 1},
		{"of a subscription", ping + data + data, []string{"2", "4", "5", "7"}, 0, 3},
		{"in an array", "[" + data + ",\n" + ping + "]", []string{"1", "3"}, 0, 2},
		{"of filter-log-events", "{\n \"events\": [\n" + event(line) + ",\n" + event("quux") + `], "searchedLogStreams": []}`, []string{"1"}, 1, 0},
		{"with a header", event("srcaddr dstaddr start bytes") + event("192.0.2.1 192.0.2.2 1767225600 9"), nil, 0, 1},
	} {
		src, rows, err := read(test.text)
		var wants []string
		for _, r := range test.rows {
			wants = append(wants, r+want)
		}
		if test.rows == nil {
			wants = []string{"2: 2026-01-01T00:00:00Z +0 unknown 192.0.2.1:0 → 192.0.2.2:0 9 B 0 P unknown \"\" [] start addresses src_bytes"}
		}
		if d := cmp.Diff(wants, rows); err != nil || d != "" {
			t.Errorf("%s: %v\n%s", test.name, err, d)
		}
		if src.Bad != test.bad || src.Skipped != test.skipped || src.Rows != uint64(len(rows)) {
			t.Errorf("%s: %d bad %v, %d skipped", test.name, src.Bad, src.BadRows, src.Skipped)
		}
		if score, why := match([]byte(test.text)); score != 85 {
			t.Errorf("%s: score %d %s", test.name, score, why)
		}
	}
	src, rows, err := read(data[:len(data)-20])
	if len(rows) != 1 || err == nil || err == io.EOF || !strings.Contains(err.Error(), "behind message 2") || src.Rows != 1 {
		t.Errorf("cut short: %d rows, error %v", len(rows), err)
	}
}

func TestHowRowsAreStitched(t *testing.T) {
	for fields, silence := range map[string]bool{"start srcaddr dstaddr tcp-flags": true, "start srcaddr dstaddr bytes": false} {
		src, _, err := read("1767225600 192.0.2.1 192.0.2.2 2\n", fields)
		if s := src.Stitch; err != nil || !s.Pieces || !s.Halves || !s.Copies || !s.Auto || s.Silence != silence {
			t.Errorf("%s: %+v, error %v", fields, s, err)
		}
	}
}
