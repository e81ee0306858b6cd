package requestburst_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	requestburst "seine/detectors/request-burst"
)

func TestScenarios(t *testing.T) { scenario.Run(t, requestburst.Detector()) }
