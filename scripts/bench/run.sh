#!/bin/sh
# Measures Seine beside wc, encoding/csv and DuckDB. Everything it makes lies
# in $SEINE_BENCH_DIR, or in a temporary directory that it removes.
#
#   ROWS       rows of the trace                       (10000000)
#   RUNS       rounds                                  (5)
#   SLOW_RUNS  rounds of the slow contenders           (3)
#   SCALE      also compare with so many rows, or 0    (0)
#   FORMAT_ROWS  rows of the files of other layouts, or 0  (2000000)
#   DETECTOR_ROWS  rows for the cost of each detector, or 0  (2000000)
#   MEMORY_ROWS    rows for the memory of the whole chain, or 0  (10000000)
#   DETECTORS  1: measure the detectors alone
#   JSON       write the results to this file too
#   SEINE      another seine binary than bin/seine
set -eu

case ${JSON:=} in
'' | /*) ;;
*) JSON=$(pwd)/$JSON ;;
esac
cd "$(dirname "$0")/../.."

if [ -n "${SEINE_BENCH_DIR:=}" ]; then
	mkdir -p "$SEINE_BENCH_DIR"
	dir=$(cd "$SEINE_BENCH_DIR" && pwd)
else
	dir=$(mktemp -d)
	trap 'rm -rf "$dir"' EXIT
	trap 'exit 130' INT TERM
fi

seine=${SEINE:-}
if [ -z "$seine" ]; then
	CGO_ENABLED=0 go build -trimpath -o bin/seine ./cmd/seine
	seine=$(pwd)/bin/seine
fi
go build -o "$dir/bin/" ./scripts/genflows ./scripts/bench ./scripts/bench/csvread ./scripts/bench/layouts

# DuckDB needs a C linker and its own modules; the others do without it.
duck=$dir/bin/duckbench
if [ "${DETECTORS:-0}" = 1 ]; then
	duck=
elif ! (cd scripts/bench/duckdb && CGO_ENABLED=1 go build -o "$duck" .); then
	echo 'DuckDB cannot be built here and is left out' >&2
	duck=
fi

"$dir/bin/bench" -dir "$dir" -rows "${ROWS:-10000000}" -runs "${RUNS:-5}" -slow-runs "${SLOW_RUNS:-3}" \
	-scale "${SCALE:-0}" -json "$JSON" -seine "$seine" -genflows "$dir/bin/genflows" \
	-format-rows "${FORMAT_ROWS:-2000000}" -layouts "$dir/bin/layouts" \
	-detector-rows "${DETECTOR_ROWS:-2000000}" -memory-rows "${MEMORY_ROWS:-10000000}" \
	-detectors-only="${DETECTORS:-0}" -csvread "$dir/bin/csvread" -duckbench "$duck"
