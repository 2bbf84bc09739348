package wstarget

import (
	"context"
	"encoding/json"
	"errors"
	"net/url"
	"regexp"
	"slices"
	"time"

	"github.com/itchyny/gojq"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

const (
	// jqTime is how long a jq program may take on one event.
	jqTime = 5 * time.Second
	// jqOutputs is how many outputs of a program are taken.
	jqOutputs = 10_000
)

// variables are those of jq programs, in the order of their values.
func variables() []string { return []string{"$conversation", "$turn", "$seed", "$taken"} }

// plan is a compiled configuration.
type plan struct {
	url                            *url.URL
	opening, message, closing      []template
	before, after                  []template
	sound                          *template
	ready, text, heard, audio, end *program
	regex                          *regexp.Regexp
	rules                          []rule
	answers                        []answer
	take                           map[string]*program
	takesPrompt, takesPast         bool
}

type rule struct {
	jq, say *program
	regex   *regexp.Regexp
	is      string
}

type answer struct{ when, send *program }

// compiler collects what is wrong with a configuration.
type compiler struct {
	config Config
	wrong  core.Errors
}

// Validate returns all errors of the configuration.
func (c Config) Validate() error {
	_, err := compile(c)
	return err
}

func compile(c Config) (*plan, error) {
	k := &compiler{config: c}
	for _, err := range c.Check(nil) {
		k.add("", err)
	}
	p := &plan{take: map[string]*program{}}
	var err error
	if p.url, err = c.Parse(access.Address{Key: "url", WebSocket: true, Service: "a websocket", Example: "wss://bot.example/chat"}, c.URL); err != nil {
		k.add("", err)
	}
	p.opening, p.closing = k.templates("opening", c.Opening, false), k.templates("closing", c.Closing, false)
	message := c.Message
	if len(message) == 0 {
		message = []json.RawMessage{json.RawMessage(`"$(prompt)"`)}
	}
	p.message = k.templates("message", message, false)
	p.before, p.after = k.templates("sound.before", c.Sound.Before, false), k.templates("sound.after", c.Sound.After, false)
	if c.Sound.Message != nil {
		p.sound = &k.templates("sound", []json.RawMessage{c.Sound.Message}, true)[0]
	}
	p.ready, p.text, p.heard = k.jq("ready", c.Ready), k.jq("reply.text", c.Reply.Text), k.jq("reply.heard", c.Reply.Heard)
	p.audio, p.end, p.regex = k.jq("reply.sound", c.Reply.Sound), k.jq("reply.end", c.Reply.End), k.regex("reply.regex", c.Reply.Regex)
	for i, r := range c.Rules {
		at := indexed("rules", i)
		if r.JQ == "" && r.Regex == "" {
			k.add(at, core.Errorf(core.ErrorConfig, "no condition is given").WithHint("give jq or regex"))
		}
		p.rules = append(p.rules, rule{jq: k.jq(at+".jq", r.JQ), say: k.jq(at+".say", r.Say), regex: k.regex(at+".regex", r.Regex), is: r.Is})
	}
	for i, a := range c.Answers {
		p.answers = append(p.answers, answer{when: k.jq(indexed("answers", i)+".when", a.When), send: k.jq(indexed("answers", i)+".send", a.Send)})
	}
	for name, source := range c.Take {
		p.take[name] = k.jq("take."+name, source)
	}
	k.check()
	p.takesPrompt, p.takesPast = k.uses(c, "system_prompt"), k.uses(c, "history")
	return p, k.wrong.Err()
}

// uses reports whether the messages have a placeholder.
func (k *compiler) uses(c Config, name string) bool {
	for _, messages := range [][]json.RawMessage{c.Opening, c.Message} {
		for _, m := range messages {
			if _, names, err := parseTemplate(m); err == nil && slices.Contains(names, name) {
				return true
			}
		}
	}
	return false
}

func (k *compiler) add(key string, err error) {
	e, ok := errors.AsType[*core.Error](err)
	if !ok || key != "" {
		e = at(key, err)
	}
	k.wrong = append(k.wrong, e)
}

// check checks what belongs together.
func (k *compiler) check() {
	c := k.config
	if c.Reply.Text != "" && c.Reply.Regex != "" {
		k.add("reply.regex", core.Errorf(core.ErrorConfig, "reply.text is given, too").WithHint("keep one of the two"))
	}
	if c.Sound.Encoding != "pcm16" && c.Sound.Rate != 8000 {
		k.add("sound.rate", core.Errorf(core.ErrorConfig, "G.711 has 8000 samples a second, not %d", c.Sound.Rate))
	}
	if c.Sound.Binary && c.Sound.Message != nil {
		k.add("sound.message", core.Errorf(core.ErrorConfig, "with binary, sound travels without a message around it"))
	}
	for key, value := range map[string]core.Duration{
		"timeouts.connect": c.Timeouts.Connect, "timeouts.turn": c.Timeouts.Turn, "timeouts.alive": c.Timeouts.Alive, "sound.piece": c.Sound.Piece,
	} {
		if value <= 0 {
			k.add(key, core.Errorf(core.ErrorConfig, "%s is not a positive duration", value))
		}
	}
}

func (k *compiler) templates(key string, messages []json.RawMessage, sound bool) []template {
	var all []template
	for i, raw := range messages {
		t, names, err := parseTemplate(raw)
		if err == nil {
			err = checkNames(names, k.config, sound)
		}
		if err != nil {
			k.add(indexed(key, i), err)
		}
		all = append(all, t)
	}
	return all
}

func (k *compiler) regex(key, source string) *regexp.Regexp {
	if source == "" {
		return nil
	}
	r, err := regexp.Compile(source)
	if err != nil {
		k.add(key, core.Errorf(core.ErrorConfig, "not a regular expression: %w", err).WithHint("the syntax is RE2's"))
	}
	return r
}

// program is a compiled jq program; nil is none. It is safe for concurrent use.
type program struct{ code *gojq.Code }

func (k *compiler) jq(key, source string) *program {
	if source == "" {
		return nil
	}
	query, err := gojq.Parse(source)
	if err == nil {
		var code *gojq.Code
		if code, err = gojq.Compile(query, gojq.WithVariables(variables())); err == nil {
			return &program{code}
		}
	}
	k.add(key, core.Errorf(core.ErrorConfig, "not a jq program: %w", err).WithHint("the variables are $conversation, $turn, $seed and $taken"))
	return nil
}

// outputs returns the outputs of the program that are not null.
func (p *program) outputs(input any, values []any) ([]any, error) {
	if p == nil {
		return nil, nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), jqTime)
	defer cancel()
	var all []any
	outputs := p.code.RunWithContext(ctx, input, values...)
	for range jqOutputs {
		v, ok := outputs.Next()
		if !ok {
			return all, nil
		}
		if err, failed := v.(error); failed {
			return nil, core.Errorf(core.ErrorProtocol, "jq: %w", err).About(core.SubjectAnswer)
		}
		if v != nil {
			all = append(all, v)
		}
	}
	return nil, core.Errorf(core.ErrorProtocol, "jq gives more than %d outputs", jqOutputs).About(core.SubjectAnswer)
}

// holds reports whether the first output is neither null nor false. A program that
// fails for an event, such as one of another shape, does not hold.
func (p *program) holds(input any, values []any) bool {
	all, err := p.outputs(input, values)
	return err == nil && len(all) > 0 && all[0] != false
}
