package formats

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"seine/flow"
)

// folders are where each format lives, below flow.
var folders = map[string]string{
	"csv": "csv", "zeek": "zeek", "zeek-json": "zeek", "argus": "argus", "silk": "silk", "cidds": "cidds", "nfcapd": "nfcapd",
	"nfdump-csv": "nfdump", "nfdump-json": "nfdump", "nfdump-text": "nfdump", "nf-v3": "netflowml", "cicflowmeter": "cicflowmeter",
	"unsw-nb15": "unsw", "eve": "eve", "awsvpc": "awsvpc", "gcp": "gcp", "azure": "azure", "ecs": "ecs", "logstash-netflow": "ecs",
	"elastiflow": "ecs", "goflow2": "goflow2", "netflow": "netflow", "ocsf": "ocsf", "hubble": "hubble", "firewall": "firewall",
	"json": "json", "parquet": "parquet", "pcap": "pcap",
}

// A fixture is the head of an input of which it is known what it is.
type fixture struct {
	name   string
	folder string // whose tests read it
	format string // or empty: one of the folder's formats, or none
	head   []byte
}

// headOf is what the formats may look at.
func headOf(t *testing.T, path string) []byte {
	t.Helper()
	src := flow.FileSource(path, &flow.Options{Symbols: flow.NewSymbols()})
	head, err := src.Head()
	if err != nil {
		t.Fatal(path, err)
	}
	src.Close()
	return head
}

// rosettaFormats are the files of testdata/rosetta with their formats, from
// the table in its README.
func rosettaFormats(t *testing.T) map[string]string {
	t.Helper()
	data, err := os.ReadFile("../../testdata/rosetta/README.md")
	if err != nil {
		t.Fatal(err)
	}
	m := map[string]string{}
	for line := range strings.Lines(string(data)) {
		cells := strings.Split(line, "|")
		if len(cells) < 4 || !strings.HasPrefix(cells[1], " `") {
			continue
		}
		m[strings.Trim(cells[1], " `")] = strings.Trim(cells[2], " `")
	}
	return m
}

func fixtures(t *testing.T) []fixture {
	t.Helper()
	var all []fixture
	listed := rosettaFormats(t)
	entries, err := os.ReadDir("../../testdata/rosetta")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		name := e.Name()
		if name == "README.md" || name == "blacklist.txt" {
			continue
		}
		format := listed[name]
		delete(listed, name)
		if format == "" {
			t.Errorf("README.md of testdata/rosetta does not tell what %s is", name)
		}
		all = append(all, fixture{name, folders[format], format, headOf(t, "../../testdata/rosetta/"+name)})
	}
	for name := range listed {
		t.Errorf("README.md of testdata/rosetta lists %s, which is not there", name)
	}
	all = append(all, fixture{"demo", "csv", "csv", headOf(t, "../../testdata/demo/flows.csv.gz")})
	inputs, err := filepath.Glob("../*/testdata/*.txt")
	if err != nil || len(inputs) < 40 {
		t.Fatal(len(inputs), err)
	}
	for _, input := range inputs {
		folder := filepath.Base(filepath.Dir(filepath.Dir(input)))
		if folder == "nfcapd" { // what nfdump printed, for the tests to read
			folder = "nfdump"
		}
		all = append(all, fixture{strings.TrimPrefix(input, "../"), folder, "", headOf(t, input)})
	}
	return all
}

// recognise is the format of a head, or the error that says why there is none.
func recognise(head []byte) (string, error) {
	f, err := flow.Detect(All(), flow.BytesSource("head", head, &flow.Options{Symbols: flow.NewSymbols()}))
	if err != nil {
		return "", err
	}
	return f.Name, nil
}

// refused reports whether an error is that of an input that is nobody's.
func refused(err error) bool {
	return errors.Is(err, flow.ErrUnrecognised) || errors.Is(err, flow.ErrEmpty)
}

// A matrix counts what was taken for what.
type matrix map[[2]string]int

func (m matrix) String() string {
	names := []string{}
	for k := range m {
		names = append(names, k[0], k[1])
	}
	slices.Sort(names)
	names = slices.Compact(names)
	var b strings.Builder
	fmt.Fprintf(&b, "%16s", "is \\ taken for")
	for i := range names {
		fmt.Fprintf(&b, "%4d", i+1)
	}
	for i, is := range names {
		fmt.Fprintf(&b, "\n%16s", fmt.Sprintf("%s %d", is, i+1))
		for _, as := range names {
			if n := m[[2]string{is, as}]; n > 0 {
				fmt.Fprintf(&b, "%4d", n)
			} else {
				b.WriteString("   .")
			}
		}
	}
	return b.String()
}

func TestEveryFormatHasItsFolder(t *testing.T) {
	for _, f := range All() {
		if folders[f.Name] == "" {
			t.Errorf("the folder of %s is missing in this test", f.Name)
		}
	}
	if len(folders) != len(All()) {
		t.Errorf("%d formats, %d in this test", len(All()), len(folders))
	}
}

