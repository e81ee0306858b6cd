package unusualservice_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	unusualservice "seine/detectors/unusual-service"
)

func TestScenarios(t *testing.T) { scenario.Run(t, unusualservice.Detector()) }
