package httptarget

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"math"
	"mime"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// reply is a compiled [Reply].
type reply struct {
	jq, endJQ, audio, toolCalls, usage, truncated *extract.Program
	regex                                         *regexp.Regexp
	html                                          *selector
	stream, end, audioType                        string
	// most is the limit of a reply in bytes.
	most int
}

// The values of the key reply.stream.
const (
	streamNone  = "no"
	streamSSE   = "sse"
	streamLines = "lines"
)

func (k *compiler) reply() {
	c := k.config.Reply
	out := &k.plan.reply
	*out = reply{
		jq: k.jq("reply.jq", c.JQ), endJQ: k.jq("reply.end_jq", c.EndJQ), audio: k.jq("reply.audio", c.Audio),
		toolCalls: k.jq("reply.tool_calls", c.ToolCalls), usage: k.jq("reply.usage", c.Usage), truncated: k.jq("reply.truncated", c.Truncated),
		regex: k.regex("reply.regex", c.Regex), stream: c.Stream, end: c.End, audioType: c.AudioType, most: k.config.MaxReplyBytes,
	}
	var err error
	if out.html, err = parseSelector(c.HTML); err != nil {
		k.wrong("reply.html", err)
	}
	if out.stream == "" {
		out.stream = streamNone
	}
	if !slices.Contains([]string{streamNone, streamSSE, streamLines}, out.stream) {
		k.wrong("reply.stream", core.Errorf(core.ErrorConfig, "%q is not one of no, sse, lines", c.Stream))
	}
	ways := 0
	for _, way := range []string{c.JQ, c.Regex, c.HTML} {
		if way != "" {
			ways++
		}
	}
	if ways > 1 {
		k.wrong("reply", core.Errorf(core.ErrorConfig, "more than one of jq, regex and html is given").WithHint("keep one of them"))
	}
	if out.stream == streamNone && (c.End != "" || c.EndJQ != "") {
		k.wrong("reply.end", core.Errorf(core.ErrorConfig, "end and end_jq are for streams").WithHint("add stream: sse, or stream: lines"))
	}
	if out.stream != streamNone && (c.Regex != "" || c.HTML != "") {
		k.wrong("reply", core.Errorf(core.ErrorConfig, "the pieces of a stream are read by jq"))
	}
	if base, _, err := mime.ParseMediaType(c.AudioType); c.Audio != "" && (err != nil || !strings.HasPrefix(base, "audio/")) {
		k.wrong("reply.audio_type", core.Errorf(core.ErrorConfig, "%q is not a media type of sound", c.AudioType).WithHint("such as audio/wav"))
	}
}

// read returns the reply in the last answer of a turn.
func (r *reply) read(ctx context.Context, a *answer, s *state) (core.Reply, error) {
	out := core.Reply{Finish: core.FinishComplete, Message: core.Message{Role: core.Assistant}}
	parts, err := r.parts(ctx, a, s)
	if err != nil {
		return out, err
	}
	out.Message.Parts = parts
	switch {
	case a.cut != nil:
		out.Finish, out.Detail = core.FinishBroken, "the answer broke off"
	case a.long:
		out.Finish, out.Detail = core.FinishTruncated, "the answer is longer than max_reply_bytes"
	case a.unframed && !a.isJSON():
		out.Finish, out.Detail = core.FinishUnconfirmed, "the service closed the connection without saying that the answer was whole"
	}
	if a.cut == nil && !a.long {
		r.remarks(ctx, a, s, &out)
	}
	return out, err
}

// remarks reads what an answer says beside its text: tool calls, usage, and whether
// a limit cut it off.
func (r *reply) remarks(ctx context.Context, a *answer, s *state, out *core.Reply) {
	if r.toolCalls == nil && r.usage == nil && r.truncated == nil {
		return
	}
	input, err := a.json()
	if err != nil {
		unconfirmed(out, core.Errorf(core.ErrorProtocol, "the answer is no JSON, in which its remarks would be: %w", err))
		return
	}
	r.remarksOf(ctx, input, s.variables(a), out)
}

// remarksOf reads the remarks in a JSON value. What cannot be read does not decide about
// the text: the reply is unconfirmed.
func (r *reply) remarksOf(ctx context.Context, input any, variables []any, out *core.Reply) {
	if r.truncated != nil {
		cut, err := r.truncated.Holds(ctx, input, variables)
		switch {
		case err != nil:
			unconfirmed(out, template.About(err, "reply.truncated"))
		case cut:
			out.Finish, out.Detail = core.FinishTruncated, "a limit of the service cut the reply off"
		}
	}
	if r.usage != nil {
		r.measure(ctx, input, variables, out)
	}
	if r.toolCalls == nil {
		return
	}
	var failed error
	err := r.toolCalls.Run(ctx, input, variables, func(v any) bool {
		failed = appendCalls(out, v)
		return failed == nil
	})
	if err = cmp.Or(err, failed); err != nil {
		unconfirmed(out, template.About(err, "reply.tool_calls"))
	}
}

