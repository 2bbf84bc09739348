package realtime

import "encoding/json"

// The client events that the target sends, with the fields of the protocol.
// Every event has an id; an error event of the service refers to it.

type sessionUpdate struct {
	Type    string `json:"type"`
	EventID string `json:"event_id"`
	// Session is the session object in the dialect, made from a sessionConfig.
	Session any `json:"session"`
}

// sessionConfig holds a session's settings. The service keeps settings that are
// left out.
type sessionConfig struct {
	Type             string        `json:"type"`
	Instructions     *string       `json:"instructions,omitempty"`
	OutputModalities []string      `json:"output_modalities,omitempty"`
	Audio            *audioConfig  `json:"audio,omitempty"`
	Prompt           *promptConfig `json:"prompt,omitempty"`
	// MaxOutputTokens is a number, or "inf".
	MaxOutputTokens   json.RawMessage `json:"max_output_tokens,omitempty"`
	Tools             []toolConfig    `json:"tools,omitempty"`
	ToolChoice        any             `json:"tool_choice,omitempty"` // a word, a choice or JSON
	ParallelToolCalls *bool           `json:"parallel_tool_calls,omitempty"`
	Reasoning         *reasoning      `json:"reasoning,omitempty"`
	Truncation        any             `json:"truncation,omitempty"` // a word or a retention
	Include           []string        `json:"include,omitempty"`
	// Tracing is "auto", an object, or null, which switches it off.
	Tracing json.RawMessage `json:"tracing,omitempty"`
}

type promptConfig struct {
	ID        string                     `json:"id"`
	Version   string                     `json:"version,omitempty"`
	Variables map[string]json.RawMessage `json:"variables,omitempty"`
}

type audioConfig struct {
	Input  audioInput   `json:"input"`
	Output *audioOutput `json:"output,omitempty"`
}

type audioInput struct {
	Format *format `json:"format,omitempty"`
	// TurnDetection and NoiseReduction are nil pointers, null, where they are off:
	// left out, the service would keep its own. They are left out of a call that is
	// joined.
	TurnDetection  any            `json:"turn_detection,omitempty"`  // a *turnDetection
	NoiseReduction any            `json:"noise_reduction,omitempty"` // a *noiseReduction
	Transcription  *transcription `json:"transcription,omitempty"`
}

// turnDetection are the settings of server_vad, or of semantic_vad, which has
// an eagerness. Times are in milliseconds.
type turnDetection struct {
	Type              string  `json:"type"`
	Threshold         float64 `json:"threshold,omitempty"`
	PrefixPaddingMS   int64   `json:"prefix_padding_ms,omitempty"`
	SilenceDurationMS int64   `json:"silence_duration_ms,omitempty"`
	IdleTimeoutMS     int64   `json:"idle_timeout_ms,omitempty"`
	Eagerness         string  `json:"eagerness,omitempty"`
	CreateResponse    bool    `json:"create_response"`
	InterruptResponse bool    `json:"interrupt_response"`
}

type noiseReduction struct {
	Type string `json:"type"`
}

type transcription struct {
	Model     string   `json:"model"`
	Language  string   `json:"language,omitempty"`
	Languages []string `json:"languages,omitempty"`
	Keywords  []string `json:"keywords,omitempty"`
	Prompt    string   `json:"prompt,omitempty"`
	Delay     string   `json:"delay,omitempty"`
}

type audioOutput struct {
	Format *format `json:"format,omitempty"`
	// Voice is a name or {"id": "voice_…"}.
	Voice any     `json:"voice,omitempty"`
	Speed float64 `json:"speed,omitempty"`
}

// toolConfig is a function, or an MCP server with its secrets.
type toolConfig struct {
	Type        string         `json:"type"`
	Name        string         `json:"name,omitempty"`
	Description string         `json:"description,omitempty"`
	Parameters  map[string]any `json:"parameters,omitempty"`

	ServerLabel       string            `json:"server_label,omitempty"`
	ServerURL         string            `json:"server_url,omitempty"`
	ConnectorID       string            `json:"connector_id,omitempty"`
	TunnelID          string            `json:"tunnel_id,omitempty"`
	ServerDescription string            `json:"server_description,omitempty"`
	Authorization     string            `json:"authorization,omitempty"`
	Headers           map[string]string `json:"headers,omitempty"`
	AllowedTools      json.RawMessage   `json:"allowed_tools,omitempty"`
	AllowedCallers    []string          `json:"allowed_callers,omitempty"`
	DeferLoading      bool              `json:"defer_loading,omitempty"`
	RequireApproval   json.RawMessage   `json:"require_approval,omitempty"`
}

type reasoning struct {
	Effort string `json:"effort"`
}

type retention struct {
	Type   string       `json:"type"`
	Ratio  float64      `json:"retention_ratio"`
	Limits *tokenLimits `json:"token_limits,omitempty"`
}

type tokenLimits struct {
	PostInstructions int `json:"post_instructions"`
}

type itemCreate struct {
	Type    string `json:"type"`
	EventID string `json:"event_id"`
	// PreviousItemID is what the item follows; "" appends it.
	PreviousItemID string    `json:"previous_item_id,omitempty"`
	Item           inputItem `json:"item"`
}

type inputItem struct {
	ID        string      `json:"id,omitempty"`
	Type      string      `json:"type"`
	Role      string      `json:"role,omitempty"`
	Content   []inputPart `json:"content,omitempty"`
	CallID    string      `json:"call_id,omitempty"`
	Name      string      `json:"name,omitempty"`
	Arguments *string     `json:"arguments,omitempty"`
	Output    *string     `json:"output,omitempty"`

	// ApprovalRequestID, Approve and Reason are those of an mcp_approval_response.
	ApprovalRequestID string `json:"approval_request_id,omitempty"`
	Approve           *bool  `json:"approve,omitempty"`
	Reason            string `json:"reason,omitempty"`
}

// inputPart has a text, audio as base64, or an image as a data: URL.
type inputPart struct {
	Type     string  `json:"type"`
	Text     *string `json:"text,omitempty"`
	Audio    []byte  `json:"audio,omitempty"`
	ImageURL string  `json:"image_url,omitempty"`
}

type audioAppend struct {
	Type    string `json:"type"`
	EventID string `json:"event_id"`
	Audio   []byte `json:"audio"`
}

// bareEvent is an event without fields other than type and id.
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
	Metadata label `json:"metadata"`
	// Conversation is "none" for a response outside of the conversation; Input
	// is then its whole input.
	Conversation string      `json:"conversation,omitempty"`
	Input        []inputItem `json:"input,omitempty"`
}

// label is the metadata that identify a response as the target's.
type label struct {
	Turn string `json:"turn"`
}

type responseCancel struct {
	Type       string `json:"type"`
	EventID    string `json:"event_id"`
	ResponseID string `json:"response_id,omitempty"`
}

type itemTruncate struct {
	Type         string `json:"type"`
	EventID      string `json:"event_id"`
	ItemID       string `json:"item_id"`
	ContentIndex int    `json:"content_index"`
	// AudioEndMS is how much of the audio was played, in milliseconds.
	AudioEndMS int64 `json:"audio_end_ms"`
}

type itemDelete struct {
	Type    string `json:"type"`
	EventID string `json:"event_id"`
	ItemID  string `json:"item_id"`
}
