package recorded

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"
	"unicode/utf8"
)

// har is a HAR file, version 1.2, as far as it is read.
type har struct {
	Log struct {
		Creator struct{ Name string }
		Entries []harEntry
	}
}

type harPair struct {
	Name  string
	Value harText
}

// harText is a text, for which some exporters write a number, true or null.
type harText string

// UnmarshalJSON implements [json.Unmarshaler].
func (t *harText) UnmarshalJSON(source []byte) error {
	var s string
	if json.Unmarshal(source, &s) != nil {
		s = string(source)
	}
	*t = harText(s)
	return nil
}

type harEntry struct {
	Request struct {
		Method, URL string
		Headers     []harPair
		Cookies     []harPair
		QueryString []harPair
		PostData    *harBody
	}
	Response struct {
		Status  int
		Headers []harPair
		Content struct{ MimeType, Text, Encoding string }
	}
}

// harBody is what a request sends. Encoding is "base64" where an exporter has it so.
type harBody struct {
	MimeType, Text, Encoding string
	Params                   []struct {
		Name                  string
		Value                 harText
		FileName, ContentType string
	}
}

// decode decodes the body once.
func (b *harBody) decode() {
	if b == nil || b.Encoding != "base64" {
		return
	}
	if data, err := base64.StdEncoding.DecodeString(b.Text); err == nil {
		b.Text, b.Encoding = string(data), ""
	}
}

// HAR makes a target from an entry of a HAR file.
func HAR(data []byte, o Options) (Target, error) {
	if len(data) > maxRecording {
		return Target{}, wrong("the HAR file is larger than %d MiB", maxRecording>>20)
	}
	if strings.HasPrefix(string(data), "PK") {
		return Target{}, wrong("the HAR file is packed").WithHint("unpack it, and give the .har file in it")
	}
	var file har
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(data), "\ufeff")), &file); err != nil {
		return Target{}, wrong("not a HAR file: no JSON, or not of its form")
	}
	if len(file.Log.Entries) == 0 {
		return Target{}, wrong("the HAR file has no requests").WithHint("record with the browser's network panel open, and export with content")
	}
	for i := range file.Log.Entries {
		file.Log.Entries[i].Request.PostData.decode()
	}
	i, err := file.choose(o)
	if err != nil {
		return Target{}, err
	}
	r, err := file.Log.Entries[i].recorded()
	if err != nil {
		return Target{}, err
	}
	if file.Log.Creator.Name == "WebInspector" && len(r.cookies) == 0 && r.header("Authorization") == "" {
		r.notes = append(r.notes, "The recording has neither cookies nor an Authorization header: Chrome leaves them out of a HAR file unless it is exported with sensitive data.")
	}
	for _, earlier := range file.Log.Entries[:i] {
		r.earlier = append(r.earlier, earlier.answer())
	}
	return convert(r, o)
}

// answer returns the body of the answer and its headers, as text.
func (e harEntry) answer() string {
	var b strings.Builder
	for _, h := range e.Response.Headers {
		b.WriteString(h.Name + ": " + string(h.Value) + "\n")
	}
	return b.String() + e.body()
}

func (e harEntry) body() string {
	c := e.Response.Content
	if c.Encoding != "base64" {
		return c.Text
	}
	data, err := base64.StdEncoding.DecodeString(c.Text)
	if err != nil {
		return ""
	}
	return string(data)
}

// said returns what the request sends, decoded as far as a prompt can be found in it.
func (e harEntry) said() string {
	text := e.Request.URL
	if decoded, err := url.QueryUnescape(text); err == nil {
		text += "\n" + decoded
	}
	p := e.Request.PostData
	if p == nil {
		return text
	}
	text += "\n" + p.Text
	if decoded, err := url.QueryUnescape(p.Text); err == nil {
		text += "\n" + decoded
	}
	if v, err := decodeOrdered(p.Text); err == nil {
		for _, l := range v.leaves("", "", "") {
			text += "\n" + l.text
		}
	}
	for _, f := range p.Params {
		text += "\n" + string(f.Value)
	}
	return text
}

// choose returns the index of the entry that is meant.
func (h har) choose(o Options) (int, error) {
	entries := h.Log.Entries
	if o.Entry != 0 {
		if o.Entry < 0 || o.Entry > len(entries) {
			return 0, wrong("the HAR file has no request %d, but 1 to %d", o.Entry, len(entries))
		}
		return o.Entry - 1, nil
	}
	var candidates []int
	for i, e := range entries {
		isHTTP := strings.HasPrefix(e.Request.URL, "http://") || strings.HasPrefix(e.Request.URL, "https://") // some also have websockets and data: URLs
		if isHTTP && strings.Contains(e.Request.URL, o.Match) && (o.Prompt == "" || strings.Contains(e.said(), o.Prompt)) {
			candidates = append(candidates, i)
		}
	}
	if len(candidates) > 1 { // those that send something
		sending := slices.DeleteFunc(slices.Clone(candidates), func(i int) bool { return entries[i].Request.PostData == nil })
		if len(sending) > 0 {
			candidates = sending
		}
	}
	switch len(candidates) {
	case 1:
		return candidates[0], nil
	case 0:
		return 0, wrong("no request of the HAR file fits").WithHint("its requests are: %s", h.list(nil))
	}
	return 0, wrong("%d requests of the HAR file fit", len(candidates)).WithHint("choose one by its number: %s", h.list(candidates))
}

