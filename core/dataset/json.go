package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"strings"
)

const (
	lineHint = `a line looks like {"text": "…"} or "…"`
	listHint = `it looks like [{"text": "…"}, …] or ["…", …]`
)

// jsonLines reads an object or a text on each line. Blank lines are skipped.
func (b *builder) jsonLines(text string) error {
	number := 0
	for line := range strings.Lines(text) {
		number++
		if strings.TrimSpace(line) == "" {
			continue
		}
		if err := b.jsonRow(number, []byte(line), lineHint); err != nil {
			return err
		}
	}
	return nil
}

// json reads a list of objects or texts.
func (b *builder) json(text string) error {
	decoder := json.NewDecoder(strings.NewReader(text))
	line, offset := 1, int64(0)
	here := func(end int64) int {
		line += strings.Count(text[offset:end], "\n")
		offset = end
		return line
	}
	token, err := decoder.Token()
	if err != nil {
		return wrong(here(decoder.InputOffset()), 0, listHint, "not JSON: %s", jsonMessage(err))
	}
	if token != json.Delim('[') {
		return wrong(here(decoder.InputOffset()), 0, listHint, "not a list")
	}
	for decoder.More() {
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return wrong(here(decoder.InputOffset()), 0, listHint, "not JSON: %s", jsonMessage(err))
		}
		at := here(decoder.InputOffset() - int64(len(raw)))
		if err := b.jsonRow(at, raw, listHint); err != nil {
			return err
		}
	}
	if _, err := decoder.Token(); err != nil {
		return wrong(here(decoder.InputOffset()), 0, listHint, "not JSON: %s", jsonMessage(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return wrong(here(decoder.InputOffset()), 0, listHint, "more than one JSON value")
	}
	return nil
}

// jsonRow adds the row of an object, or of a text. Numbers and booleans become text, as
// they are written.
func (b *builder) jsonRow(line int, data []byte, hint string) error {
	data = bytes.TrimSpace(data)
	if !json.Valid(data) {
		decoder := json.NewDecoder(bytes.NewReader(data))
		var first json.RawMessage
		if err := decoder.Decode(&first); err != nil {
			return wrong(line, 0, hint, "not JSON: %s", jsonMessage(err))
		}
		return wrong(line, 0, hint, "more than one JSON value")
	}
	switch data[0] {
	case '"':
		text, err := jsonText(data)
		if err != nil {
			return wrong(line, 0, hint, "%v", err)
		}
		return b.text(line, text)
	case '{':
		return b.jsonObject(line, data, hint)
	}
	return wrong(line, 0, hint, "neither an object nor a text")
}

func (b *builder) jsonObject(line int, data []byte, hint string) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	_, _ = decoder.Token() // the data are an object
	row := Row{Line: line, Cells: map[string]string{}}
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return wrong(line, 0, hint, "not JSON: %s", jsonMessage(err))
		}
		key, _ := token.(string) // the decoder returns only strings as keys
		_, twice := row.Cells[key]
		if twice = twice || row.Absent[key] != ""; twice {
			return wrong(line, 0, hint, "key %s appears twice", shown(key))
		}
		if err := b.column(line, key); err != nil {
			return err
		}
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			return wrong(line, 0, hint, "not JSON: %s", jsonMessage(err))
		}
		if err := row.put(key, raw); err != nil {
			return wrong(line, 0, hint, "key %s: %v", shown(key), err)
		}
	}
	return b.row(row)
}

// put sets a cell to a JSON value.
func (r *Row) put(key string, raw []byte) error {
	switch raw[0] {
	case '"':
		text, err := jsonText(raw)
		if err != nil {
			return err
		}
		r.Cells[key] = text
	case '{':
		r.absent(key, "a mapping")
	case '[':
		r.absent(key, "a list")
	case 'n':
		r.absent(key, "null")
	default:
		r.Cells[key] = string(raw)
	}
	return nil
}

func (r *Row) absent(key, what string) {
	if r.Absent == nil {
		r.Absent = map[string]string{}
	}
	r.Absent[key] = what
}

// jsonText decodes a text. Half a surrogate pair, which a decoder replaces, is an error.
func jsonText(raw []byte) (string, error) {
	var text string
	if err := json.Unmarshal(raw, &text); err != nil {
		return "", err
	}
	if strings.Contains(text, "\uFFFD") && !bytes.Contains(raw, []byte("\uFFFD")) && !bytes.Contains(bytes.ToLower(raw), []byte(`\ufffd`)) {
		return "", errors.New("half of a surrogate pair is no text")
	}
	return text, nil
}

// jsonMessage is the message of an error of package json.
func jsonMessage(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}
