package wstarget

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// variables are those of jq programs without their "$", in the order of their values.
func variables() []string { return []string{"conversation", "turn", "seed", "taken"} }

// plan is a compiled configuration.
type plan struct {
	url                            *url.URL
	opening, message, closing      []template.Template
	before, after                  []template.Template
	sound                          template.Template
	ready, text, heard, audio, end *extract.Program
	regex                          *regexp.Regexp
	rules                          []rule
	answers                        []answer
	take                           map[string]*extract.Program
	greets                         bool
	// restrictions are what the messages do not carry, and what is not read.
	restrictions []core.Restriction
}

type rule struct {
	jq, say *extract.Program
	regex   *regexp.Regexp
	close   []int
	is      string
}

type answer struct{ when, send *extract.Program }

// compiler collects what is wrong with a configuration.
type compiler struct {
	config Config
	wrong  core.Errors
	// names are the placeholders of the messages.
	names []string
}

// Validate returns all errors of the configuration.
func (c Config) Validate() error {
	_, err := compile(c)
	return err
}

func compile(c Config) (*plan, error) {
	k := &compiler{config: c}
	for _, err := range c.Check(ownHeader) {
		k.add("", err)
	}
	if c.Greeting == nil {
		k.add("greeting", core.Errorf(core.ErrorConfig, "the campaign does not say whether the service speaks first, which would be taken for its answer").
			WithHint("greeting: false, or true if it does"))
	}
	p := &plan{take: map[string]*extract.Program{}, greets: c.Greeting != nil && *c.Greeting}
	var err error
	if p.url, err = c.Parse(access.Address{Key: "url", WebSocket: true, Service: "a websocket", Example: "wss://bot.example/chat"}, c.URL); err != nil {
		k.add("", err)
	}
	k.nameable("secrets", slices.Collect(maps.Keys(c.Secrets)))
	k.nameable("take", slices.Collect(maps.Keys(c.Take)))
	message := c.Message
	if len(message) == 0 {
		message = []json.RawMessage{json.RawMessage(`"$(prompt)"`)}
	}
	p.opening, p.message = k.templates("opening", c.Opening), k.templates("message", message)
	told := slices.Clone(k.names)
	p.closing, p.before, p.after = k.templates("closing", c.Closing), k.templates("sound.before", c.Sound.Before), k.templates("sound.after", c.Sound.After)
	if c.Sound.Message != nil {
		p.sound = k.template("sound.message", c.Sound.Message, "sound", "sound_number", "sound_time")
	}
	p.ready, p.text, p.heard = k.jq("ready", c.Ready), k.jq("reply.text", c.Reply.Text), k.jq("reply.heard", c.Reply.Heard)
	p.audio, p.end, p.regex = k.jq("reply.sound", c.Reply.Sound), k.jq("reply.end", c.Reply.End), k.regex("reply.regex", c.Reply.Regex)
	for i, r := range c.Rules {
		p.rules = append(p.rules, k.rule(indexed("rules", i), r))
	}
	for i, a := range c.Answers {
		p.answers = append(p.answers, answer{when: k.jq(indexed("answers", i)+".when", a.When), send: k.jq(indexed("answers", i)+".send", a.Send)})
	}
	for _, name := range slices.Sorted(maps.Keys(c.Take)) {
		p.take[name] = k.jq("take."+name, c.Take[name])
	}
	k.check()
	p.restrictions = p.restricted(c, told)
	return p, k.wrong.Err()
}

// ownHeader reports whether the handshake sets a header itself, and what to write
// instead.
func ownHeader(name string) (hint string, taken bool) {
	name = http.CanonicalHeaderKey(name)
	if name == "Sec-Websocket-Protocol" {
		return "give them as subprotocols", true
	}
	return "the handshake sets it", strings.HasPrefix(name, "Sec-Websocket-")
}

