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
)

// har is a HAR file, version 1.2, as far as it is read.
type har struct {
	Log struct {
		Entries []harEntry
	}
}

type harPair struct{ Name, Value string }

type harEntry struct {
	Request struct {
		Method, URL string
		Headers     []harPair
		Cookies     []harPair
		PostData    *struct {
			MimeType, Text string
			Params         []struct{ Name, Value, FileName, ContentType string }
		}
	}
	Response struct {
		Status  int
		Headers []harPair
		Content struct{ MimeType, Text, Encoding string }
	}
}

// HAR makes a target from an entry of a HAR file.
func HAR(data []byte, o Options) (Target, error) {
	if len(data) > maxRecording {
		return Target{}, wrong("the HAR file is larger than %d MiB", maxRecording>>20)
	}
	var file har
	if err := json.Unmarshal([]byte(strings.TrimPrefix(string(data), "\ufeff")), &file); err != nil {
		return Target{}, wrong("not a HAR file: no JSON, or not of its form")
	}
	if len(file.Log.Entries) == 0 {
		return Target{}, wrong("the HAR file has no requests").WithHint("record with the browser's network panel open, and export with content")
	}
	i, err := file.choose(o)
	if err != nil {
		return Target{}, err
	}
	r, err := file.Log.Entries[i].recorded()
	if err != nil {
		return Target{}, err
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
		b.WriteString(h.Name + ": " + h.Value + "\n")
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
		text += "\n" + f.Value
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
		if strings.Contains(e.Request.URL, o.Match) && (o.Prompt == "" || strings.Contains(e.said(), o.Prompt)) {
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
			r.cookies = append(r.cookies, splitCookies(h.Value)...)
		} else {
			r.headers = append(r.headers, pair{h.Name, h.Value})
		}
	}
	if len(r.cookies) == 0 {
		for _, c := range e.Request.Cookies {
			r.cookies = append(r.cookies, pair{c.Name, c.Value})
		}
	}
	p := e.Request.PostData
	if p == nil || p.Text == "" && len(p.Params) == 0 {
		return r, nil
	}
	if r.contentType = r.header("Content-Type"); r.contentType == "" {
		r.contentType = p.MimeType
	}
	r.body, r.hasBody = p.Text, true
	if p.Text != "" {
		return r, nil
	}
	if strings.HasPrefix(r.contentType, "multipart/") {
		r.hasBody = false
		for _, f := range p.Params {
			r.parts = append(r.parts, filePart{name: f.Name, value: f.Value, file: f.FileName != "", filename: f.FileName, kind: f.ContentType})
		}
		return r, nil
	}
	var fields []string
	for _, f := range p.Params {
		fields = append(fields, url.QueryEscape(f.Name)+"="+url.QueryEscape(f.Value))
	}
	r.body = strings.Join(fields, "&")
	return r, nil
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
