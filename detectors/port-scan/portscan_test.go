package portscan_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	portscan "seine/detectors/port-scan"
)

func TestScenarios(t *testing.T) { scenario.Run(t, portscan.Detector()) }
