// Rosetta writes one made-up trace of about 300 connections in every layout
// that Seine reads, to testdata/rosetta: what the trace is, and what each
// file cannot tell of it, is written there. The same bytes come out every
// time.
//
//	go run ./scripts/rosetta [-dir testdata/rosetta]
package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A layout is one file of the trace.
type layout struct {
	file   string // compressed if it ends in .gz
	encode func(trace) []byte
}

// layouts are all files. nfcapd is missing: its files are written by
// nfcapd alone.
func layouts() []layout {
	return []layout{
		{"seine.ndjson.gz", ownJSON}, // the others are compared with this one
		{"seine.csv.gz", ownCSV},
		{"seine.parquet", ownParquet},
		{"seine.ocsf.ndjson.gz", ownOCSF},
		{"seine.zeek.log.gz", ownZeek},
		{"nine-columns.csv", nine},
		{"generic.csv", generic},
		{"generic.ndjson.gz", genericJSON},
		{"zeek.conn.log", zeekTSV},
		{"zeek-flat.ndjson.gz", zeekJSON(false)},
		{"zeek-nested.ndjson.gz", zeekJSON(true)},
		{"argus.binetflow", argus},
		{"silk.rwcut.txt.gz", silk},
		{"cidds.csv.gz", cidds},
		{"nfdump-1.6.csv.gz", nfdumpOld},
		{"nfdump-1.7.csv", nfdumpNew},
		{"nfdump-fast.csv.gz", nfdumpFast},
		{"nfdump.json.gz", nfdumpJSON},
		{"nfdump.ndjson.gz", nfdumpNDJSON},
		{"nfdump-long.txt.gz", nfdumpText},
		{"nf-v3.csv", netflowML},
		{"cicflowmeter-4.csv", cic(cic4, "02/01/2006 15:04:05")},
		{"cicflowmeter-later.csv", cic(cicNew, "02/01/2006 03:04:05 PM")},
		{"cicids2017.csv", cic(cic2017, "02/01/2006 15:04")},
		{"unsw-nb15.csv", unsw},
		{"eve-flow.json.gz", eveFlow},
		{"eve-netflow.json.gz", eveNetflow},
		{"aws-v2.log.gz", aws2},
		{"aws-v5.log.gz", aws5},
		{"aws-cloudwatch.json.gz", awsWrapped},
		{"aws-ocsf.ndjson.gz", awsOCSF},
		{"gcp.ndjson.gz", gcp},
		{"azure-vnet.json", azureVNet},
		{"azure-nsg.json", azureNSG},
		{"ecs.ndjson.gz", ecs},
		{"logstash.ndjson.gz", codec},
		{"elastiflow.ndjson.gz", elastiflow},
		{"goflow2.ndjson.gz", goflow2},
		{"hubble.ndjson.gz", hubble},
		{"filterlog.log.gz", filterlog},
		{"iptables.log.gz", iptables},
		{"asa.log.gz", asa},
		{"packets.pcap.gz", pcap},
		{"packets.pcapng.gz", pcapng},
		{"netflow-v5.pcap.gz", netflow5},
		{"netflow-v9.pcap.gz", netflow9},
		{"ipfix.pcap.gz", ipfixCapture},
		{"ipfix.ipfix.gz", ipfixFile},
		{"sflow.pcap.gz", sflow},
	}
}

func sortBy[T any, K cmp.Ordered](all []T, key func(T) K) {
	slices.SortStableFunc(all, func(a, b T) int { return cmp.Compare(key(a), key(b)) })
}

func main() {
	dir := flag.String("dir", "testdata/rosetta", "where the files go")
	flag.Parse()
	if err := write(*dir, shoot()); err != nil {
		fmt.Fprintln(os.Stderr, "rosetta:", err)
		os.Exit(1)
	}
}

func write(dir string, t trace) error {
	total := 0
	for _, l := range layouts() {
		data := l.encode(t)
		if strings.HasSuffix(l.file, ".gz") {
			var b bytes.Buffer
			w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is known
			w.Write(data)
			w.Close()
			data = b.Bytes()
		}
		total += len(data)
		if err := os.WriteFile(filepath.Join(dir, l.file), data, 0o644); err != nil {
			return err
		}
	}
	fmt.Printf("%d connections in %d files, %d kB\n", len(t), len(layouts()), total/1000)
	return nil
}