// Every fixture is taken for what it is, and no other format is as sure. What
// the tests of a folder refuse is nobody else's either.
func TestNoConfusion(t *testing.T) {
	m := matrix{}
	for _, f := range fixtures(t) {
		own, ownScore, other, otherScore := "", 0, "", 0
		for _, format := range All() {
			score, reason := format.Match(f.head)
			if score == 0 && reason == "" {
				t.Errorf("%s refuses %s without a reason", format.Name, f.name)
			}
			if score > 0 && folders[format.Name] == f.folder {
				if own != "" {
					t.Errorf("%s: %s and %s both want it", f.name, own, format.Name)
				}
				own, ownScore = format.Name, score
			} else if score > otherScore {
				other, otherScore = format.Name, score
			}
			if score > 0 && folders[format.Name] != f.folder && !format.Mapped && format.Name != "pcap" {
				t.Errorf("%s: %s claims it with %d", f.name, format.Name, score)
			}
		}
		as, err := recognise(f.head)
		is := f.format
		if is == "" {
			is = own
		}
		if is == "" { // refused by its own folder
			is = "refused"
		}
		if err != nil {
			as = "refused"
		}
		m[[2]string{is, as}]++
		if is != as || err != nil && !refused(err) {
			t.Errorf("%s is %s, and is taken for %s (%v)", f.name, is, as, err)
		}
		if ownScore <= otherScore && own != "" {
			t.Errorf("%s: %s says %d, %s says %d", f.name, own, ownScore, other, otherScore)
		}
	}
	if t.Failed() {
		t.Logf("\n%s", m)
	}
}

// maxDatagram is how long the first packet of a capture may be, with what
// stands before it.
const maxDatagram = 1600

// The beginning of a fixture is taken for what it is, or refused.
func TestBeginningsAreNotConfused(t *testing.T) {
	m := matrix{}
	for _, f := range fixtures(t) {
		whole, _ := recognise(f.head)
		for _, n := range []int{1, 10, 40, 100, 250, 500, 1000, 2000, 5000, 20000} {
			if n > len(f.head) {
				break
			}
			as, err := recognise(f.head[:n])
			is := f.format
			if is == "" {
				is = whole
			}
			switch {
			case is == "netflow" && as == "pcap" && n < maxDatagram:
				// A capture in which no packet is whole is one of packets.
			case err == nil && as != is:
				t.Errorf("%s: its first %d bytes are taken for %s", f.name, n, as)
				m[[2]string{is, as}]++
			case err != nil && !refused(err):
				t.Errorf("%s: its first %d bytes: %v", f.name, n, err)
			case err == nil:
				m[[2]string{is, as}]++
			}
		}
	}
	if t.Failed() {
		t.Logf("\n%s", m)
	}
}

const lorem = "Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor incididunt ut labore et dolore magna aliqua.\n" +
	"Ut enim ad minim veniam, quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea commodo consequat.\n"

// noise is bytes of no meaning, the same every time.
func noise(n int, seed uint64) string {
	r := rand.New(rand.NewPCG(seed, 7))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return string(b)
}

