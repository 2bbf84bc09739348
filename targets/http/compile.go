package httptarget

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// The values of the key memory.
const (
	memoryAuto     = "auto"
	memoryMessages = "messages"
	memoryService  = "service"
	memoryNone     = "none"
)

// plan is a compiled configuration. It is not changed once it is made.
type plan struct {
	base *url.URL
	// service is the origin of base: the key, headers and cookies are sent to it.
	service string
	// others are the further origins that a redirect may lead to.
	others           []string
	session, closing []*request
	// turn are the requests of a turn.
	turn   []*request
	reply  reply
	rules  []rule
	memory string
	// assumed says that the service is taken to remember turns because of its session.
	assumed bool
	secrets map[string]string
	// initial are the values of taken before the first one is taken.
	initial map[string]any
	// uses are the placeholders and variables of requests before a conversation's end,
	// by the name before the first "."; turnUses those of a turn's requests, and jqUses
	// those of all jq programs.
	uses, turnUses, jqUses map[string]bool
}

// request is a compiled request.
type request struct {
	// at is its key, such as session[0].
	at             string
	method         string
	url            template.Template
	query, headers []field
	body           body
	take           []take
	expect, until  *condition
	every          time.Duration
	tries          int
}

// compiler collects what is wrong with a configuration.
type compiler struct {
	config   Config
	plan     *plan
	problems []error
	// continues says that the request of a turn has something that was taken before.
	continues bool
	// taken are the names under take of all requests, secrets those under secrets.
	taken, secrets []string
}

// compile returns the plan of a configuration, or everything that is wrong with it.
func compile(c Config) (*plan, error) {
	k := &compiler{config: c, plan: &plan{
		uses: map[string]bool{}, turnUses: map[string]bool{}, jqUses: map[string]bool{}, secrets: map[string]string{}, initial: map[string]any{},
	}}
	k.problems = append(k.problems, c.Check(nil)...)
	k.base()
	k.names()
	k.plan.session = k.requests("session", c.Session, stageSession)
	turn := k.request("request", c.Request, stageTurn)
	if turn != nil && turn.until != nil {
		k.wrong("request.until", core.Errorf(core.ErrorConfig, "the request of a turn is sent once").
			WithHint("put a request that asks for the reply under then"))
	}
	k.plan.turn = append([]*request{turn}, k.requests("then", c.Then, stageTurn)...)
	k.plan.closing = k.requests("close", c.Close, stageClose)
	k.reply()
	if last := k.plan.turn[len(k.plan.turn)-1]; k.plan.reply.stream != streamNone && (last.until != nil || last.expect != nil) {
		k.wrong(last.at, core.Errorf(core.ErrorConfig, "the answer with the reply is a stream, which is read piece by piece: until and expect are for whole answers").
			WithHint("write a rule, which is held against each piece"))
	}
	for i, r := range c.Rules {
		k.rule(fmt.Sprintf("rules[%d]", i), r)
	}
	k.memory()
	if c.MaxReplyBytes < 1 {
		k.wrong("max_reply_bytes", core.Errorf(core.ErrorConfig, "%d is not a positive number of bytes", c.MaxReplyBytes))
	}
	return k.plan, errors.Join(k.problems...)
}

// wrong adds a problem at a key.
func (k *compiler) wrong(at string, err error) {
	if e, ok := errors.AsType[*core.Error](err); ok {
		k.problems = append(k.problems, e.At(at))
		return
	}
	k.problems = append(k.problems, core.Errorf(core.ErrorConfig, "%w", err).At(at))
}

// address parses an address whose placeholders are behind its host.
func (k *compiler) address(at, text string) *url.URL {
	u, err := k.config.Parse(access.Address{Key: at, Service: "a service that answers over HTTP", Example: "https://bot.example/api/chat"}, text)
	if err != nil {
		k.problems = append(k.problems, err)
		return nil
	}
	if strings.Contains(u.Host, "$(") {
		k.wrong(at, core.Errorf(core.ErrorConfig, "the host is a placeholder, and cannot be checked against the scope").
			WithHint("write the host out; path and query may have placeholders"))
		return nil
	}
	return u
}

