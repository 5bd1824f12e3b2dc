package trace

import (
	"testing"

	"palisade.dev/scan/api/apitest"
)

func TestProbe(t *testing.T) { apitest.Run(t, Probe, Samples) }
