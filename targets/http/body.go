package httptarget

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

const (
	typeJSON = "application/json"
	typeForm = "application/x-www-form-urlencoded"
)

// field is a named template: a header, parameter or field of a form.
type field struct {
	name     string
	template template
}

// body is the compiled body of a request: one of its fields.
type body struct {
	template template
	form     []field
	parts    []part
	program  *program
	// contentType is the Content-Type unless a header sets it; "" for no body.
	contentType string
}

// part is a part of a multipart body.
type part struct {
	name, filename, contentType string
	value                       template
	// file is the placeholder of the file; "" for a text.
	file string
}

// render returns the body and its Content-Type.
func (b body) render(ctx context.Context, s *state) (content []byte, contentType string, err error) {
	switch {
	case b.program != nil:
		content, err = b.build(ctx, s)
	case b.parts != nil:
		return b.renderParts(s)
	case b.form != nil:
		content, err = b.renderForm(s)
	default:
		var text string
		text, err = b.template.render(s.value)
		content = []byte(text)
	}
	return content, b.contentType, err
}

// build runs the jq program that makes the body.
func (b body) build(ctx context.Context, s *state) ([]byte, error) {
	var found any
	outputs := 0
	err := b.program.run(ctx, nil, s.variables(nil), func(v any) bool {
		found = v
		outputs++
		return outputs < 2
	})
	if err == nil && outputs != 1 {
		err = core.Errorf(core.ErrorConfig, "jq gives %d outputs, and a body is one", outputs)
	}
	if err != nil {
		return nil, err
	}
	source, err := marshal(found)
	return []byte(source), err
}

func (b body) renderForm(s *state) ([]byte, error) {
	var content []byte
	for i, f := range b.form {
		if i > 0 {
			content = append(content, '&')
		}
		content, _ = textValue(f.name).append(content, escapeForm)
		text, err := f.template.render(s.value)
		if err != nil {
			return nil, err
		}
		content = append(append(content, '='), text...)
	}
	return content, nil
}

// renderParts writes a multipart body. Its boundary is in none of the parts.
func (b body) renderParts(s *state) ([]byte, string, error) {
	type rendered struct {
		header  textproto.MIMEHeader
		content string
	}
	var all []rendered
	for _, p := range b.parts {
		header, content, err := p.render(s)
		if err != nil {
			return nil, "", err
		}
		if header != nil {
			all = append(all, rendered{header, content})
		}
	}
	boundary := "orchestrator"
	isIn := func(r rendered) bool { return strings.Contains(r.content, boundary) }
	for n := 1; slices.ContainsFunc(all, isIn); n++ {
		boundary = fmt.Sprintf("orchestrator-%d", n)
	}
	var out bytes.Buffer
	w := multipart.NewWriter(&out)
	if err := w.SetBoundary(boundary); err != nil {
		return nil, "", core.Errorf(core.ErrorInput, "a multipart body: %w", err)
	}
	for _, r := range all {
		to, err := w.CreatePart(r.header)
		if err != nil {
			return nil, "", err
		}
		_, _ = to.Write([]byte(r.content)) // a Buffer does not fail
	}
	_ = w.Close()
	return out.Bytes(), w.FormDataContentType(), nil
}

// render returns a part; a nil header where the turn has no such file.
func (p part) render(s *state) (textproto.MIMEHeader, string, error) {
	header := textproto.MIMEHeader{}
	disposition := `form-data; name="` + quoted(p.name) + `"`
	if p.file == "" {
		content, err := p.value.render(s.value)
		header.Set("Content-Disposition", disposition)
		if p.contentType != "" {
			header.Set("Content-Type", p.contentType)
		}
		return header, content, err
	}
	content, mediaType, ok, err := s.file(p.file)
	if err != nil || !ok {
		return nil, "", err
	}
	name := p.filename
	if name == "" {
		name = p.file + extension(mediaType)
	}
	if p.contentType != "" {
		mediaType = p.contentType
	}
	header.Set("Content-Disposition", disposition+`; filename="`+quoted(name)+`"`)
	header.Set("Content-Type", mediaType)
	return header, content, nil
}

// quoted escapes a name in a part's header as browsers do.
func quoted(s string) string {
	return strings.NewReplacer("\r", "%0D", "\n", "%0A", `"`, "%22").Replace(s)
}

// extension returns the usual extension of a file of a media type.
func extension(mediaType string) string {
	base, _, _ := mime.ParseMediaType(mediaType)
	switch base {
	case "audio/wav", "audio/x-wav", "audio/wave":
		return ".wav"
	case "audio/mpeg":
		return ".mp3"
	case "image/jpeg":
		return ".jpg"
	case "text/plain":
		return ".txt"
	}
	if _, sub, ok := strings.Cut(base, "/"); ok {
		return "." + sub
	}
	return ""
}

