// Duckbench has DuckDB do what Seine does, for comparison: count the rows of
// a flow file, or run the five detections on it in SQL.
package main

import (
	"database/sql"
	_ "embed"
	"flag"
	"fmt"
	"log"
	"os"
	"strings"
	"time"

	_ "github.com/duckdb/duckdb-go/v2"
)

//go:embed detect.sql
var detect string

// columns spares DuckDB its guesses.
const columns = "{ts:'TIMESTAMP', protocol:'VARCHAR', state:'VARCHAR', src_ip:'VARCHAR', src_port:'USMALLINT', " +
	"dst_ip:'VARCHAR', dst_port:'USMALLINT', src_bytes:'BIGINT', dst_bytes:'BIGINT'}"

func main() {
	log.SetFlags(0)
	log.SetPrefix("duckbench: ")
	job := flag.String("job", "count", "count, read (all nine columns), layout (all columns of another layout) or detect")
	threads := flag.Int("threads", 2, "threads that DuckDB may use")
	blacklist := flag.String("blacklist", "", "`file` of listed addresses, one a line (detect)")
	out := flag.String("o", "", "`file` for the alerts, NDJSON (detect)")
	verbose := flag.Bool("v", false, "print the time of each statement")
	flag.Parse()
	if flag.NArg() != 1 {
		log.Fatal("give one .csv or .parquet file")
	}
	input := fmt.Sprintf("read_csv(%s, header=false, auto_detect=false, delim=',', columns=%s)", quote(flag.Arg(0)), columns)
	if strings.HasSuffix(flag.Arg(0), ".parquet") {
		input = fmt.Sprintf("read_parquet(%s)", quote(flag.Arg(0)))
	}
	db, err := sql.Open("duckdb", fmt.Sprintf("?threads=%d", *threads))
	if err != nil {
		log.Fatal(err)
	}
	defer db.Close()
	db.SetMaxOpenConns(1) // temporary tables belong to a connection

	switch *job {
	case "count":
		var n int64
		err = db.QueryRow("SELECT count(*) FROM " + input).Scan(&n)
		fmt.Println(n)
	case "read":
		var n, sum int64
		err = db.QueryRow("SELECT count(*), sum(hash(ts, protocol, state, src_ip, src_port, dst_ip, dst_port, src_bytes, dst_bytes) & 1) FROM "+input).Scan(&n, &sum)
		fmt.Println(n)
	case "layout":
		var n int64
		var sum any
		err = db.QueryRow("SELECT count(*), bit_xor(hash(t)) FROM "+layout(flag.Arg(0))+" t").Scan(&n, &sum)
		fmt.Println(n)
	case "detect":
		script := strings.NewReplacer("$INPUT", input, "$BLACKLIST", quote(*blacklist), "$OUTPUT", quote(*out)).Replace(detect)
		err = run(db, script, *verbose)
	default:
		err = fmt.Errorf("unknown job %q", *job)
	}
	if err != nil {
		log.Fatal(err)
	}
}

// layout is how DuckDB reads a file that the program layouts wrote, with the
// columns that Seine reads of it.
func layout(name string) string {
	file := quote(name)
	switch {
	case strings.HasSuffix(name, "conn.log"):
		return "read_csv(" + file + `, header=false, auto_detect=false, delim='\t', quote='', comment='#', nullstr='-', null_padding=true, columns={ts:'DOUBLE', uid:'VARCHAR', ` +
			"src:'VARCHAR', sport:'USMALLINT', dst:'VARCHAR', dport:'USMALLINT', proto:'VARCHAR', service:'VARCHAR', duration:'DOUBLE', ob:'UBIGINT', rb:'UBIGINT', state:'VARCHAR', " +
			"lo:'VARCHAR', lr:'VARCHAR', missed:'UBIGINT', history:'VARCHAR', op:'UBIGINT', oip:'UBIGINT', rp:'UBIGINT', rip:'UBIGINT', parents:'VARCHAR', ip_proto:'VARCHAR', label:'VARCHAR'})"
	case strings.HasSuffix(name, "conn.json"):
		return "read_json(" + file + `, format='newline_delimited', columns={ts:'DOUBLE', uid:'VARCHAR', "id.orig_h":'VARCHAR', "id.orig_p":'USMALLINT', "id.resp_h":'VARCHAR', "id.resp_p":'USMALLINT', ` +
			"proto:'VARCHAR', service:'VARCHAR', duration:'DOUBLE', conn_state:'VARCHAR', history:'VARCHAR', orig_pkts:'UBIGINT', orig_ip_bytes:'UBIGINT', resp_pkts:'UBIGINT', resp_ip_bytes:'UBIGINT'})"
	case strings.HasSuffix(name, "eve.json"):
		return "read_json(" + file + `, format='newline_delimited', columns={event_type:'VARCHAR', flow_id:'UBIGINT', src_ip:'VARCHAR', src_port:'USMALLINT', dest_ip:'VARCHAR', dest_port:'USMALLINT', proto:'VARCHAR', app_proto:'VARCHAR', ` +
			`flow:'STRUCT(pkts_toserver UBIGINT, pkts_toclient UBIGINT, bytes_toserver UBIGINT, bytes_toclient UBIGINT, start VARCHAR, "end" VARCHAR, state VARCHAR)', tcp:'STRUCT(tcp_flags_ts VARCHAR, tcp_flags_tc VARCHAR, state VARCHAR)'})`
	case strings.HasSuffix(name, "vpc.log"), strings.HasSuffix(name, "vpc.log.gz"):
		return "read_csv(" + file + ", header=true, auto_detect=false, delim=' ', nullstr='-', columns={version:'UTINYINT', account:'VARCHAR', eni:'VARCHAR', src:'VARCHAR', dst:'VARCHAR', sport:'USMALLINT', dport:'USMALLINT', " +
			"proto:'UTINYINT', packets:'UBIGINT', bytes:'UBIGINT', s:'UBIGINT', e:'UBIGINT', action:'VARCHAR', status:'VARCHAR'})"
	}
	return "read_parquet(" + file + ")"
}

// run executes the statements of a script and prints what they return.
func run(db *sql.DB, script string, verbose bool) error {
	for statement := range strings.SplitSeq(script, ";\n") {
		if strings.TrimSpace(statement) == "" {
			continue
		}
		start := time.Now()
		rows, err := db.Query(statement)
		if err != nil {
			return fmt.Errorf("%w in\n%s", err, statement)
		}
		for rows.Next() {
			var name string
			var n int64
			if columns, _ := rows.Columns(); len(columns) == 2 && rows.Scan(&name, &n) == nil {
				fmt.Printf("%10d %s\n", n, name)
			}
		}
		if err := rows.Err(); err != nil {
			return err
		}
		rows.Close()
		if verbose {
			fmt.Fprintf(os.Stderr, "%6.2f s  %.60q\n", time.Since(start).Seconds(), strings.TrimSpace(statement))
		}
	}
	return nil
}

func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
