package longconnection_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	longconnection "seine/detectors/long-connection"
)

func TestScenarios(t *testing.T) { scenario.Run(t, longconnection.Detector()) }