// unconfirmed notes what could not be read of a complete reply.
func unconfirmed(out *core.Reply, err error) {
	switch why := err.Error(); {
	case out.Finish == core.FinishComplete:
		out.Finish, out.Detail = core.FinishUnconfirmed, why
	case out.Detail != why && !slices.Contains(out.Warnings, why): // each piece of a stream may say so
		out.Warnings = append(out.Warnings, why)
	}
}

// measure reads the usage. What cannot be read is unknown, with a warning: it does not
// decide about the reply.
func (r *reply) measure(ctx context.Context, input any, variables []any, out *core.Reply) {
	v, err := r.usage.First(ctx, input, variables)
	if err != nil {
		out.Warnings = append(out.Warnings, "the usage is unknown: "+template.About(err, "reply.usage").Error())
		return
	}
	var known [2]bool
	out.Usage.InputTokens, known[0] = tokens(v, "input_tokens")
	out.Usage.OutputTokens, known[1] = tokens(v, "output_tokens")
	if _, object := v.(map[string]any); v != nil && !object || !known[0] || !known[1] {
		out.Warnings = append(out.Warnings, "the usage has counts that are none; they are taken for unknown")
	}
}

// maxTokens is above every number of tokens that a service means.
const maxTokens = 1 << 40

// tokens returns a number of tokens, 0 where it is not told. ok is false, and the number
// 0, for what is no whole number from 0 to maxTokens.
func tokens(v any, key string) (n int64, ok bool) {
	object, _ := v.(map[string]any)
	if object[key] == nil {
		return 0, true
	}
	f, err := json.Number(marshaled(object[key])).Float64()
	if err != nil || f != math.Trunc(f) || f < 0 || f > maxTokens {
		return 0, false
	}
	return int64(f), true
}

// appendCalls adds a tool call, or a list of them.
func appendCalls(out *core.Reply, v any) error {
	switch v := v.(type) {
	case nil:
		return nil
	case []any:
		for _, call := range v {
			if err := appendCalls(out, call); err != nil {
				return err
			}
		}
		return nil
	case map[string]any:
		id, _ := v["call_id"].(string)
		name, _ := v["name"].(string)
		if id == "" || name == "" {
			return core.Errorf(core.ErrorProtocol, "a call of a tool without call_id or name").
				WithHint("such as [.tool_calls[]? | {call_id: .id, name: .function.name, arguments: .function.arguments}]")
		}
		source, err := template.Marshal(map[string]any{"call_id": id, "name": name, "arguments": v["arguments"]})
		if err != nil {
			return err
		}
		out.Message.Parts = append(out.Message.Parts, core.Part{Value: core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: []byte(source)}})
		return nil
	}
	return core.Errorf(core.ErrorProtocol, "a call of a tool that is no object")
}

// parts returns the texts and the sound of a reply.
func (r *reply) parts(ctx context.Context, a *answer, s *state) ([]core.Part, error) {
	if strings.HasPrefix(a.mediaType, "audio/") {
		return soundPart(a.body, a.mediaType), nil
	}
	switch {
	case r.jq != nil || r.audio != nil:
		return r.queried(ctx, a, s)
	case r.regex != nil:
		return r.matched(a)
	case r.html != nil:
		text, err := a.decode()
		if err != nil {
			return nil, err
		}
		found, ok := r.html.lastText(text)
		if !ok {
			return nil, a.noReply("reply.html fits no element")
		}
		return textParts(found), nil
	}
	return a.whole()
}

// whole returns the body as a text. A JSON document is no text: its source has
// other characters than what it says. A page is none, either: one that asks to log in
// would be taken for a reply.
func (a *answer) whole() ([]core.Part, error) {
	text, err := a.decode()
	if err != nil {
		return nil, err
	}
	if len(a.body) == 0 {
		return nil, nil
	}
	if a.isJSON() && a.cut == nil {
		v, err := a.json()
		if said, ok := v.(string); ok && err == nil {
			return textParts(said), nil
		}
		return nil, core.Errorf(core.ErrorConfig, "the answer is JSON, and the campaign does not say where the reply is in it").
			WithHint("write reply: {jq: .answer}, or wherever it is in %s", a.describe())
	}
	if a.isPage() {
		return nil, core.Errorf(core.ErrorConfig, "the answer is a page of HTML, and the campaign does not say where the reply is in it").
			WithHint("write reply: {regex: '<p>(.*)</p>'}, or whatever is around it in the page; a page may also ask to log in")
	}
	if !a.isText() {
		return nil, core.Errorf(core.ErrorProtocol, "the answer is %s, which is neither text nor sound", a.mediaType)
	}
	return textParts(text), nil
}

