package exfiltration_test

import (
	"testing"

	"seine/detectors/exfiltration"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, exfiltration.Detector()) }
