package policy_test

import (
	"testing"

	"seine/detectors/internal/scenario"
	"seine/detectors/policy"
)

func TestScenarios(t *testing.T) { scenario.Run(t, policy.Detector()) }
