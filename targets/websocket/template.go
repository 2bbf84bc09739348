package wstarget

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// placeholder matches $(name), and $$( for a literal $(.
var placeholder = regexp.MustCompile(`\$\$\(|\$\(([a-z][a-z_]*(?:\.[A-Za-z0-9_-]+)?)\)`)

// template is a message with placeholders: JSON, or text.
type template struct {
	json any
	text string
	// isText says that it is sent as it is written.
	isText bool
}

// source is where the values of placeholders come from: strings and JSON values.
type source func(name string) (any, error)

// parseTemplate reads a message of the configuration, and the names within it.
func parseTemplate(raw json.RawMessage) (t template, names []string, err error) {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.UseNumber()
	if err := decoder.Decode(&t.json); err != nil {
		return t, nil, core.Errorf(core.ErrorConfig, "not a message: %w", err)
	}
	t.text, t.isText = t.json.(string)
	_, err = fill(t.json, func(name string) (any, error) {
		names = append(names, name)
		return "", nil
	})
	return t, names, err
}

// render returns the message with its placeholders filled in.
func (t template) render(values source) ([]byte, error) {
	if t.isText {
		text, err := insert(t.text, values)
		return []byte(text), err
	}
	filled, err := fill(t.json, values)
	if err != nil {
		return nil, err
	}
	return encode(filled)
}

// encode returns a JSON value's source. Text that is not UTF-8 is an error: it would
// arrive as another one.
func encode(v any) ([]byte, error) {
	if err := checkUTF8(v); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(v); err != nil {
		return nil, core.Errorf(core.ErrorInput, "no JSON can be made of the message: %w", err)
	}
	return bytes.TrimSuffix(out.Bytes(), []byte("\n")), nil
}

func checkUTF8(v any) error {
	switch v := v.(type) {
	case string:
		if !utf8.ValidString(v) {
			return core.Errorf(core.ErrorInput, "the text is not UTF-8, which JSON cannot carry").
				WithHint("encode it with a converter such as base64")
		}
	case []any:
		for _, element := range v {
			if err := checkUTF8(element); err != nil {
				return err
			}
		}
	case map[string]any:
		for _, element := range v {
			if err := checkUTF8(element); err != nil {
				return err
			}
		}
	}
	return nil
}

// fill returns a JSON value with the placeholders of its strings filled in. A string
// that is one placeholder becomes its value, whatever that is.
func fill(v any, values source) (any, error) {
	switch v := v.(type) {
	case string:
		if m := placeholder.FindStringSubmatch(v); m != nil && m[0] == v && m[1] != "" {
			return values(m[1])
		}
		return insert(v, values)
	case []any:
		list := make([]any, len(v))
		for i := range v {
			var err error
			if list[i], err = fill(v[i], values); err != nil {
				return nil, err
			}
		}
		return list, nil
	case map[string]any:
		object := make(map[string]any, len(v))
		for key := range v {
			var err error
			if object[key], err = fill(v[key], values); err != nil {
				return nil, err
			}
		}
		return object, nil
	}
	return v, nil
}

// insert returns a text with its placeholders filled in: a JSON value by its source.
func insert(text string, values source) (string, error) {
	if rest := placeholder.ReplaceAllString(text, ""); strings.Contains(rest, "$(") {
		return "", core.Errorf(core.ErrorConfig, `a "$(" begins no placeholder`).
			WithHint(`write $(prompt) for the turn's text, and "$$(" for a literal "$("`)
	}
	var failed error
	filled := placeholder.ReplaceAllStringFunc(text, func(found string) string {
		if found == "$$(" {
			return "$("
		}
		v, err := values(placeholder.FindStringSubmatch(found)[1])
		if s, ok := v.(string); ok || err != nil {
			if failed == nil {
				failed = err
			}
			return s
		}
		encoded, err := encode(v)
		if failed == nil {
			failed = err
		}
		return string(encoded)
	})
	return filled, failed
}

// checkNames checks that placeholders exist.
func checkNames(names []string, c Config, sound bool) error {
	known := []string{"prompt", "system_prompt", "history", "conversation", "turn", "seed"}
	if sound {
		known = append(known, "sound", "sound_number", "sound_time")
	}
	for _, name := range names {
		root, rest, _ := strings.Cut(name, ".")
		_, isSecret := c.Secrets[rest]
		_, isTaken := c.Take[rest]
		if slices.Contains(known, name) || root == "secrets" && isSecret || root == "taken" && isTaken {
			continue
		}
		return core.Errorf(core.ErrorConfig, "there is no placeholder $(%s) here", name).
			WithHint("there are %s, secrets.NAME and taken.NAME", strings.Join(known, ", "))
	}
	return nil
}

// textOf returns the texts of a message, byte for byte.
func textOf(m core.Message) string {
	var texts []string
	for _, v := range m.Of(core.Text) {
		texts = append(texts, v.Text())
	}
	return strings.Join(texts, "\n")
}

// historyOf returns messages as JSON values.
func historyOf(messages []core.Message) []any {
	all := []any{}
	for _, m := range messages {
		all = append(all, map[string]any{"role": string(m.Role), "content": textOf(m)})
	}
	return all
}

// missing is the error for a value that no event has held.
func missing(name string) error {
	return core.Errorf(core.ErrorProtocol, "no event has held %q yet", name).About(core.SubjectAnswer)
}

// at names the key of an error.
func at(key string, err error) *core.Error {
	e := core.Errorf(core.ErrorConfig, "%w", err).At(key)
	if hint := core.HintOf(err); hint != "" {
		return e.WithHint("%s", hint)
	}
	return e
}

func indexed(key string, i int) string { return fmt.Sprintf("%s[%d]", key, i) }
