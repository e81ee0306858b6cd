// Csvread reads a nine-column flow file with encoding/csv into typed rows and
// prints how many there were: what one would write first.
package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"log"
	"net/netip"
	"os"
	"strconv"
	"time"
)

// A row is a flow as the standard library would hold it.
type row struct {
	ts                 time.Time
	protocol, state    string
	src, dst           netip.Addr
	srcPort, dstPort   uint16
	srcBytes, dstBytes uint64
}

func main() {
	log.SetFlags(0)
	log.SetPrefix("csvread: ")
	if len(os.Args) != 2 {
		log.Fatal("give one CSV file")
	}
	file, err := os.Open(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	defer file.Close()
	n, bytes, err := read(file)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(n, bytes)
}

// read counts the rows of r and sums their bytes.
func read(r io.Reader) (n int, bytes uint64, err error) {
	c := csv.NewReader(r)
	c.FieldsPerRecord = 9
	c.ReuseRecord = true
	for {
		fields, err := c.Read()
		if err == io.EOF {
			return n, bytes, nil
		}
		if err != nil {
			return n, bytes, err
		}
		f, err := parse(fields)
		if err != nil {
			return n, bytes, fmt.Errorf("row %d: %w", n+1, err)
		}
		n++
		bytes += f.srcBytes + f.dstBytes
	}
}

func parse(fields []string) (r row, err error) {
	var errs [7]error
	var from, to uint64
	r.ts, errs[0] = time.Parse(time.DateTime, fields[0])
	r.protocol, r.state = fields[1], fields[2]
	r.src, errs[1] = netip.ParseAddr(fields[3])
	from, errs[2] = strconv.ParseUint(fields[4], 10, 16)
	r.dst, errs[3] = netip.ParseAddr(fields[5])
	to, errs[4] = strconv.ParseUint(fields[6], 10, 16)
	r.srcPort, r.dstPort = uint16(from), uint16(to)
	r.srcBytes, errs[5] = strconv.ParseUint(fields[7], 10, 64)
	r.dstBytes, errs[6] = strconv.ParseUint(fields[8], 10, 64)
	return r, errors.Join(errs[:]...)
}
