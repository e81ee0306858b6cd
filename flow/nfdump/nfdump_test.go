package nfdump

import (
	"testing"

	"seine/flow/internal/flowtest"
)

func TestGolden(t *testing.T) { flowtest.Golden(t, Format()) }

func FuzzRead(f *testing.F) { flowtest.Fuzz(f, Format()) }
