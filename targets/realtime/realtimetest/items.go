package realtimetest

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// maxItemID is the protocol's limit on the length of item and call ids.
const maxItemID = 32

// item is one entry of the conversation.
type item struct {
	wire wireItem
	// audio is a user's audio in the agent's format; nil for text.
	audio []byte
	// images are those of a user's message.
	images []Image
	// length is the playing time of the assistant's audio, so far if the item is still
	// being spoken.
	length time.Duration
	// truncated says that the client has shortened the audio, and the server has
	// forgotten the transcript.
	truncated bool
	// hear transcribes the audio once and caches the result.
	hear func() (string, error)
}

// wireItem is an item as the protocol encodes it.
type wireItem struct {
	ID        string        `json:"id"`
	Object    string        `json:"object,omitempty"`
	Type      string        `json:"type"`
	Status    string        `json:"status,omitempty"`
	Role      string        `json:"role,omitempty"`
	Phase     string        `json:"phase,omitempty"`
	Content   []contentPart `json:"content,omitzero"` // of a message, [] where it has none yet
	Name      string        `json:"name,omitempty"`
	CallID    string        `json:"call_id,omitempty"`
	Arguments *string       `json:"arguments,omitempty"`
	Output    *string       `json:"output,omitempty"`

	// Those of MCP servers. Tools is [] where there are none.
	ServerLabel       string   `json:"server_label,omitempty"`
	Tools             []fields `json:"tools,omitzero"`
	ApprovalRequestID string   `json:"approval_request_id,omitempty"`
	Approve           *bool    `json:"approve,omitempty"`
	Reason            string   `json:"reason,omitempty"`
	Error             fields   `json:"error,omitempty"`
}

type contentPart struct {
	Type       string  `json:"type"`
	Text       *string `json:"text,omitempty"`
	Audio      string  `json:"audio,omitempty"`
	Transcript *string `json:"transcript,omitempty"`
	ImageURL   string  `json:"image_url,omitempty"`
	Detail     string  `json:"detail,omitempty"`
}

func (c *conn) createItem(ctx context.Context, e clientEvent) *protocolError {
	c.mu.Lock()
	in, _ := formatOf(c.session.at("audio", "input", "format"))
	turn := c.replies + 1
	c.mu.Unlock()
	switch {
	case at(c.faults, DropOnItem, turn):
		c.drop()
		return nil
	case at(c.faults, ItemRefused, turn):
		return invalid("invalid_value", "item", "Invalid value: items are not taken today.")
	}
	it, problem := c.parseItem(ctx, e.Item, in, "item.")
	if problem != nil {
		return problem
	}
	if problem := c.insert(it, e.PreviousItemID); problem != nil {
		return problem
	}
	c.transcribe(it)
	c.decide(ctx, it)
	return nil
}

// insert adds an item to the conversation and announces it.
func (c *conn) insert(it *item, previous *string) *protocolError {
	c.mu.Lock()
	index, problem := c.position(previous)
	if problem == nil {
		problem = checkCall(it, c.items, "item.")
	}
	if problem == nil {
		problem = c.checkApproval(it)
	}
	if problem == nil && c.find(it.wire.ID) >= 0 {
		problem = invalid("invalid_value", "item.id", fmt.Sprintf("An item with id '%s' exists already.", it.wire.ID))
	}
	if problem != nil {
		c.mu.Unlock()
		return problem
	}
	c.items = slices.Insert(c.items, index, it)
	before, turn := c.before(index), c.replies+1
	c.mu.Unlock()
	c.announce("added", it.wire, before, turn)
	c.announce("done", it.wire, before, turn)
	return nil
}

// checkCall returns an error for the result of a call that is not in the
// conversation.
func checkCall(result *item, items []*item, prefix string) *protocolError {
	id := result.wire.CallID
	if result.wire.Type != "function_call_output" || slices.ContainsFunc(items, func(it *item) bool {
		return it.wire.Type == "function_call" && it.wire.CallID == id
	}) {
		return nil
	}
	return invalid("invalid_value", prefix+"call_id", fmt.Sprintf("Tool call ID '%s' not found in conversation.", id))
}

// announce sends the events for an item that was added, or that is complete.
// turn is the number of the reply that the item belongs to or precedes.
func (c *conn) announce(state string, item wireItem, before any, turn int) {
	if at(c.faults, NoAck, turn) {
		return
	}
	if state == "added" && c.is(XAINames) {
		state = "created"
	}
	c.send("conversation.item."+state, fields{"item": item, "previous_item_id": before})
}