func (k *compiler) base() {
	u := k.address("url", k.config.URL)
	if u == nil {
		u = &url.URL{Scheme: "https", Host: "placeholder.invalid"} // the problem is reported
	}
	k.plan.base, k.plan.service = u, originOf(u)
	for i, other := range k.config.RedirectsTo {
		if u := k.address(fmt.Sprintf("redirects_to[%d]", i), other); u != nil {
			k.plan.others = append(k.plan.others, originOf(u))
		}
	}
}

// names collects the names of taken values and of secrets.
func (k *compiler) names() {
	check := func(at, name string) {
		if !template.IsName("taken." + name) {
			k.wrong(at, core.Errorf(core.ErrorConfig, "%q is no name for a placeholder", name).
				WithHint("use letters, digits, - and _"))
		}
	}
	for _, r := range slices.Concat(k.config.Session, []Request{k.config.Request}, k.config.Then) {
		for _, name := range slices.Sorted(maps.Keys(r.Take)) {
			check("take", name)
			k.taken = append(k.taken, name)
			if source := r.Take[name].Initial; given(source) {
				v, err := template.Unmarshal(source)
				if err != nil {
					k.wrong("take."+name+".initial", err)
				}
				k.plan.initial[name] = v
			}
		}
	}
	for _, name := range slices.Sorted(maps.Keys(k.config.Secrets)) {
		check("secrets", name)
		k.secrets = append(k.secrets, name)
		k.plan.secrets[name] = k.config.Secrets[name].Reveal()
	}
}

// given reports whether a raw value is in the configuration.
func given(source []byte) bool {
	source = bytes.TrimSpace(source)
	return len(source) > 0 && !bytes.Equal(source, []byte("null"))
}

// stage is when a request is sent: it decides what its placeholders may be.
type stage int

const (
	stageSession stage = iota
	stageTurn
	stageClose
)

// known returns the placeholders of a stage.
func (k *compiler) known(s stage) []string {
	names := []string{"system_prompt", "history", "conversation", "seed"}
	if s == stageTurn {
		names = append([]string{"prompt", "messages", "audio", "audio.type", "image", "image.type", "tool_results", "turn"}, names...)
	}
	for _, name := range k.taken {
		names = append(names, "taken."+name)
	}
	for _, name := range k.secrets {
		names = append(names, "secrets."+name)
	}
	return names
}

// checked returns a template whose placeholders are known.
func (k *compiler) checked(at string, t template.Template, err error, s stage) template.Template {
	if err != nil {
		k.wrong(at, err)
		return nil
	}
	known := k.known(s)
	for _, name := range t.Names() {
		if !slices.Contains(known, name) {
			k.wrong(at, template.Unknown("placeholder", name, known))
		}
		root, _, _ := strings.Cut(name, ".")
		k.used(root, s)
		k.continues = k.continues || root == "taken" && s == stageTurn && (at == "url" || strings.HasPrefix(at, "request."))
	}
	return t
}

// used notes that a request of a stage has a placeholder or variable.
func (k *compiler) used(name string, s stage) {
	k.plan.uses[name] = k.plan.uses[name] || s != stageClose
	k.plan.turnUses[name] = k.plan.turnUses[name] || s == stageTurn
}

// fieldText compiles a template all of which, what is written out too, is encoded in one
// way: the value of a field.
func (k *compiler) fieldText(at, source string, as template.Escape, s stage) template.Template {
	t, err := k.text(at, source, as, s).Encoded(as)
	if err != nil {
		k.wrong(at, err)
	}
	return t
}

// text compiles a template whose placeholders are written in one way.
func (k *compiler) text(at, source string, as template.Escape, s stage) template.Template {
	t, err := template.Parse(source)
	return k.checked(at, t, err, s).Written(as)
}

func (k *compiler) requests(at string, all []Request, s stage) []*request {
	var compiled []*request
	for i, r := range all {
		compiled = append(compiled, k.request(fmt.Sprintf("%s[%d]", at, i), r, s))
	}
	return compiled
}

