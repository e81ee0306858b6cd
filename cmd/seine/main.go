// Command seine drags a net through flow logs: it reads flow records, passes
// them through a chain of detectors, and writes alerts with their evidence.
package main

import (
	"os"
	_ "time/tzdata" // --tz must not depend on the machine
)

func main() {
	os.Exit(run(os.Args[1:]))
}
