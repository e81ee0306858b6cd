package threatintel_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	threatintel "seine/detectors/threat-intel"
)

func TestScenarios(t *testing.T) { scenario.Run(t, threatintel.Detector()) }
