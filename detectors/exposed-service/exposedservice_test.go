package exposedservice_test

import (
	"testing"

	exposedservice "seine/detectors/exposed-service"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, exposedservice.Detector()) }
