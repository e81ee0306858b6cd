package blacklist_test

import (
	"testing"

	"seine/detectors/blacklist"
	"seine/detectors/internal/scenario"
)

func TestScenarios(t *testing.T) { scenario.Run(t, blacklist.Detector()) }
