// Layouts writes a trace in several layouts, and reads a file of any layout
// on one core, so that the speed of the readers can be measured beside other
// programs on the same bytes. It is started by run.sh.
package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"time"

	"github.com/klauspost/compress/gzip"

	"seine/flow"
	"seine/flow/formats"
)

func main() {
	log.SetFlags(0)
	log.SetPrefix("layouts: ")
	dir := flag.String("make", "", "write the layouts of FILE to this `directory`")
	rows := flag.Int("rows", 2_000_000, "rows to write at most")
	only := flag.String("only", "", "write this `layout` alone, by the name of its file")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("give one file of flows")
	}
	var err error
	if *dir != "" {
		err = write(flag.Arg(0), *dir, *only, *rows)
	} else {
		err = read(flag.Arg(0))
	}
	if err != nil {
		log.Fatal(err)
	}
}

// open opens a file as the engine does, for decoding on one core.
func open(name string) (*flow.Source, flow.Reader, *flow.Symbols, error) {
	symbols := flow.NewSymbols()
	src := flow.FileSource(name, &flow.Options{Workers: 1, Symbols: symbols})
	f, err := flow.Detect(formats.All(), src)
	if err != nil {
		return nil, nil, nil, err
	}
	src.Format = f
	r, err := f.Open(src)
	return src, r, symbols, err
}

// read decodes a file and prints what that took.
func read(name string) error {
	runtime.GOMAXPROCS(1)
	src, r, _, err := open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	rows := 0
	if l, ok := r.(flow.Lender); ok {
		for {
			b, err := l.Lend()
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			rows += len(b.Rows)
			b.Free()
		}
	} else {
		buf := make([]flow.Record, 2048)
		for {
			n, err := r.Read(buf)
			rows += n
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
		}
	}
	took := time.Since(start)
	runtime.ReadMemStats(&after)
	if src.Bad > 0 {
		return fmt.Errorf("%s: %d bad rows: %s", name, src.Bad, src.BadRows[0].Reason)
	}
	fmt.Printf("%s %d rows %.2f M rows/s %.4f allocations/row\n", src.Format.Name, rows,
		float64(rows)/took.Seconds()/1e6, float64(after.Mallocs-before.Mallocs)/float64(max(rows, 1)))
	return nil
}

