package stuffing

import (
	"testing"

	"palisade.dev/backend/detect/detecttest"
)

func TestScenes(t *testing.T) { detecttest.Run(t, Recipe) }
