package realtime

// xAI is the Grok voice API. It has the events of the Realtime protocol, some
// under their beta names (see protocol.go), but its own session object: the
// voice and the turn detection are outside of the audio settings, and there is
// no setting for token limits, truncation or reasoning.
// Source: https://docs.x.ai/docs/guides/voice/agent
func xAI() dialect {
	d := realtimeGA("xai", "api.x.ai")
	d.onlySpeaks = true
	d.lacks = []string{"prompt", "include", "tracing", "call_id"}
	d.session = xaiSessionOf
	return d
}

type xaiSession struct {
	Instructions  *string      `json:"instructions,omitempty"`
	Voice         any          `json:"voice,omitempty"`
	TurnDetection any          `json:"turn_detection"`
	Tools         []toolConfig `json:"tools,omitempty"`
	ToolChoice    any          `json:"tool_choice,omitempty"`
	Audio         *xaiAudio    `json:"audio,omitempty"`
}

type xaiAudio struct {
	Input struct {
		Format        *format        `json:"format,omitempty"`
		Transcription *transcription `json:"transcription,omitempty"`
	} `json:"input"`
	Output *struct {
		Format *format `json:"format,omitempty"`
		Speed  float64 `json:"speed,omitempty"`
	} `json:"output,omitempty"`
}

func xaiSessionOf(s sessionConfig) any {
	if s.Audio == nil { // only the instructions change
		return struct {
			Instructions *string `json:"instructions"`
		}{s.Instructions}
	}
	x := xaiSession{
		Instructions: s.Instructions, TurnDetection: s.Audio.Input.TurnDetection,
		Tools: s.Tools, ToolChoice: s.ToolChoice, Audio: new(xaiAudio),
	}
	x.Audio.Input.Format, x.Audio.Input.Transcription = s.Audio.Input.Format, s.Audio.Input.Transcription
	if out := s.Audio.Output; out != nil {
		x.Voice = out.Voice
		x.Audio.Output = &struct {
			Format *format `json:"format,omitempty"`
			Speed  float64 `json:"speed,omitempty"`
		}{out.Format, out.Speed}
	}
	return x
}
