package lateralmovement_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	lateralmovement "seine/detectors/lateral-movement"
)

func TestScenarios(t *testing.T) { scenario.Run(t, lateralmovement.Detector()) }
