package audio

import (
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
)

// Components returns the converters of this package.
func Components() []core.Component {
	return []core.Component{telephoneComponent()}
}

// hear decodes the audio of a value. It refuses empty audio: a reply to nothing is
// no evidence about a target.
func hear(in core.Value) (audio.Clip, error) {
	// The warnings are dropped: a file that is cut off is converted as far as it goes.
	clip, _, err := audio.FromValue(in)
	if err != nil {
		return audio.Clip{}, err
	}
	if len(clip.Samples) == 0 {
		return audio.Clip{}, core.Errorf(core.ErrorInput, "the WAV file holds no audio")
	}
	return clip, nil
}
