package template

import (
	"bytes"
	"encoding/json"
	"mime"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Document compiles a document as a campaign writes it: a JSON value, or a text in a JSON
// string, which is read by its Content-Type; "" where none is given. It returns the
// document's Content-Type.
func Document(source []byte, contentType string) (t Template, as string, err error) {
	if v, err := Unmarshal(source); err == nil {
		if text, ok := v.(string); ok {
			return fromText(text, contentType)
		}
	}
	t, err = fromJSON(source)
	return t, core.MediaJSON, err
}

// fromJSON turns a JSON value, whose strings and keys are templates, into one template,
// in the order in which it is written. A string that is a placeholder only becomes the
// placeholder's JSON value; a key stays a string.
func fromJSON(source []byte) (Template, error) {
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
	out  Template
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
		return core.Errorf(core.ErrorConfig, "a document that is no JSON, or is nested more than %d deep", deepest)
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
				return core.Errorf(core.ErrorConfig, "a document that is no JSON")
			}
			name, _ := key.(string) // the decoder accepts nothing else here
			if err := w.quoted(name); err != nil {
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
		return core.Errorf(core.ErrorConfig, "a document that is no JSON")
	}
	closing, _ := end.(json.Delim)
	w.text = append(w.text, byte(closing))
	return nil
}

// string writes a string that is a template.
func (w *structure) string(s string) error {
	t, err := Parse(s)
	if err != nil {
		return err
	}
	if len(t) == 1 && t[0].name != "" {
		w.flush()
		w.out = append(w.out, t.Written(AsJSON)...)
		return nil
	}
	return w.quoted(s)
}

// quoted writes a string that is a template and stays a string: a key, or one that is
// more than a placeholder.
func (w *structure) quoted(s string) error {
	t, err := Parse(s)
	if err != nil {
		return err
	}
	w.text = append(w.text, '"')
	for _, p := range t.Written(InString) {
		if p.name != "" {
			w.flush()
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

// fromText compiles a document that is written as text. Without a Content-Type, a text
// that is a JSON object or array once it is filled in
// is JSON, and every other one is plain text, whose placeholders are written as they
// are.
func fromText(source, contentType string) (t Template, as string, err error) {
	if t, err = Parse(source); err != nil {
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
		return asJSON, core.MediaJSON, nil
	case base == "":
		return t.Written(Plain), core.MediaText, nil
	case base == "application/x-www-form-urlencoded":
		return t.Written(AsForm), contentType, nil
	case strings.HasSuffix(base, "xml"), base == "text/html":
		return t.Written(AsXML), contentType, nil
	}
	return t.Written(Plain), contentType, nil
}

// beginsDocument reports whether a template begins with a JSON object or array.
func (t Template) beginsDocument() bool {
	if len(t) == 0 {
		return false
	}
	text := strings.TrimLeft(t[0].text, " \t\r\n")
	return strings.HasPrefix(text, "{") || strings.HasPrefix(text, "[")
}

// inJSON returns the template of a JSON text, whose placeholders within quotes are
// text and the others values. It reports whether the text is JSON then. Of one with
// a raw placeholder that is not known.
func inJSON(t Template) (Template, bool) {
	out := make(Template, len(t))
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
		p.as = AsJSON
		if inside {
			p.as = InString
		}
		for _, f := range p.filters {
			known = known && f != "raw"
		}
		sample, _ = Text("x").Append(sample, p.as)
		out[i] = p
	}
	return out, !known || json.Valid(sample)
}