// position returns the index of an item that follows another one.
func (c *conn) position(previous *string) (int, *protocolError) {
	switch {
	case previous == nil || *previous == "":
		return len(c.items), nil
	case *previous == "root":
		return 0, nil
	}
	i := c.find(*previous)
	if i < 0 {
		return 0, invalid("invalid_value", "previous_item_id", fmt.Sprintf("Previous item with id '%s' not found.", *previous))
	}
	return i + 1, nil
}

func (c *conn) find(id string) int {
	return slices.IndexFunc(c.items, func(it *item) bool { return it.wire.ID == id })
}

// before returns the id of the item before an index; nil for none.
func (c *conn) before(index int) any {
	if index == 0 {
		return nil
	}
	return c.items[index-1].wire.ID
}

func (c *conn) retrieveItem(e clientEvent) *protocolError {
	c.mu.Lock()
	i := c.find(e.ItemID)
	var wire wireItem
	if i >= 0 {
		wire = c.items[i].wire
	}
	c.mu.Unlock()
	if i < 0 {
		return noItem("item_retrieve_invalid_item_id", e.ItemID)
	}
	c.send("conversation.item.retrieved", fields{"item": wire})
	return nil
}

func (c *conn) deleteItem(e clientEvent) *protocolError {
	c.mu.Lock()
	i := c.find(e.ItemID)
	if i >= 0 {
		c.items = slices.Delete(c.items, i, i+1)
	}
	c.mu.Unlock()
	if i < 0 {
		return noItem("item_delete_invalid_item_id", e.ItemID)
	}
	c.send("conversation.item.deleted", fields{"item_id": e.ItemID})
	return nil
}

// truncateItem removes the assistant's transcript, as the services do: they
// cannot tell which words were heard.
func (c *conn) truncateItem(e clientEvent) *protocolError {
	c.mu.Lock()
	problem := c.truncate(e)
	c.mu.Unlock()
	if problem != nil {
		return problem
	}
	c.send("conversation.item.truncated", fields{
		"item_id": e.ItemID, "content_index": e.ContentIndex, "audio_end_ms": e.AudioEndMS,
	})
	return nil
}

func (c *conn) truncate(e clientEvent) *protocolError {
	i := c.find(e.ItemID)
	if i < 0 {
		return noItem("item_truncate_invalid_item_id", e.ItemID)
	}
	it := c.items[i]
	if it.wire.Role != "assistant" || it.length == 0 || e.ContentIndex != 0 {
		return invalid("invalid_value", "item_id", "Only the audio of assistant messages can be truncated.")
	}
	end := time.Duration(e.AudioEndMS) * time.Millisecond
	if end < 0 {
		return invalid("invalid_value", "audio_end_ms", "Invalid 'audio_end_ms': expected a value from 0.")
	}
	if end > it.length {
		return invalid("invalid_value", "audio_end_ms", fmt.Sprintf("Audio content of %dms is already shorter than %dms.",
			it.length.Milliseconds(), e.AudioEndMS))
	}
	shorter := *it
	shorter.length, shorter.truncated = end, true
	shorter.wire.Content = []contentPart{{Type: "output_audio"}}
	c.items[i] = &shorter
	return nil
}

func noItem(code, id string) *protocolError {
	return invalid(code, "item_id", fmt.Sprintf("Item with id '%s' not found.", id))
}

// parseItem checks an item of the client and decodes its audio.
func (c *conn) parseItem(ctx context.Context, raw json.RawMessage, in format, prefix string) (*item, *protocolError) {
	if len(raw) == 0 {
		return nil, missing("item")
	}
	var wire wireItem
	problem := decodeStrictly(raw, &wire, prefix)
	if problem == nil {
		problem = checkItem(raw, wire.Type, prefix)
	}
	if problem != nil {
		return nil, problem
	}
	if problem := checkWritten(wire, prefix); problem != nil {
		return nil, problem
	}
	wire.ID = cmp.Or(wire.ID, newID("item_"))
	if len(wire.ID) > maxItemID || len(wire.CallID) > maxItemID {
		return nil, invalid("string_above_max_length", prefix+"id",
			fmt.Sprintf("Invalid '%sid': string too long. Expected a string with maximum length %d.", prefix, maxItemID))
	}
	wire.Object, wire.Status = "realtime.item", "completed"
	it := &item{wire: wire}
	problem = it.readContent(in, prefix)
	audio := it.audio
	it.hear = sync.OnceValues(func() (string, error) {
		if len(audio) == 0 {
			return "", nil
		}
		return c.server.agent.Hear(ctx, audio)
	})
	return it, problem
}

