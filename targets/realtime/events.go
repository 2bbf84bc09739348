package realtime

// The client events that the target sends, field for field as the protocol
// has them. Every event has an id: the service names it if it objects.

type sessionUpdate struct {
	Type    string        `json:"type"`
	EventID string        `json:"event_id"`
	Session sessionConfig `json:"session"`
}

type sessionConfig struct {
	Type             string   `json:"type"`
	Instructions     *string  `json:"instructions,omitempty"`
	OutputModalities []string `json:"output_modalities"`
	Audio            struct {
		Input  audioInput   `json:"input"`
		Output *audioOutput `json:"output,omitempty"`
	} `json:"audio"`
	MaxOutputTokens int    `json:"max_output_tokens,omitempty"`
	Truncation      string `json:"truncation"`
}

type audioInput struct {
	Format format `json:"format"`
	// TurnDetection and NoiseReduction are null: the turns are ours to end,
	// and what is sent is what shall be heard.
	TurnDetection  *struct{}      `json:"turn_detection"`
	NoiseReduction *struct{}      `json:"noise_reduction"`
	Transcription  *transcription `json:"transcription,omitempty"`
}

type transcription struct {
	Model string `json:"model"`
}

type audioOutput struct {
	Format format `json:"format"`
	// Voice is a name or {"id": "voice_…"}.
	Voice any `json:"voice,omitempty"`
}

type itemCreate struct {
	Type    string    `json:"type"`
	EventID string    `json:"event_id"`
	Item    inputItem `json:"item"`
}

type inputItem struct {
	ID        string      `json:"id"`
	Type      string      `json:"type"`
	Role      string      `json:"role,omitempty"`
	Content   []inputPart `json:"content,omitempty"`
	CallID    string      `json:"call_id,omitempty"`
	Name      string      `json:"name,omitempty"`
	Arguments *string     `json:"arguments,omitempty"`
	Output    *string     `json:"output,omitempty"`
}

// inputPart has a text or audio, which JSON carries as base64.
type inputPart struct {
	Type  string  `json:"type"`
	Text  *string `json:"text,omitempty"`
	Audio []byte  `json:"audio,omitempty"`
}

type audioAppend struct {
	Type    string `json:"type"`
	EventID string `json:"event_id"`
	Audio   []byte `json:"audio"`
}

// bareEvent is an event that says everything with its type.
type bareEvent struct {
	Type    string `json:"type"`
	EventID string `json:"event_id"`
}

type responseCreate struct {
	Type     string         `json:"type"`
	EventID  string         `json:"event_id"`
	Response responseParams `json:"response"`
}

type responseParams struct {
	Metadata map[string]string `json:"metadata"`
}

type responseCancel struct {
	Type       string `json:"type"`
	EventID    string `json:"event_id"`
	ResponseID string `json:"response_id,omitempty"`
}

type itemDelete struct {
	Type    string `json:"type"`
	EventID string `json:"event_id"`
	ItemID  string `json:"item_id"`
}
