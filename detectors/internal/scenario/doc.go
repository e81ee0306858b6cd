// Package scenario tests a detector with stories: small files that show flows
// and the alerts that they must raise, for readers as much as for the test.
//
// A scenario is a txtar archive in the testdata folder of a detector. The text
// in front says in a sentence or two what it shows. Its files are
//
//	flows.csv   the flows: nine columns, or any header that package csv reads
//	params      optional: parameters by full name, "basic.allow-dhcp=false",
//	            and lateness, evidence, retention, max-hosts of the run;
//	            intel, inventory, kev, epss and nvd name a file each of what
//	            is known beside the flows, as "intel=$DIR/list.txt"
//	want        what must come of it, a line each, in order; empty: nothing
//	…           any other file is written to a folder that params call $DIR
//
// The name of the file says what kind it is: fires-… raises an alert, near-…
// stays just short of one, benign-… looks alike and means no harm (and tells
// honestly where the detector raises an alert all the same).
//
// A line of want is an alert with all its facts,
//
//	low too-many-ports 10.0.0.5 src ports=7 threshold=1.4 hosts=9 @12
//
// where @ gives the rows of the evidence (the lines of flows.csv) and, if
// there are more, how many flows support it. What the detector adds to the
// summary of the run follows: "skipped: …", "counted: …", "table …", and
// warnings. "go test -update" writes want anew.
//
// The package serves tests alone.
package scenario
