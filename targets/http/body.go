package httptarget

import (
	"bytes"
	"context"
	"fmt"
	"mime"
	"mime/multipart"
	"net/textproto"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

const typeForm = "application/x-www-form-urlencoded"

// field is a named template: a header, parameter or field of a form.
type field struct {
	name     string
	template template.Template
}

// body is the compiled body of a request: one of its fields.
type body struct {
	template template.Template
	form     []field
	parts    []part
	program  *extract.Program
	// contentType is the Content-Type unless a header sets it; "" for no body.
	contentType string
}

// part is a part of a multipart body.
type part struct {
	name, filename, contentType string
	value                       template.Template
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
		text, err = b.template.Render(s.value)
		content = []byte(text)
	}
	return content, b.contentType, err
}

// build runs the jq program that makes the body.
func (b body) build(ctx context.Context, s *state) ([]byte, error) {
	var found any
	outputs := 0
	err := b.program.Run(ctx, nil, s.variables(nil), func(v any) bool {
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
	source, err := template.Marshal(found)
	return []byte(source), err
}

func (b body) renderForm(s *state) ([]byte, error) {
	var content []byte
	for i, f := range b.form {
		if i > 0 {
			content = append(content, '&')
		}
		content, _ = template.Text(f.name).Append(content, template.AsForm)
		text, err := f.template.Render(s.value)
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
		content, err := p.value.Render(s.value)
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
