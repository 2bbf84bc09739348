package recorded

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// converter makes a target from a request.
type converter struct {
	options Options
	request *request
	// found are the secrets, by their names below secrets: in the target.
	found map[string]Secret
	names []string
	// direct are those that are referred to as ${NAME} where they stand.
	direct []Secret
	// prompted says that the prompt was found, promptAt where it is by its name.
	prompted bool
	promptAt string
	notes    []string
}

var reParameter = regexp.MustCompile(`\{\{[^{}]*\.params\.`)

// shortest is the length of the shortest secret that is looked for elsewhere: shorter
// ones occur in other texts.
const shortest = 6

// known are the secrets that are looked for everywhere. What is in a cookie without
// the name or the form of a secret, such as the choice of a theme, is none of them.
func (c *converter) known() []Secret {
	var all []Secret
	for _, name := range c.names {
		all = append(all, c.found[name])
	}
	for _, s := range c.direct {
		name, isCookie := strings.CutPrefix(s.Where, "cookie ")
		if !isCookie || isSecretName(name) || len(secretsIn(s.Value.Reveal())) > 0 {
			all = append(all, s)
		}
	}
	return slices.DeleteFunc(all, func(s Secret) bool { return len(s.Value.Reveal()) < shortest })
}

// convert makes a target from a request.
func convert(r *request, o Options) (Target, error) {
	if o.Name == "" {
		o.Name = "recorded"
	}
	c := &converter{options: o, request: r, found: map[string]Secret{}, notes: slices.Clone(r.notes)}
	if base, parameters, _ := mime.ParseMediaType(r.contentType); r.hasBody && base == "multipart/form-data" {
		if err := r.readParts(parameters["boundary"]); err != nil {
			return Target{}, err
		}
	}
	if o.Prompt == "" {
		c.findPrompt()
	}
	_ = c.with() // finds the secrets
	c.notes = slices.Clone(r.notes)
	with := c.with() // finds them wherever else they stand
	definition := node{}
	definition.add("use", text("http"))
	definition.add("with", with)
	root := node{}
	root.add(o.Name, definition)
	var b strings.Builder
	root.write(&b, "")
	t := Target{Definition: strings.TrimPrefix(b.String(), "\n"), Host: r.url.Host}
	for _, name := range c.names {
		t.Secrets = append(t.Secrets, c.found[name])
	}
	t.Secrets = append(t.Secrets, c.direct...)
	c.advise()
	t.Notes = c.notes
	if err := c.guard(t); err != nil {
		return Target{}, err
	}
	return t, nil
}

// guard checks that no secret is left in the definition, in any of the forms in which
// it may have been written.
func (c *converter) guard(t Target) error {
	if reParameter.MatchString(t.Definition) {
		return core.Errorf(core.ErrorInput, "the request holds the text {{ .params.…, which campaigns have for their parameters").
			WithHint("write the target by hand")
	}
	for _, s := range c.known() {
		value := s.Value.Reveal()
		for _, form := range []string{value, url.QueryEscape(value), url.PathEscape(value), strings.Trim(quotedText(value), `"`)} {
			if strings.Contains(t.Definition, form) {
				return core.Errorf(core.ErrorInput, "the secret of %s also stands in a place of the request that cannot be imported", s.Where).
					WithHint("remove it there, or write the target by hand")
			}
		}
	}
	return nil
}

// with returns the target's configuration.
func (c *converter) with() node {
	r := c.request
	var request node
	address, query := c.address()
	if r.method != r.usualMethod() {
		request.add("method", text(r.method))
	}
	if len(query.entries) > 0 {
		request.add("query", query)
	}
	shared, own := c.headers()
	body, key := c.body()
	if base, _, _ := mime.ParseMediaType(r.contentType); key == "body" && r.contentType != "" && (body.isText || base != "application/json") {
		own.add("Content-Type", text(c.escape(r.contentType)))
	}
	if len(own.entries) > 0 {
		request.add("headers", own)
	}
	if key != "" {
		request.add(key, body)
	}
	reply := c.reply()
	cookies := c.cookies()

	var with node
	with.add("url", text(address))
	if r.proxy != "" {
		c.notes = append(c.notes, "The command uses a proxy: add proxy: with its address, and its host to scope.hosts.")
	}
	for _, e := range shared.entries {
		with.add(e.key, e.value)
	}
	if len(cookies.entries) > 0 {
		with.add("cookies", cookies)
	}
	if len(c.names) > 0 {
		with.add("secrets", c.secrets())
	}
	if r.url.Scheme == "http" && !isLoopback(r.url.Hostname()) {
		c.notes = append(c.notes, "The service is spoken to in the clear: add insecure_plain: true if that is meant.")
	}
	with.add("request", request)
	if len(reply.entries) > 0 {
		with.add("reply", reply)
	}
	return with
}

// secrets returns the references of the secrets that requests have.
func (c *converter) secrets() node {
	var all node
	for _, name := range c.names {
		all.add(name, text("${"+c.found[name].Name+"}"))
	}
	return all
}

func isLoopback(host string) bool {
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}

