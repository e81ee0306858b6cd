package portfanout_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	portfanout "seine/detectors/port-fanout"
)

func TestScenarios(t *testing.T) { scenario.Run(t, portfanout.Detector()) }