func (k *compiler) request(at string, r Request, s stage) *request {
	out := &request{at: at, method: strings.ToUpper(r.Method), every: r.Every.Std(), tries: r.Tries}
	out.url = k.url(at, r, s)
	for _, name := range slices.Sorted(maps.Keys(r.Query)) {
		out.query = append(out.query, field{name, k.fieldText(at+".query."+name, r.Query[name], template.AsURL, s)})
	}
	contentType := ""
	for _, name := range slices.Sorted(maps.Keys(r.Headers)) {
		where := at + ".headers." + name
		k.header(where, name)
		t := k.text(where, r.Headers[name], template.AsHeader, s)
		out.headers = append(out.headers, field{http.CanonicalHeaderKey(name), t})
		if http.CanonicalHeaderKey(name) == "Content-Type" {
			contentType, _ = t.Literal()
		}
	}
	out.body = k.body(at, r, contentType, s)
	if out.method == "" {
		out.method = http.MethodGet
		if out.body.contentType != "" {
			out.method = http.MethodPost
		}
	}
	if strings.ContainsFunc(out.method, func(r rune) bool { return r < 'A' || r > 'Z' }) {
		k.wrong(at+".method", core.Errorf(core.ErrorConfig, "%q is not a method of HTTP", r.Method))
	}
	for _, name := range slices.Sorted(maps.Keys(r.Take)) {
		out.take = append(out.take, k.take(at+".take."+name, name, r.Take[name]))
	}
	out.expect, out.until = k.condition(at+".expect", r.Expect), k.condition(at+".until", r.Until)
	if out.until == nil && (r.Every != 0 || r.Tries != 0) {
		k.wrong(at+".until", core.Errorf(core.ErrorConfig, "every and tries are for a request that is sent until something holds"))
	}
	if out.every == 0 {
		out.every = defaultEvery
	}
	if out.tries == 0 {
		out.tries = defaultTries
	}
	return out
}

// header checks the name of a request's header.
func (k *compiler) header(at, name string) {
	hint := ""
	switch http.CanonicalHeaderKey(name) {
	case "Content-Length", "Transfer-Encoding", "Connection", "Te", "Trailer", "Upgrade", "Keep-Alive":
		hint = "leave it out: it is computed from what is sent"
	case "Host":
		hint = "write the host into url"
	case "Cookie":
		hint = "give the cookies in cookies, so that those which the service sets replace them"
	case "Accept-Encoding":
		hint = "leave it out: answers are unpacked"
	}
	if hint != "" {
		k.wrong(at, core.Errorf(core.ErrorConfig, "the header cannot be set").WithHint("%s", hint))
	}
	if name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune(`():;,/?@[]{}"\=<>`, r) }) {
		k.wrong(at, core.Errorf(core.ErrorConfig, "%q is not the name of a header", name))
	}
}

// url returns the template of a request's address.
func (k *compiler) url(at string, r Request, s stage) template.Template {
	source := k.config.URL
	switch {
	case r.URL != "" && r.Path != "":
		k.wrong(at+".path", core.Errorf(core.ErrorConfig, "both url and path are given").WithHint("keep path for the host of the target, url for another one"))
	case r.URL != "":
		at += ".url"
		k.address(at, r.URL)
		source = r.URL
	case r.Path != "":
		at += ".path"
		if !strings.HasPrefix(r.Path, "/") || strings.HasPrefix(r.Path, "//") {
			k.wrong(at, core.Errorf(core.ErrorConfig, "a path begins with one /").WithHint("for another host, give the whole address as url"))
		}
		source = k.plan.service + r.Path
	default:
		at = "url"
	}
	if strings.Contains(source, "#") {
		k.wrong(at, core.Errorf(core.ErrorConfig, "an address with a fragment (#…), which is never sent"))
	}
	return k.text(at, source, template.AsURL, s)
}

