package main

import "testing"

// The cases that Seine ships hold, and scenarios run as cases too.
func TestOurCasesHold(t *testing.T) {
	args := []string{"test", "-q", "-f", "table", "../../testdata/cases", "../../detectors/basic/testdata", "../../detectors/blacklist/testdata"}
	if code := run(args); code != exitDone {
		t.Errorf("%q ends with code %d", args, code)
	}
}
