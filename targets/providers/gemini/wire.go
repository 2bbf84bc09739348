package gemini

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"

	"google.golang.org/genai"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/lenient"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/service"
)

// response is an answer, or one event of a streamed one.
type response struct {
	Candidates     []candidate     `json:"candidates"`
	PromptFeedback *feedback       `json:"promptFeedback"`
	Usage          *usage          `json:"usageMetadata"`
	Error          json.RawMessage `json:"error"`
}

// failed reports whether the answer or event, whose JSON is data, is an error. One with a
// candidate, a usage or what is said of the prompt is none for an error that says nothing,
// or for members that the protocol does not have.
func (r *response) failed(data []byte) bool {
	if len(r.Candidates) > 0 || r.Usage != nil || r.PromptFeedback != nil {
		return !service.Empty(r.Error)
	}
	return service.IsError(data)
}

// candidate is one of the answers.
type candidate struct {
	Index   int `json:"index"`
	Content struct {
		Parts []json.RawMessage `json:"parts"`
	} `json:"content"`
	FinishReason  genai.FinishReason `json:"finishReason"`
	FinishMessage string             `json:"finishMessage"`
	Ratings       ratings            `json:"safetyRatings"`
	Grounding     struct {
		WebSearchQueries []string `json:"webSearchQueries"`
	} `json:"groundingMetadata"`
}

// feedback is what the service says of the prompt.
type feedback struct {
	BlockReason        genai.BlockedReason `json:"blockReason"`
	BlockReasonMessage string              `json:"blockReasonMessage"`
	Ratings            ratings             `json:"safetyRatings"`
}

// ratings are how probable the service takes harm for, by category.
type ratings []struct {
	Category    string `json:"category"`
	Probability string `json:"probability"`
	Blocked     bool   `json:"blocked"`
}

// blocked returns the categories for which the service blocked, in order.
func (r ratings) blocked() string {
	var names []string
	for _, rating := range r {
		if !rating.Blocked {
			continue
		}
		name := rating.Category
		if rating.Probability != "" {
			name += " (" + rating.Probability + ")"
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return strings.Join(slices.Compact(names), ", ")
}

// part is one part of a content.
type part struct {
	Text             string        `json:"text"`
	Thought          bool          `json:"thought"`
	ThoughtSignature string        `json:"thoughtSignature"`
	InlineData       *blob         `json:"inlineData"`
	FunctionCall     *functionCall `json:"functionCall"`
	// Transcription is what the service says that the part's sound says.
	Transcription struct {
		Text string `json:"text"`
	} `json:"audioTranscription"`
	hostedParts
}

type blob struct {
	MIMEType string        `json:"mimeType"`
	Data     lenient.Bytes `json:"data"`
}

// membersOf returns the names of a part's members, in order.
func membersOf(data json.RawMessage) []string {
	var object map[string]json.RawMessage
	_ = json.Unmarshal(data, &object) // what is not an object has none
	return slices.Sorted(maps.Keys(object))
}

// usage is what the service counts.
type usage struct {
	Prompt     *lenient.Count `json:"promptTokenCount"`
	Candidates *lenient.Count `json:"candidatesTokenCount"`
	Thoughts   lenient.Count  `json:"thoughtsTokenCount"`
	Cached     lenient.Count  `json:"cachedContentTokenCount"`
	ToolUse    lenient.Count  `json:"toolUsePromptTokenCount"`
	In         details        `json:"promptTokensDetails"`
	Out        details        `json:"candidatesTokensDetails"`
}

// details are counts by modality.
type details []struct {
	Modality string        `json:"modality"`
	Tokens   lenient.Count `json:"tokenCount"`
}

func (d details) of(modality string) int64 {
	var n int64
	for _, detail := range d {
		if detail.Modality == modality {
			n += detail.Tokens.Tokens()
		}
	}
	return n
}

// usage returns the counts for the record. The service counts thoughts, and what
// tools of its own gave the model to read, apart.
func (u *usage) usage() core.Usage {
	if u == nil {
		return core.Usage{}
	}
	return core.Usage{
		InputTokens: u.Prompt.Tokens() + u.ToolUse.Tokens(), OutputTokens: u.Candidates.Tokens() + u.Thoughts.Tokens(),
		CachedInputTokens: u.Cached.Tokens(), OutputReasoningTokens: u.Thoughts.Tokens(),
		InputTextTokens: u.In.of("TEXT"), InputAudioTokens: u.In.of("AUDIO"), InputImageTokens: u.In.of("IMAGE"),
		OutputTextTokens: u.Out.of("TEXT"), OutputAudioTokens: u.Out.of("AUDIO"),
	}
}

// counted returns the tokens of the reply; -1 where the service does not say.
func (u *usage) counted() int64 {
	if u == nil || u.Candidates == nil || *u.Candidates < 0 {
		return -1
	}
	return u.usage().OutputTokens
}
