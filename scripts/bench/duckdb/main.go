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
	job := flag.String("job", "count", "count, read (all nine columns) or detect")
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