func (k *compiler) rule(at string, r Rule) rule {
	switch {
	case r.JQ == "" && r.Regex == "" && len(r.Close) == 0:
		k.add(at, core.Errorf(core.ErrorConfig, "no condition is given").WithHint("give jq, regex or close"))
	case len(r.Close) > 0 && (r.JQ != "" || r.Say != ""):
		k.add(at+".close", core.Errorf(core.ErrorConfig, "a closed connection is no event for jq and say").WithHint("the reason for which it was closed can be matched with regex, and is what the service says"))
	case len(r.Close) > 0 && r.Is == "ignored":
		k.add(at+".is", core.Errorf(core.ErrorConfig, "a closed connection cannot be ignored"))
	}
	for _, code := range r.Close {
		if !isCloseCode(code) {
			k.add(at+".close", core.Errorf(core.ErrorConfig, "%d is no code with which a service closes a connection", code).
				WithHint("1000 to 1003, 1005 where it gives none, 1007 to 1014, and 3000 to 4999"))
		}
	}
	return rule{jq: k.jq(at+".jq", r.JQ), say: k.jq(at+".say", r.Say), regex: k.regex(at+".regex", r.Regex), close: r.Close, is: r.Is}
}

// isCloseCode reports whether a service can close a connection with a code (RFC 6455,
// section 7.4): others stand for a connection that was lost.
func isCloseCode(code int) bool {
	return 1000 <= code && code <= 1003 || code == 1005 || 1007 <= code && code <= 1014 || 3000 <= code && code <= 4999
}

func (k *compiler) add(key string, err error) {
	e, ok := errors.AsType[*core.Error](err)
	if !ok {
		e = core.Errorf(core.ErrorConfig, "%w", err)
	}
	if key != "" {
		e = e.At(key)
	}
	k.wrong = append(k.wrong, e)
}

// check checks what belongs together.
func (k *compiler) check() {
	c := k.config
	if c.Reply.Text != "" && c.Reply.Regex != "" {
		k.add("reply.regex", core.Errorf(core.ErrorConfig, "reply.text is given, too").WithHint("keep one of the two"))
	}
	if c.Sound.isG711() && c.Sound.Rate != 8000 {
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

// nameable checks the names of values that placeholders stand for.
func (k *compiler) nameable(root string, names []string) {
	slices.Sort(names)
	for _, name := range names {
		if !template.IsName(root + "." + name) {
			k.add(root, core.Errorf(core.ErrorConfig, "%q is no name for a placeholder", name).WithHint("use letters, digits, - and _"))
		}
	}
}

func (k *compiler) templates(key string, messages []json.RawMessage) []template.Template {
	var all []template.Template
	for i, raw := range messages {
		all = append(all, k.template(indexed(key, i), raw))
	}
	return all
}

// template compiles a message, with further placeholders than those of all messages.
func (k *compiler) template(key string, raw json.RawMessage, further ...string) template.Template {
	t, _, err := template.Document(raw, "")
	if err != nil {
		k.add(key, err)
		return nil
	}
	known := append([]string{"prompt", "system_prompt", "history", "conversation", "turn", "seed"}, further...)
	for _, name := range slices.Sorted(maps.Keys(k.config.Take)) {
		known = append(known, "taken."+name)
	}
	for _, name := range slices.Sorted(maps.Keys(k.config.Secrets)) {
		known = append(known, "secrets."+name)
	}
	for _, name := range t.Names() {
		if !slices.Contains(known, name) {
			k.add(key, template.Unknown("placeholder", name, known))
		}
	}
	k.names = append(k.names, t.Names()...)
	return t
}

func (k *compiler) regex(key, source string) *regexp.Regexp {
	r, err := extract.Regex(source)
	if err != nil {
		k.add(key, err)
	}
	return r
}

func (k *compiler) jq(key, source string) *extract.Program {
	p, err := extract.JQ(source, variables())
	if err != nil {
		k.add(key, err)
	}
	return p
}

func indexed(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
