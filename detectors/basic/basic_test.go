package basic_test

import (
	"testing"

	"seine/detectors/basic"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, basic.Detector()) }
