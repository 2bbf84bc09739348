package realtime

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// sessionEcho is what the service says of a session's settings. Whatever it
// leaves out is nil.
type sessionEcho struct {
	Instructions     *string         `json:"instructions"`
	OutputModalities []string        `json:"output_modalities"`
	Truncation       json.RawMessage `json:"truncation"`
	Audio            struct {
		Input struct {
			Format        *format         `json:"format"`
			TurnDetection json.RawMessage `json:"turn_detection"`
			Transcription json.RawMessage `json:"transcription"`
		} `json:"input"`
		Output struct {
			Format *format         `json:"format"`
			Voice  json.RawMessage `json:"voice"`
		} `json:"output"`
	} `json:"audio"`
}

// awaitSession waits for the service to open the session, which it does by
// itself. An error event before that refuses the connection.
func (c *conversation) awaitSession(ctx context.Context) error {
	_, err := c.await(ctx, c.config.Timeouts.Connect, "connecting", func(e serverEvent) bool { return e.Type == eventSessionCreated }, "")
	return err
}

// configure sets the session up and keeps what the service made of it.
func (c *conversation) configure(ctx context.Context, instructions string) error {
	const doing = "setting the session up"
	update := c.sessionUpdate(instructions)
	if err := c.socket.send(ctx, update); err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	updated, err := c.await(ctx, c.config.Timeouts.Session, doing, func(e serverEvent) bool { return e.Type == eventSessionUpdated }, update.EventID)
	if err != nil {
		return err
	}
	var echo sessionEcho
	if len(updated.Session) > 0 {
		if err := json.Unmarshal(updated.Session, &echo); err != nil {
			return core.Errorf(core.KindProtocol, "%s: reading the service's answer: %w", doing, err)
		}
	}
	if c.input, err = negotiated(echo.Audio.Input.Format); err != nil {
		return fmt.Errorf("%s: input: %w", doing, err)
	}
	if c.output, err = negotiated(echo.Audio.Output.Format); err != nil {
		return fmt.Errorf("%s: output: %w", doing, err)
	}
	c.transcribes = c.config.TranscriptionModel != "" && string(echo.Audio.Input.Transcription) != "null"
	c.warnings = append(c.warnings, ignored(update.Session, echo)...)
	return nil
}

// sessionUpdate is the whole of what the target asks of a session. Turn
// detection would answer audio by itself, and truncation would drop the oldest
// turns without a word.
func (c *conversation) sessionUpdate(instructions string) sessionUpdate {
	session := sessionConfig{
		Type: "realtime", OutputModalities: []string{c.config.Output},
		MaxOutputTokens: c.config.MaxOutputTokens, Truncation: "disabled",
	}
	if instructions != "" {
		session.Instructions = &instructions
	}
	session.Audio.Input.Format = wanted()
	if c.config.TranscriptionModel != "" {
		session.Audio.Input.Transcription = &transcription{Model: c.config.TranscriptionModel}
	}
	if c.config.Output == "audio" {
		session.Audio.Output = &audioOutput{Format: wanted(), Voice: voice(c.config.Voice)}
	}
	return sessionUpdate{Type: "session.update", EventID: c.nextID("ev"), Session: session}
}

// voice returns a voice as the protocol writes it: custom ones are objects.
func voice(name string) any {
	switch {
	case name == "":
		return nil
	case strings.HasPrefix(name, "voice_"):
		return map[string]string{"id": name}
	}
	return name
}

// ignored compares what was asked for with what the service says it does.
func ignored(asked sessionConfig, echo sessionEcho) []string {
	var warnings []string
	if echo.Instructions != nil && asked.Instructions != nil && *echo.Instructions != *asked.Instructions {
		warnings = append(warnings, "the service changed the system prompt")
	}
	if echo.OutputModalities != nil && !slices.Equal(echo.OutputModalities, asked.OutputModalities) {
		warnings = append(warnings, fmt.Sprintf("the service will answer in %s, not in %s as asked",
			strings.Join(echo.OutputModalities, " and "), asked.OutputModalities[0]))
	}
	if detection := string(echo.Audio.Input.TurnDetection); detection != "" && detection != "null" {
		warnings = append(warnings, "the service keeps its turn detection on")
	}
	if asked.Audio.Input.Transcription != nil && string(echo.Audio.Input.Transcription) == "null" {
		warnings = append(warnings, "the service does not transcribe what it hears")
	}
	if truncation := string(echo.Truncation); truncation != "" && truncation != `"disabled"` {
		warnings = append(warnings, "the service may forget the oldest turns of a long conversation")
	}
	return append(warnings, otherVoice(asked, echo.Audio.Output.Voice)...)
}

// otherVoice compares voices, which are strings or objects.
func otherVoice(asked sessionConfig, echo json.RawMessage) []string {
	if asked.Audio.Output == nil || asked.Audio.Output.Voice == nil || len(echo) == 0 {
		return nil
	}
	want, err := json.Marshal(asked.Audio.Output.Voice)
	var got bytes.Buffer
	if err != nil || json.Compact(&got, echo) != nil || bytes.Equal(want, got.Bytes()) {
		return nil
	}
	return []string{fmt.Sprintf("the service uses voice %s, not %s as asked", got.Bytes(), want)}
}

// replay gives the service what has been said before, item by item.
func (c *conversation) replay(ctx context.Context, history []core.Message) error {
	e := c.encoder()
	defer func() { c.warnings = append(c.warnings, e.warnings...) }()
	for i, m := range history {
		items, err := e.history(m)
		if err != nil {
			return fmt.Errorf("message %d of the history: %w", i+1, err)
		}
		for _, item := range items {
			if err := c.replayItem(ctx, item); err != nil {
				return fmt.Errorf("message %d of the history: %w", i+1, err)
			}
		}
	}
	return nil
}

func (c *conversation) replayItem(ctx context.Context, item itemCreate) error {
	if err := c.socket.send(ctx, item); err != nil {
		return err
	}
	added := func(e serverEvent) bool { return e.Type == eventItemAdded && e.Item.ID == item.Item.ID }
	_, err := c.await(ctx, c.config.Timeouts.Session, "giving it back", added, item.EventID)
	return err
}

// await reads events until the wanted one. An error event ends it if it names
// our event or none; outside turns nothing else can have caused it.
func (c *conversation) await(ctx context.Context, timeout core.Duration, doing string, wanted func(serverEvent) bool, eventID string) (serverEvent, error) {
	deadline := time.Now().Add(timeout.Std())
	for {
		frame, err := c.socket.next(ctx, deadline)
		if errors.Is(err, errExpired) {
			return serverEvent{}, core.Errorf(core.KindTimeout, "%s: the service did not answer within %s", doing, timeout)
		}
		if err != nil {
			return serverEvent{}, fmt.Errorf("%s: %w", doing, err)
		}
		event, err := scan(frame)
		switch {
		case err != nil:
			return serverEvent{}, core.Errorf(core.KindProtocol, "%s: %w", doing, err)
		case event.Type == eventError && (event.Error.EventID == "" || event.Error.EventID == eventID):
			return serverEvent{}, rejected(event.Error, doing)
		case wanted(event):
			return event, nil
		}
	}
}

// rejected explains an error that answers a setting: unlike one of a turn it
// is the configuration's fault, unless its code says otherwise.
func rejected(e serviceError, doing string) *core.Error {
	err := e.err(doing)
	if err.Kind != core.KindProtocol {
		return err
	}
	err.Kind = core.KindConfig
	if e.Param != "" {
		return err.WithHint("the service names %s", e.Param)
	}
	return err
}