// compileStructure turns a JSON value, whose strings are templates, into one
// template, in the order in which it is written. A string that is a placeholder
// only becomes the placeholder's JSON value.
func compileStructure(source []byte) (template, error) {
	w := structure{in: json.NewDecoder(bytes.NewReader(source))}
	w.in.UseNumber()
	if err := w.value(0); err != nil {
		return nil, err
	}
	w.flush()
	return w.out, nil
}

// structure turns JSON into a template.
type structure struct {
	in   *json.Decoder
	out  template
	text []byte
}

func (w *structure) flush() {
	if len(w.text) > 0 {
		w.out = append(w.out, piece{text: string(w.text)})
		w.text = nil
	}
}

func (w *structure) value(depth int) error {
	const deepest = 100
	token, err := w.in.Token()
	if err != nil || depth > deepest {
		return core.Errorf(core.ErrorConfig, "a body that is no JSON, or is nested more than %d deep", deepest)
	}
	switch t := token.(type) {
	case json.Delim:
		return w.list(t, depth)
	case string:
		return w.string(t)
	default:
		source, err := json.Marshal(t)
		w.text = append(w.text, source...)
		return err
	}
}

// list writes an object or array.
func (w *structure) list(open json.Delim, depth int) error {
	w.text = append(w.text, byte(open))
	for first := true; w.in.More(); first = false {
		if !first {
			w.text = append(w.text, ',')
		}
		if open == '{' {
			key, err := w.in.Token()
			if err != nil {
				return core.Errorf(core.ErrorConfig, "a body that is no JSON")
			}
			name, _ := key.(string) // the decoder accepts nothing else here
			if w.text, err = textValue(name).append(w.text, escapeJSON); err != nil {
				return err
			}
			w.text = append(w.text, ':')
		}
		if err := w.value(depth + 1); err != nil {
			return err
		}
	}
	end, err := w.in.Token()
	if err != nil {
		return core.Errorf(core.ErrorConfig, "a body that is no JSON")
	}
	closing, _ := end.(json.Delim)
	w.text = append(w.text, byte(closing))
	return nil
}

// string writes a string that is a template.
func (w *structure) string(s string) error {
	t, err := parseTemplate(s)
	if err != nil {
		return err
	}
	if p, ok := t.only(); ok {
		w.flush()
		p.as = escapeJSON
		w.out = append(w.out, p)
		return nil
	}
	w.text = append(w.text, '"')
	for _, p := range t {
		if p.name != "" {
			w.flush()
			p.as = escapeInString
			w.out = append(w.out, p)
			continue
		}
		if w.text, err = appendString(w.text, p.text, false); err != nil {
			return err
		}
	}
	w.text = append(w.text, '"')
	return nil
}

// compileText compiles a body that is written as text, by its Content-Type; "" for
// one that is not given.
func compileText(source, contentType string) (t template, as string, err error) {
	if t, err = parseTemplate(source); err != nil {
		return nil, "", err
	}
	base, _, _ := mime.ParseMediaType(contentType)
	asJSON, isJSON := inJSON(t)
	switch {
	case strings.HasSuffix(base, "json"):
		if !isJSON {
			return nil, "", core.Errorf(core.ErrorConfig, "the body is no JSON, whatever is inserted for its placeholders").
				WithHint("write the body as a mapping, and the quotes of JSON around what is text")
		}
		return asJSON, contentType, nil
	case base == "" && isJSON && t.beginsDocument():
		return asJSON, typeJSON, nil
	case base == "":
		return t.written(escapeNothing), core.MediaText, nil
	case base == typeForm:
		return t.written(escapeForm), contentType, nil
	case strings.HasSuffix(base, "xml"), base == "text/html":
		return t.written(escapeXML), contentType, nil
	}
	return t.written(escapeNothing), contentType, nil
}

// beginsDocument reports whether a template begins with a JSON object or array.
func (t template) beginsDocument() bool {
	if len(t) == 0 {
		return false
	}
	text := strings.TrimLeft(t[0].text, " \t\r\n")
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// inJSON returns the template of a JSON text, whose placeholders within quotes are
// text and the others values. It reports whether the text is JSON then. Of one with
// a raw placeholder that is not known.
func inJSON(t template) (template, bool) {
	out := make(template, len(t))
	var sample []byte
	inside, known := false, true
	for i, p := range t {
		if p.name == "" {
			for j := 0; j < len(p.text); j++ {
				switch {
				case p.text[j] == '"':
					inside = !inside
				case inside && p.text[j] == '\\':
					j++
				}
			}
			out[i] = p
			sample = append(sample, p.text...)
			continue
		}
		p.as = escapeJSON
		if inside {
			p.as = escapeInString
		}
		for _, f := range p.filters {
			known = known && f != "raw"
		}
		sample, _ = textValue("x").append(sample, p.as)
		out[i] = p
	}
	return out, !known || json.Valid(sample)
}