// write writes the first rows of a trace in every layout, or in one.
func write(name, dir, only string, rows int) error {
	src, r, symbols, err := open(name)
	if err != nil {
		return err
	}
	defer src.Close()
	var outs []*layout
	for _, l := range layouts {
		if only != "" && l.file != only {
			continue
		}
		f, err := os.Create(filepath.Join(dir, l.file))
		if err != nil {
			return err
		}
		o := &layout{file: f, w: bufio.NewWriterSize(f, 1<<20), line: l.line, full: l.full}
		if filepath.Ext(l.file) == ".gz" {
			o.packed = gzip.NewWriter(f)
			o.w.Reset(o.packed)
		}
		if l.create != "" {
			format, err := flow.Lookup(formats.All(), l.create)
			if err != nil {
				return err
			}
			if o.own, err = format.Create(o.w, names{symbols}); err != nil {
				return err
			}
		}
		if _, err := o.w.WriteString(l.header); err != nil {
			return err
		}
		outs = append(outs, o)
	}
	buf := make([]flow.Record, 4096)
	for rows > 0 {
		n, err := r.Read(buf[:min(len(buf), rows)])
		rows -= n
		for _, o := range outs {
			if o.full {
				for i := range buf[:n] {
					complete(&buf[i])
				}
			}
			if err := o.write(buf[:n]); err != nil {
				return err
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return err
		}
	}
	for _, o := range outs {
		if err := o.close(); err != nil {
			return err
		}
	}
	return nil
}

type names struct{ symbols *flow.Symbols }

func (n names) File(uint32) string        { return "trace" }
func (n names) Text(s flow.Symbol) string { return n.symbols.Text(s) }

// A layout is a file being written, by a writer of Seine or line by line.
type layout struct {
	file   *os.File
	packed *gzip.Writer
	w      *bufio.Writer
	own    flow.Writer
	line   func(b []byte, r *flow.Record) []byte
	full   bool // of completed records
	buf    []byte
}

func (l *layout) write(rs []flow.Record) error {
	if l.own != nil {
		return l.own.Write(rs)
	}
	for i := range rs {
		l.buf = l.line(l.buf[:0], &rs[i])
		if _, err := l.w.Write(l.buf); err != nil {
			return err
		}
	}
	return nil
}

func (l *layout) close() error {
	if l.own != nil {
		if err := l.own.Close(); err != nil {
			return err
		}
	}
	if err := l.w.Flush(); err != nil {
		return err
	}
	if l.packed != nil {
		if err := l.packed.Close(); err != nil {
			return err
		}
	}
	return l.file.Close()
}

// layouts are what is written. The one of completed records is the last, since
// completing changes them.
var layouts = []struct {
	file, create, header string
	line                 func(b []byte, r *flow.Record) []byte
	full                 bool
}{
	{file: "conn.log", create: "zeek"},
	{file: "conn.json", line: zeekJSON},
	{file: "eve.json", line: eve},
	{file: "vpc.log", header: vpcHeader, line: vpc},
	{file: "vpc.log.gz", header: vpcHeader, line: vpc},
	{file: "full.parquet", create: "parquet", full: true},
}

const vpcHeader = "version account-id interface-id srcaddr dstaddr srcport dstport protocol packets bytes start end action log-status\n"

func vpc(b []byte, r *flow.Record) []byte {
	b = append(b, "2 123456789012 eni-0a1b2c3d4e5f60718 "...)
	b = append(r.Src.AppendTo(b), ' ')
	b = append(r.Dst.AppendTo(b), ' ')
	b = append(strconv.AppendUint(b, uint64(r.SrcPort), 10), ' ')
	b = append(strconv.AppendUint(b, uint64(r.DstPort), 10), ' ')
	b = append(strconv.AppendUint(b, uint64(r.Proto), 10), ' ')
	b = append(strconv.AppendUint(b, 1+r.SrcBytes/1000, 10), ' ')
	b = append(strconv.AppendUint(b, r.SrcBytes, 10), ' ')
	b = append(strconv.AppendInt(b, int64(r.Start/flow.Second), 10), ' ')
	b = append(strconv.AppendInt(b, int64(r.Start/flow.Second)+59, 10), ' ')
	return append(b, "ACCEPT OK\n"...)
}

func zeekJSON(b []byte, r *flow.Record) []byte {
	b = append(b, `{"ts":`...)
	b = strconv.AppendFloat(b, float64(r.Start)/1e9, 'f', 6, 64)
	b = append(b, `,"uid":"CHhAvVGS1DHFjwGM9","id.orig_h":"`...)
	b = r.Src.AppendTo(b)
	b = append(b, `","id.orig_p":`...)
	b = strconv.AppendUint(b, uint64(r.SrcPort), 10)
	b = append(b, `,"id.resp_h":"`...)
	b = r.Dst.AppendTo(b)
	b = append(b, `","id.resp_p":`...)
	b = strconv.AppendUint(b, uint64(r.DstPort), 10)
	b = append(append(b, `,"proto":"`...), r.Proto.String()...)
	b = append(b, `","service":"ssl","duration":1.25,"orig_bytes":`...)
	b = strconv.AppendUint(b, r.SrcBytes, 10)
	b = append(b, `,"resp_bytes":`...)
	b = strconv.AppendUint(b, r.DstBytes, 10)
	b = append(b, `,"conn_state":"SF","local_orig":true,"local_resp":false,"missed_bytes":0,"history":"ShADadFf","orig_pkts":12,"orig_ip_bytes":`...)
	b = strconv.AppendUint(b, r.SrcBytes+480, 10)
	b = append(b, `,"resp_pkts":14,"resp_ip_bytes":`...)
	b = strconv.AppendUint(b, r.DstBytes+560, 10)
	return append(b, "}\n"...)
}

func eve(b []byte, r *flow.Record) []byte {
	const stamp = "2006-01-02T15:04:05.000000-0700"
	b = append(b, `{"timestamp":"`...)
	b = r.Start.Add(60*flow.Second).UTC().AppendFormat(b, stamp)
	b = append(b, `","flow_id":1867234567890123,"in_iface":"eth0","event_type":"flow","src_ip":"`...)
	b = r.Src.AppendTo(b)
	b = append(b, `","src_port":`...)
	b = strconv.AppendUint(b, uint64(r.SrcPort), 10)
	b = append(b, `,"dest_ip":"`...)
	b = r.Dst.AppendTo(b)
	b = append(b, `","dest_port":`...)
	b = strconv.AppendUint(b, uint64(r.DstPort), 10)
	proto := "TCP"
	if r.Proto == flow.UDP {
		proto = "UDP"
	}
	b = append(append(b, `,"proto":"`...), proto...)
	b = append(b, `","app_proto":"tls","flow":{"pkts_toserver":12,"pkts_toclient":14,"bytes_toserver":`...)
	b = strconv.AppendUint(b, r.SrcBytes, 10)
	b = append(b, `,"bytes_toclient":`...)
	b = strconv.AppendUint(b, r.DstBytes, 10)
	b = append(b, `,"start":"`...)
	b = r.Start.UTC().AppendFormat(b, stamp)
	b = append(b, `","end":"`...)
	b = r.Start.Add(flow.Second).UTC().AppendFormat(b, stamp)
	b = append(b, `","age":1,"state":"closed","reason":"timeout","alerted":false}`...)
	if proto == "TCP" {
		b = append(b, `,"tcp":{"tcp_flags":"1b","tcp_flags_ts":"1b","tcp_flags_tc":"1b","syn":true,"fin":true,"psh":true,"ack":true,"state":"closed"}`...)
	}
	return append(b, "}\n"...)
}