// Nothing that holds no flows is taken for flows.
func TestJunkIsRefused(t *testing.T) {
	zeekHead := "#separator \\x09\n#set_separator\t,\n#empty_field\t(empty)\n#unset_field\t-\n"
	for name, text := range map[string]string{
		"nothing":              "",
		"a blank":              " ",
		"empty lines":          "\n\n\r\n\n",
		"zeros":                strings.Repeat("\x00", 4096),
		"prose":                strings.Repeat(lorem, 20),
		"noise":                noise(4096, 1),
		"noise of 100":         noise(100, 2),
		"noise after a header": "ts,te,td,sa\n" + noise(4096, 3),
		"HTML": "<!DOCTYPE html>\n<html><head><title>Flows</title></head><body><table><tr><th>StartTime</th><th>SrcAddr</th><th>DstAddr</th></tr>" +
			"<tr><td>2026-03-10 09:00:00</td><td>192.0.2.1</td><td>198.51.100.7</td></tr></table></body></html>\n",
		"XML":          `<?xml version="1.0"?><nmaprun scanner="nmap"><host><address addr="192.0.2.1" addrtype="ipv4"/></host></nmaprun>` + "\n",
		"a Makefile":   "all: build test\n\nbuild:\n\tgo build ./...\n\ntest: build\n\tgo test ./...\n",
		"Go":           "package main\n\nimport \"fmt\"\n\nfunc main() { fmt.Println(\"192.0.2.1\") }\n",
		"a script":     "#!/bin/sh\nnfdump -r nfcapd.202603100900 -o csv\n",
		"a table":      "name,age,city\nAnna,34,Bern\nBo,41,Oslo\n",
		"a price list": "date,article,price\n2026-03-10 09:00:00,4711,1.50\n2026-03-10 09:00:01,4712,2.50\n",
		"addresses":    "192.0.2.1\n198.51.100.7\n203.0.113.9\n",
		"a hosts file": "127.0.0.1 localhost\n192.0.2.1 gateway.example.org gateway\n",
		"a routing table": "Kernel IP routing table\nDestination     Gateway         Genmask         Flags Metric Ref    Use Iface\n" +
			"0.0.0.0         192.0.2.1       0.0.0.0         UG    100    0        0 eth0\n",
		"Zeek's http.log": zeekHead + "#path\thttp\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\ttrans_depth\tmethod\thost\turi\n" +
			"#types\ttime\tstring\taddr\tport\taddr\tport\tcount\tstring\tstring\tstring\n" +
			"1773133200.000001\tCAbcDefGhiJkl1\t192.0.2.10\t40001\t203.0.113.20\t80\t1\tGET\texample.org\t/\n",
		"Zeek's dns.log": zeekHead + "#path\tdns\n#fields\tts\tuid\tid.orig_h\tid.orig_p\tid.resp_h\tid.resp_p\tproto\ttrans_id\tquery\n" +
			"#types\ttime\tstring\taddr\tport\taddr\tport\tenum\tcount\tstring\n" +
			"1773133200.000001\tCAbcDefGhiJkl1\t192.0.2.10\t40001\t192.0.2.53\t53\tudp\t77\texample.org\n",
		"Zeek's http.log in JSON": `{"ts":1773133200.1,"uid":"CAbcDefGhiJkl1","id.orig_h":"192.0.2.10","id.orig_p":40001,"id.resp_h":"203.0.113.20","id.resp_p":80,"trans_depth":1,"method":"GET","host":"example.org","uri":"/"}` + "\n",
		"Zeek's dns.log in JSON":  `{"_path":"dns","ts":1773133200.1,"uid":"CAbcDefGhiJkl1","id.orig_h":"192.0.2.10","id.orig_p":40001,"id.resp_h":"192.0.2.53","id.resp_p":53,"proto":"udp","query":"example.org"}` + "\n",
		"JSON of something else":  `{"name":"Anna","age":34}` + "\n" + `{"name":"Bo","age":41}` + "\n",
		"an array of numbers":     "[1,2,3]\n",
		"a JSON text":             `"flow"` + "\n",
		"JSON with addresses":     `{"time":"2026-03-10T09:00:00Z","client":"192.0.2.1","message":"logged in"}` + "\n",
		"a configuration in JSON": "{\n  \"server\": {\"ip\": \"192.0.2.1\", \"port\": 80},\n  \"flowTuplesEnabled\": true\n}\n",
		"OCSF of another class":   `{"class_uid":3002,"category_uid":3,"activity_id":1,"time":1767225600500,"src_endpoint":{"ip":"10.0.0.5"},"dst_endpoint":{"ip":"10.0.0.9"}}` + "\n",
		"ECS without a network":   `{"@timestamp":"2026-03-10T09:00:00Z","event":{"action":"login"},"user":{"name":"anna"},"source":{"ip":"192.0.2.1"}}` + "\n",
		"a web server's log":      `192.0.2.1 - - [10/Mar/2026:09:00:00 +0000] "GET / HTTP/1.1" 200 5 "-" "curl/8.0"` + "\n",
		"syslog":                  "Mar 10 09:00:00 host sshd[100]: Failed password for root from 198.51.100.9 port 51000 ssh2\n",
		"YAML":                    "input: flows.csv\nchain:\n  - basic\n",
		"an ELF file":             "\x7fELF\x02\x01\x01" + strings.Repeat("\x00", 100) + noise(1000, 4),
		"PNG":                     "\x89PNG\r\n\x1a\n" + noise(1000, 5),
		"PDF":                     "%PDF-1.7\n" + noise(1000, 6),
	} {
		if as, err := recognise([]byte(text)); err == nil {
			t.Errorf("%s is taken for %s", name, as)
		} else if !refused(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// EVE without a flow is refused when it is opened, at the latest, and then in
// words that help.
func TestEventsWithoutFlowsAreRefused(t *testing.T) {
	text := `{"timestamp":"2026-01-01T00:10:00.000000+0000","flow_id":1,"event_type":"dns","src_ip":"192.0.2.10","src_port":40112,"dest_ip":"192.0.2.53","dest_port":53,"proto":"UDP","dns":{"type":"query"}}` + "\n" +
		`{"timestamp":"2026-01-01T00:10:00.000000+0000","event_type":"stats","stats":{"uptime":1}}` + "\n"
	src := flow.BytesSource("eve.json", []byte(strings.Repeat(text, 10)), &flow.Options{Symbols: flow.NewSymbols(), Workers: 1})
	f, err := flow.Detect(All(), src)
	if err != nil {
		return
	}
	if f.Name != "eve" {
		t.Fatalf("taken for %s", f.Name)
	}
	r, err := f.Open(src)
	if err != nil {
		return
	}
	rows, err := flow.ReadAll(r)
	if len(rows) > 0 || err == nil && len(src.Notes) == 0 {
		t.Errorf("%d rows, %v, notes %q", len(rows), err, src.Notes)
	}
}
