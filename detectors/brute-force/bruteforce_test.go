package bruteforce_test

import (
	"testing"

	bruteforce "seine/detectors/brute-force"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, bruteforce.Detector()) }
