package beacon_test

import (
	"testing"

	"seine/detectors/beacon"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, beacon.Detector()) }
