package audio

import (
	"context"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// Components returns the converters of this package.
func Components() []core.Component {
	return []core.Component{telephoneComponent()}
}

// hear decodes the audio of a value. It refuses empty audio: a reply to nothing is
// no evidence about a target.
func hear(ctx context.Context, in core.Value) (audio.Clip, error) {
	clip, warnings, err := audio.FromValue(in)
	if err != nil {
		return audio.Clip{}, err
	}
	for _, w := range warnings { // a file that is cut off is converted as far as it goes
		core.Warn(ctx, "%s", w)
	}
	if len(clip.Samples) == 0 {
		return audio.Clip{}, core.Errorf(core.ErrorInput, "the WAV file holds no audio")
	}
	return clip, nil
}