// queriedCut returns the texts in the part of a JSON answer that arrived.
func (r *reply) queriedCut(ctx context.Context, a *answer, s *state) ([]core.Part, error) {
	input, err := a.json()
	if err == nil && r.jq != nil {
		texts, err := r.textsOf(ctx, input, s.variables(a))
		if parts := textParts(texts...); err == nil && len(parts) > 0 {
			return parts, nil
		}
	}
	if a.long {
		return nil, core.Errorf(core.ErrorProtocol, "the answer is longer than max_reply_bytes, and cannot be read")
	}
	return nil, nil
}

// queried returns what the jq programs find.
func (r *reply) queried(ctx context.Context, a *answer, s *state) ([]core.Part, error) {
	if a.cut != nil || a.long {
		return r.queriedCut(ctx, a, s)
	}
	if _, err := a.decode(); err != nil {
		return nil, err
	}
	input, err := a.json()
	if err != nil {
		return nil, a.noReply("the answer is no JSON")
	}
	var parts []core.Part
	if r.jq != nil {
		texts, err := r.textsOf(ctx, input, s.variables(a))
		if err != nil {
			return nil, template.About(err, "reply.jq")
		}
		parts = textParts(texts...)
	}
	if r.audio != nil {
		sound, err := r.sound(ctx, input, s.variables(a))
		if err != nil {
			return nil, template.About(err, "reply.audio")
		}
		for i := range parts {
			parts[i].Transcript = len(sound) > 0
		}
		parts = append(parts, sound...)
	}
	if len(parts) == 0 && r.toolCalls == nil {
		return nil, a.noReply("jq finds no reply")
	}
	return parts, nil
}

// noReply returns the error for an answer that holds no reply.
func (a *answer) noReply(why string) error {
	return core.Errorf(core.ErrorProtocol, "%s in the answer: %s", why, a.describe())
}

// sound returns the sound that jq gives, as base64 or as data URL.
func (r *reply) sound(ctx context.Context, input any, variables []any) ([]core.Part, error) {
	v, err := r.audio.First(ctx, input, variables)
	if v == nil || err != nil {
		return nil, err
	}
	text, ok := v.(string)
	if !ok {
		return nil, core.Errorf(core.ErrorProtocol, "the sound is no text in base64")
	}
	mediaType := r.audioType
	if rest, ok := strings.CutPrefix(text, "data:"); ok {
		head, data, _ := strings.Cut(rest, ",")
		mediaType, text = strings.TrimSuffix(head, ";base64"), data
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, core.Errorf(core.ErrorProtocol, "the sound is not base64: %w", err)
	}
	return soundPart(data, mediaType), nil
}

func soundPart(data []byte, mediaType string) []core.Part {
	if mediaType == "audio/x-wav" || mediaType == "audio/wave" || mediaType == "audio/vnd.wave" {
		mediaType = core.MediaWAV
	}
	return []core.Part{{Value: core.Value{Modality: core.Audio, MediaType: mediaType, Data: data}}}
}

// textsOf returns the texts that jq gives: strings, and lists of them.
func (r *reply) textsOf(ctx context.Context, input any, variables []any) ([]string, error) {
	var texts []string
	var wrong error
	length := 0
	var add func(v any) bool
	add = func(v any) bool {
		switch v := v.(type) {
		case nil:
			return true
		case string:
			if length += len(v); length > r.most {
				wrong = core.Errorf(core.ErrorProtocol, "jq gives more text than max_reply_bytes")
				return false
			}
			texts = append(texts, v)
			return true
		case []any:
			return !slices.ContainsFunc(v, func(e any) bool { return !add(e) })
		}
		wrong = core.Errorf(core.ErrorProtocol, "jq gives what is no text: %s", shortened(v)).
			WithHint("point at the text itself; a number becomes one with tostring")
		return false
	}
	if err := r.jq.Run(ctx, input, variables, add); err != nil {
		return nil, err
	}
	return texts, wrong
}

func textParts(texts ...string) []core.Part {
	var parts []core.Part
	for _, text := range texts {
		parts = append(parts, core.Part{Value: core.TextValue(text)})
	}
	return parts
}

// matched returns what the regular expression finds.
func (r *reply) matched(a *answer) ([]core.Part, error) {
	text, err := a.decode()
	if err != nil {
		return nil, err
	}
	var found []string
	for _, match := range r.regex.FindAllStringSubmatch(text, -1) {
		found = append(found, extract.Matched(match))
	}
	if len(found) == 0 {
		return nil, a.noReply("reply.regex finds nothing")
	}
	return textParts(found...), nil
}
