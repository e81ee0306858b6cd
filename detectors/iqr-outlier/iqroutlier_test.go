package iqroutlier_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	iqroutlier "seine/detectors/iqr-outlier"
)

func TestScenarios(t *testing.T) { scenario.Run(t, iqroutlier.Detector()) }