// address returns the address without its query, and the query's parameters.
func (c *converter) address() (string, node) {
	u := c.request.url
	var path strings.Builder
	for i, segment := range strings.Split(u.EscapedPath(), "/") {
		if i > 0 {
			path.WriteByte('/')
		}
		decoded, err := url.PathUnescape(segment)
		if err != nil || !utf8.ValidString(decoded) {
			decoded = segment
		}
		scrubbed := c.scrub("path", "", unmarked(decoded))
		if scrubbed == c.escape(decoded) {
			path.WriteString(c.escape(segment)) // as it was written
			continue
		}
		path.WriteString(scrubbed)
	}
	if u.User != nil {
		password, _ := u.User.Password()
		c.request.user, c.request.password = u.User.Username(), password
	}
	var query node
	var rest []string
	for parameter := range strings.SplitSeq(u.RawQuery, "&") {
		name, value, _ := strings.Cut(parameter, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if parameter == "" {
			continue
		}
		if nameErr != nil || valueErr != nil || name == "" || !utf8.ValidString(name+value) {
			c.notes = append(c.notes, "A parameter of the address is no UTF-8 text, and was left out.")
			continue
		}
		if slices.ContainsFunc(query.entries, func(e entry) bool { return e.key == name }) {
			rest = append(rest, name)
			continue
		}
		query.add(name, text(c.scrub("query."+name, name, unmarked(value))))
	}
	if len(rest) > 0 {
		c.notes = append(c.notes, fmt.Sprintf("The parameters %q occur more than once in the address; the first of each was taken.", rest))
	}
	return u.Scheme + "://" + u.Host + path.String(), query
}

// noise are headers of browsers that say nothing about the request.
var noise = regexp.MustCompile(`(?i)^(:.*|sec-.*|accept-encoding|accept-language|content-length|content-type|host|connection|keep-alive|priority|pragma|cache-control|dnt|te|upgrade.*|user-agent|if-.*|` +
	`x-client-data|traceparent|tracestate|baggage|sentry-trace|newrelic|x-newrelic.*|x-datadog.*|transfer-encoding|expect|cookie|proxy-.*|x-requested-id|x-request-id|x-correlation-id|x-amzn-trace-id|x-b3-.*|x-cloud-trace-context)$`)

// headers returns the keys of the target for its credentials, and the headers of the
// request.
func (c *converter) headers() (shared, own node) {
	r := c.request
	var fixed node
	if r.user != "" || r.password != "" {
		fixed.add("Authorization", c.reference("Authorization", basicValue(r.user, r.password), "user and password"))
	}
	for _, h := range r.headers {
		lower := strings.ToLower(h.name)
		token, isBearer := cutFold(h.value, "Bearer ")
		isGiven := func(e entry) bool { return strings.EqualFold(e.key, h.name) }
		switch {
		case noise.MatchString(h.name):
		case slices.ContainsFunc(fixed.entries, isGiven), slices.ContainsFunc(own.entries, isGiven):
			c.notes = append(c.notes, "A header occurs more than once; the first was taken.")
		case lower == "authorization" && isBearer && len(fixed.entries) == 0:
			shared.add("api_key", c.reference("api_key", strings.TrimSpace(token), "header Authorization"))
		case lower == "authorization" && len(fixed.entries)+len(shared.entries) == 0:
			fixed.add("Authorization", c.reference("Authorization", h.value, "header Authorization"))
		case lower == "authorization":
		case isSecretName(h.name):
			fixed.add(h.name, c.reference(h.name, h.value, "header "+h.name))
		case lower == "accept" && (h.value == "*/*" || strings.Contains(h.value, "application/json, text/plain")):
		default:
			own.add(h.name, text(c.scrub("header "+h.name, h.name, h.value)))
		}
	}
	if len(fixed.entries) > 0 {
		shared.add("headers", fixed)
	}
	return shared, own
}

func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

func (c *converter) cookies() node {
	var all node
	for _, cookie := range c.request.cookies {
		if slices.ContainsFunc(all.entries, func(e entry) bool { return e.key == cookie.name }) {
			continue
		}
		all.add(cookie.name, c.reference(cookie.name, cookie.value, "cookie "+cookie.name))
	}
	return all
}

// body returns the body, and the key that it stands under.
func (c *converter) body() (node, string) {
	r := c.request
	base, _, _ := mime.ParseMediaType(r.contentType)
	switch {
	case len(r.parts) > 0:
		return c.multipart(), "multipart"
	case !r.hasBody:
		return node{}, ""
	}
	trimmed := strings.TrimSpace(r.body)
	if strings.HasSuffix(base, "json") || strings.HasPrefix(trimmed, "{") || strings.HasPrefix(trimmed, "[") {
		if n, ok := c.structure(r.body); ok {
			return n, "body"
		}
	}
	if base == "application/x-www-form-urlencoded" {
		if n, ok := c.form(r.body); ok {
			return n, "form"
		}
	}
	return text(c.scrub("body", "", r.body)), "body"
}

// structure returns a JSON body as a mapping or list.
func (c *converter) structure(body string) (node, bool) {
	v, err := decodeOrdered(body)
	if err != nil || v.isText || v.source != "" {
		return node{}, false
	}
	return c.scrubNode("body", "", v, false), true
}

// fieldsOf returns the fields of a form; false where a name occurs twice.
func fieldsOf(body string) ([]pair, bool) {
	var all []pair
	for f := range strings.SplitSeq(body, "&") {
		name, value, _ := strings.Cut(f, "=")
		name, nameErr := url.QueryUnescape(name)
		value, valueErr := url.QueryUnescape(value)
		if nameErr != nil || valueErr != nil || name == "" || !utf8.ValidString(name+value) || slices.ContainsFunc(all, func(p pair) bool { return p.name == name }) {
			return nil, false
		}
		all = append(all, pair{name, value})
	}
	return all, true
}

// form returns a form's fields.
func (c *converter) form(body string) (node, bool) {
	fields, ok := fieldsOf(body)
	var out node
	for _, f := range fields {
		out.add(f.name, text(c.scrub("form."+f.name, f.name, f.value)))
	}
	return out, ok
}

func (c *converter) multipart() node {
	out := node{list: []node{}}
	for _, p := range c.request.parts {
		var part node
		part.add("name", text(p.name))
		switch kind, _, _ := strings.Cut(p.kind, "/"); {
		case !p.file:
			part.add("value", text(c.scrub("multipart."+p.name, p.name, p.value)))
		case kind == "audio" || kind == "image":
			part.add("file", text(kind))
		default:
			part.add("file", text("text"))
			c.prompted = true
			c.notes = append(c.notes, fmt.Sprintf("The file of the field %q was of another kind than sound or image: it is sent as the turn's text.", p.name))
		}
		if p.file && p.filename != "" {
			part.add("filename", text(c.fileName(p.filename)))
		}
		out.list = append(out.list, part)
	}
	return out
}

// fileName returns a file's name without what looks random in it.
func (c *converter) fileName(name string) string {
	for _, at := range slices.Backward(secretsIn(name)) {
		name = name[:at[0]] + "file" + name[at[1]:]
	}
	return strings.NewReplacer("$(", "(", "${", "{").Replace(name)
}

// decodeOrdered decodes JSON in its order.
func decodeOrdered(source string) (node, error) {
	hasMarks := strings.Contains(source, beginVariable)
	if hasMarks { // JSON cannot hold them
		source = strings.NewReplacer(beginVariable, markBegin, endVariable, markEnd).Replace(source)
	}
	decoder := json.NewDecoder(strings.NewReader(source))
	decoder.UseNumber()
	n, err := decodeNode(decoder, 0)
	if hasMarks {
		n.unmark()
	}
	if err != nil {
		return node{}, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return node{}, errors.New("more than one JSON value")
	}
	return n, nil
}

// unmark puts the marks of variables back into the texts of a value.
func (n *node) unmark() {
	n.text = unmarked(n.text)
	for i := range n.list {
		n.list[i].unmark()
	}
	for i := range n.entries {
		n.entries[i].value.unmark()
	}
}

func decodeNode(in *json.Decoder, depth int) (node, error) {
	const deepest = 60
	token, err := in.Token()
	if err != nil {
		return node{}, err
	}
	if depth > deepest {
		return node{}, fmt.Errorf("nested more than %d deep", deepest)
	}
	switch t := token.(type) {
	case json.Delim:
		var out node
		if t == '[' {
			err = out.decodeList(in, depth)
		} else {
			err = out.decodeEntries(in, depth)
		}
		if err == nil {
			_, err = in.Token() // the closing bracket
		}
		return out, err
	case string:
		return text(t), nil
	}
	source, err := json.Marshal(token)
	return node{source: string(source)}, err
}

func (n *node) decodeList(in *json.Decoder, depth int) error {
	for in.More() {
		v, err := decodeNode(in, depth+1)
		if err != nil {
			return err
		}
		n.list = append(n.list, v)
	}
	if n.list == nil {
		n.source = "[]"
	}
	return nil
}

func (n *node) decodeEntries(in *json.Decoder, depth int) error {
	for in.More() {
		token, err := in.Token()
		if err != nil {
			return err
		}
		key, _ := token.(string) // the decoder accepts nothing else here
		v, err := decodeNode(in, depth+1)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(n.entries, func(e entry) bool { return e.key == key }) {
			return errors.New("a key occurs twice")
		}
		n.add(key, v)
	}
	return nil
}

// encode writes a node as JSON.
func (n node) encode(b *bytes.Buffer) {
	switch {
	case n.isText:
		source, _ := json.Marshal(n.text) // strings encode
		b.Write(source)
	case n.source != "":
		b.WriteString(n.source)
	case n.list != nil:
		for i, item := range n.list {
			b.WriteByte("[,"[min(i, 1)])
			item.encode(b)
		}
		b.WriteByte(']')
	case len(n.entries) == 0:
		b.WriteString("{}")
	default:
		for i, e := range n.entries {
			b.WriteByte("{,"[min(i, 1)])
			text(e.key).encode(b)
			b.WriteByte(':')
			e.value.encode(b)
		}
		b.WriteByte('}')
	}
}