// list names entries; nil for all.
func (h har) list(which []int) string {
	const most = 20
	var all []string
	for i, e := range h.Log.Entries {
		if which != nil && !slices.Contains(which, i) {
			continue
		}
		if len(all) == most {
			all = append(all, "…")
			break
		}
		shown := "?"
		if u, err := url.Parse(e.Request.URL); err == nil { // its query may hold secrets, and so may its path
			shown = u.Host + scrubbedPath(u.Path)
		}
		all = append(all, fmt.Sprintf("%d %s %s", i+1, e.Request.Method, shown))
	}
	return strings.Join(all, ", ")
}

// scrubbedPath returns a path without what looks like a secret.
func scrubbedPath(path string) string {
	for _, at := range slices.Backward(secretsIn(path)) {
		path = path[:at[0]] + "…" + path[at[1]:]
	}
	return path
}

// recorded returns the request of an entry.
func (e harEntry) recorded() (*request, error) {
	u, err := parseURL(e.Request.URL)
	if err != nil {
		return nil, err
	}
	r := &request{method: strings.ToUpper(e.Request.Method), url: u, answer: e.body(), answerType: strings.ToLower(e.Response.Content.MimeType)}
	for _, h := range e.Request.Headers {
		if strings.EqualFold(h.Name, "Cookie") {
			r.cookies = append(r.cookies, splitCookies(string(h.Value))...)
		} else {
			r.headers = append(r.headers, pair{h.Name, string(h.Value)})
		}
	}
	if len(r.cookies) == 0 {
		for _, c := range e.Request.Cookies {
			r.cookies = append(r.cookies, pair{c.Name, string(c.Value)})
		}
	}
	if u.RawQuery == "" { // some exporters have it in the list only
		var parameters []string
		for _, q := range e.Request.QueryString {
			parameters = append(parameters, url.QueryEscape(q.Name)+"="+url.QueryEscape(string(q.Value)))
		}
		u.RawQuery = strings.Join(parameters, "&")
	}
	return r, r.recordedBody(e.Request.PostData)
}

// recordedBody takes over the body of an entry.
func (r *request) recordedBody(p *harBody) error {
	if p == nil || p.Text == "" && len(p.Params) == 0 {
		return nil
	}
	if r.contentType = r.header("Content-Type"); r.contentType == "" {
		r.contentType = p.MimeType
	}
	r.body, r.hasBody = p.Text, true
	switch {
	case p.Text != "":
		return r.checkText()
	case strings.HasPrefix(r.contentType, "multipart/"):
		r.hasBody = false
		for _, f := range p.Params {
			r.parts = append(r.parts, filePart{name: f.Name, value: string(f.Value), file: f.FileName != "", filename: f.FileName, kind: f.ContentType})
		}
		return nil
	}
	var fields []string
	for _, f := range p.Params {
		fields = append(fields, url.QueryEscape(f.Name)+"="+url.QueryEscape(string(f.Value)))
	}
	r.body = strings.Join(fields, "&")
	return nil
}

// checkText returns an error for a body that is no text, which a campaign cannot hold.
// In one of several parts, files may be anything.
func (r *request) checkText() error {
	if strings.HasPrefix(r.contentType, "multipart/") {
		return nil
	}
	r.body = strings.TrimPrefix(r.body, "\ufeff")
	if !utf8.ValidString(r.body) || strings.ContainsFunc(r.body, func(c rune) bool { return c < ' ' && !strings.ContainsRune("\t\n\r\f", c) || c == utf8.RuneError }) {
		return wrong("the body of the request is no text").WithHint("a campaign describes requests that are text, JSON, XML or a form; files are those of a turn")
	}
	return nil
}

// readParts reads the parts of a multipart body that was recorded as text.
func (r *request) readParts(boundary string) error {
	if boundary == "" {
		return wrong("the multipart body of the recording has no boundary")
	}
	reader := multipart.NewReader(strings.NewReader(strings.ReplaceAll(strings.ReplaceAll(r.body, "\r\n", "\n"), "\n", "\r\n")), boundary)
	r.parts = nil
	for {
		p, err := reader.NextPart()
		if errors.Is(err, io.EOF) && len(r.parts) > 0 {
			return nil
		}
		if err != nil {
			return wrong("the multipart body of the recording cannot be read").WithHint("record it again, or write the target by hand")
		}
		content, err := io.ReadAll(p)
		if err != nil {
			return wrong("the multipart body of the recording cannot be read")
		}
		part := filePart{name: p.FormName(), value: string(content), filename: p.FileName(), kind: p.Header.Get("Content-Type"), file: p.FileName() != ""}
		if part.file {
			part.value = ""
		}
		r.parts = append(r.parts, part)
	}
}