// readContent checks the parts of an item, and decodes its audio and images,
// which are removed from the parts that the server echoes.
func (it *item) readContent(in format, prefix string) *protocolError {
	switch it.wire.Type {
	case "function_call":
		switch {
		case it.wire.Name == "":
			return missing(prefix + "name")
		case it.wire.Arguments == nil:
			return missing(prefix + "arguments")
		}
		it.wire.CallID = cmp.Or(it.wire.CallID, newID("call_"))
		return nil
	case "function_call_output":
		switch {
		case it.wire.CallID == "":
			return missing(prefix + "call_id")
		case it.wire.Output == nil:
			return missing(prefix + "output")
		}
		return nil
	case "mcp_approval_response":
		switch {
		case it.wire.ApprovalRequestID == "":
			return missing(prefix + "approval_request_id")
		case it.wire.Approve == nil:
			return missing(prefix + "approve")
		}
		it.wire.Object, it.wire.Status = "", ""
		return nil
	case "message":
	default:
		return invalid("invalid_value", prefix+"type", fmt.Sprintf("Invalid value: '%s'.", it.wire.Type))
	}
	if len(it.wire.Content) == 0 {
		return missing(prefix + "content")
	}
	for i := range it.wire.Content {
		part := &it.wire.Content[i]
		path := fmt.Sprintf("%scontent[%d].", prefix, i)
		if !allowed(it.wire.Role, part.Type) {
			return invalid("invalid_value", path+"type",
				fmt.Sprintf("Invalid value: '%s' is not supported for role '%s'.", part.Type, it.wire.Role))
		}
		if problem := it.readPart(part, in, path); problem != nil {
			return problem
		}
	}
	return nil
}

func (it *item) readPart(part *contentPart, in format, path string) *protocolError {
	switch part.Type {
	case "input_audio":
		data, err := decodeBase64(part.Audio)
		if err != nil || len(data) == 0 {
			return invalid("invalid_value", path+"audio", "Invalid '"+path+"audio': expected base64 of audio.")
		}
		it.audio = append(it.audio, in.decode(data)...)
		part.Audio = ""
		if part.Transcript == nil {
			part.Transcript = new("") // which clients want, and the official types have no null
		}
	case "input_image":
		image, problem := parseImage(*part, path)
		if problem != nil {
			return problem
		}
		it.images = append(it.images, image)
		part.ImageURL, part.Detail = "", cmp.Or(part.Detail, "auto")
	default:
		if part.Text == nil {
			return missing(path + "text")
		}
	}
	return nil
}

// allowed reports whether a role may have a content part. output_audio is not
// allowed: the services demand a text in it, so that clients cannot use it.
func allowed(role, part string) bool {
	switch role {
	case "system":
		return part == "input_text"
	case "user":
		return part == "input_text" || part == "input_audio" || part == "input_image"
	case "assistant":
		return part == "output_text" || part == "output_audio"
	}
	return false
}

// forAgent converts an item for agents.
func (c *conn) forAgent(ctx context.Context, it *item) (Item, error) {
	result := Item{ID: it.wire.ID, Role: core.Role(it.wire.Role), Spoken: it.audio != nil || it.length > 0, Images: it.images}
	result.Name, result.CallID = it.wire.Name, it.wire.CallID
	switch it.wire.Type {
	case "function_call":
		result.Role, result.Text = core.Assistant, *it.wire.Arguments
		return result, nil
	case "function_call_output":
		result.Role, result.Text = core.Tool, *it.wire.Output
		return result, nil
	}
	var texts []string
	for _, part := range it.wire.Content {
		switch {
		case part.Text != nil:
			texts = append(texts, *part.Text)
		case part.Type == "output_audio" && part.Transcript != nil:
			texts = append(texts, *part.Transcript)
		}
	}
	if it.audio != nil {
		heard, err := c.heard(ctx, it)
		if err != nil {
			return result, fmt.Errorf("hearing item %s: %w", it.wire.ID, err)
		}
		texts = append(texts, heard)
	}
	result.Text = strings.Join(texts, " ")
	return result, nil
}