// body compiles the body of a request, of which there is one at most.
func (k *compiler) body(at string, r Request, contentType string, s stage) body {
	var keys []string
	for _, way := range []struct {
		key   string
		given bool
	}{{"body", given(r.Body)}, {"jq", r.JQ != ""}, {"form", len(r.Form) > 0}, {"multipart", len(r.Multipart) > 0}} {
		if way.given {
			keys = append(keys, way.key)
		}
	}
	if len(keys) == 0 {
		return body{}
	}
	if len(keys) > 1 {
		k.wrong(at+"."+keys[1], core.Errorf(core.ErrorConfig, "both %s and %s are given, and a request has one body", keys[0], keys[1]))
	}
	at += "." + keys[0]
	switch keys[0] {
	case "jq":
		p := k.jq(at, r.JQ)
		if p != nil {
			for _, name := range p.Uses() {
				k.used(name, s)
			}
		}
		return body{program: p, contentType: core.MediaJSON}
	case "form":
		b := body{contentType: typeForm}
		for _, name := range slices.Sorted(maps.Keys(r.Form)) {
			b.form = append(b.form, field{name, k.fieldText(at+"."+name, r.Form[name], template.AsForm, s)})
		}
		return b
	case "multipart":
		return k.multipart(at, r.Multipart, contentType, s)
	}
	t, as, err := template.Document(r.Body, contentType)
	return body{template: k.checked(at, t, err, s), contentType: as}
}

func (k *compiler) multipart(at string, parts []Part, contentType string, s stage) body {
	b := body{contentType: "multipart/form-data"}
	if contentType != "" {
		k.wrong(at, core.Errorf(core.ErrorConfig, "the Content-Type of a multipart body has its boundary, and cannot be set"))
	}
	for i, p := range parts {
		where := fmt.Sprintf("%s[%d]", at, i)
		out := part{name: p.Name, filename: p.Filename, contentType: p.Type, file: p.File}
		if (p.File != "") == (p.Value != "") {
			k.wrong(where, core.Errorf(core.ErrorConfig, "a part has either value or file"))
		}
		if strings.ContainsAny(p.Type, "\r\n") {
			k.wrong(where+".type", core.Errorf(core.ErrorConfig, "a type has one line"))
		}
		if p.File != "" {
			if s != stageTurn {
				k.wrong(where+".file", core.Errorf(core.ErrorConfig, "files are those of a turn"))
			}
			root := p.File
			if root == "text" {
				root = "prompt"
			}
			k.used(root, s)
		} else {
			out.value = k.text(where+".value", p.Value, template.Plain, s)
		}
		b.parts = append(b.parts, out)
	}
	return b
}

// jq compiles a jq program at a key.
func (k *compiler) jq(at, source string) *extract.Program {
	p, err := extract.JQ(source, jqVariables())
	if err != nil {
		k.wrong(at, err)
		return nil
	}
	if p != nil {
		for _, name := range p.Uses() {
			k.plan.jqUses[name] = true
		}
	}
	return p
}

// memory decides who remembers the turns.
func (k *compiler) memory() {
	c := k.config
	has := k.plan.turnUses["messages"] || k.plan.turnUses["history"]
	switch {
	case c.Memory == memoryMessages && !has:
		k.wrong("memory", core.Errorf(core.ErrorConfig, "no request of a turn has the turns before").
			WithHint("put $(messages) or $(history) into the request, or write memory: service if the service remembers them"))
	case c.Memory != "" && c.Memory != memoryAuto:
		k.plan.memory = c.Memory
	case has:
		k.plan.memory = memoryMessages
	case k.plan.uses["conversation"]:
		k.plan.memory = memoryService
	case len(c.Session) > 0 || k.continues:
		k.plan.memory, k.plan.assumed = memoryService, true
	default:
		k.plan.memory = memoryNone
	}
	if !slices.Contains([]string{"", memoryAuto, memoryMessages, memoryService, memoryNone}, c.Memory) {
		k.wrong("memory", core.Errorf(core.ErrorConfig, "%q is not one of auto, messages, service, none", c.Memory))
	}
}

// originOf returns scheme, host and port of an address.
func originOf(u *url.URL) string {
	port := u.Port()
	if port == "" || u.Scheme == "http" && port == "80" || u.Scheme == "https" && port == "443" {
		host := strings.ToLower(u.Hostname())
		if strings.Contains(host, ":") {
			host = "[" + host + "]"
		}
		return u.Scheme + "://" + host
	}
	return u.Scheme + "://" + strings.ToLower(u.Host)
}
