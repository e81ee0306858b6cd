// Package builtin lists the detectors that Seine comes with, in the order of
// the default chain. To add one, add its line here.
package builtin

import (
	"seine/detectors"
	"seine/detectors/basic"
	"seine/detectors/blacklist"
	iqroutlier "seine/detectors/iqr-outlier"
	portactivity "seine/detectors/port-activity"
	portfanout "seine/detectors/port-fanout"
)

// Chain returns the detectors in chain order.
func Chain() []*detectors.Detector {
	return []*detectors.Detector{
		basic.Detector(),
		blacklist.Detector(),
		portactivity.Detector(),
		portfanout.Detector(),
		iqroutlier.Detector(),
	}
}
