package portactivity_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	portactivity "seine/detectors/port-activity"
)

func TestScenarios(t *testing.T) { scenario.Run(t, portactivity.Detector()) }
