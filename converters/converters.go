package converters

import (
	"slices"

	"github.com/redteam-orchestrator/orchestrator/converters/audio"
	"github.com/redteam-orchestrator/orchestrator/converters/speech"
	"github.com/redteam-orchestrator/orchestrator/converters/text"
	"github.com/redteam-orchestrator/orchestrator/core"
)

// All returns every bundled converter.
func All() []core.Component {
	return slices.Concat(text.Components(), audio.Components(), speech.Components())
}
