package dataset

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
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
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.UseNumber()
	token, err := decoder.Token()
	if err != nil {
		return wrong(line, 0, hint, "not JSON: %s", jsonMessage(err))
	}
	row := Row{Line: line, Cells: map[string]string{}}
	switch first := token.(type) {
	case string:
		row.Cells[Text], err = first, b.column(line, Text)
	case json.Delim:
		if first != '{' {
			return wrong(line, 0, hint, "neither an object nor a text")
		}
		err = b.jsonObject(decoder, &row, hint)
	default:
		return wrong(line, 0, hint, "neither an object nor a text")
	}
	if err != nil {
		return err
	}
	switch _, err := decoder.Token(); {
	case err == nil:
		return wrong(line, 0, hint, "more than one JSON value")
	case !errors.Is(err, io.EOF):
		return wrong(line, 0, hint, "not JSON: %s", jsonMessage(err))
	}
	if err := row.checkReplaced(data); err != nil {
		return wrong(line, 0, hint, "%v", err)
	}
	return b.row(row)
}

// jsonObject reads the members of an object up to its end.
func (b *builder) jsonObject(decoder *json.Decoder, row *Row, hint string) error {
	for decoder.More() {
		token, err := decoder.Token()
		if err != nil {
			return wrong(row.Line, 0, hint, "not JSON: %s", jsonMessage(err))
		}
		key, _ := token.(string) // the decoder returns only strings as keys
		if _, twice := row.Cells[key]; twice || row.Absent[key] != "" {
			return wrong(row.Line, 0, hint, "key %s appears twice", shown(key))
		}
		if err := b.column(row.Line, key); err != nil {
			return err
		}
		value, err := decoder.Token()
		if err != nil {
			return wrong(row.Line, 0, hint, "not JSON: %s", jsonMessage(err))
		}
		if err := row.put(key, value, decoder); err != nil {
			return wrong(row.Line, 0, hint, "not JSON: %s", jsonMessage(err))
		}
	}
	if _, err := decoder.Token(); err != nil {
		return wrong(row.Line, 0, hint, "not JSON: %s", jsonMessage(err))
	}
	return nil
}

// put sets a cell to a JSON value, whose first token was read.
func (r *Row) put(key string, first json.Token, decoder *json.Decoder) error {
	switch v := first.(type) {
	case nil:
		r.absent(key, "null")
	case string:
		r.Cells[key] = v
	case json.Delim:
		what := "a mapping"
		if v == '[' {
			what = "a list"
		}
		r.absent(key, what)
		for depth := 1; depth > 0; {
			token, err := decoder.Token()
			if err != nil {
				return err
			}
			switch token {
			case json.Delim('{'), json.Delim('['):
				depth++
			case json.Delim('}'), json.Delim(']'):
				depth--
			}
		}
	default:
		r.Cells[key] = fmt.Sprint(v)
	}
	return nil
}

func (r *Row) absent(key, what string) {
	if r.Absent == nil {
		r.Absent = map[string]string{}
	}
	r.Absent[key] = what
}

// checkReplaced refuses half of a surrogate pair, which a decoder replaces by U+FFFD.
func (r *Row) checkReplaced(data []byte) error {
	const replaced = "\uFFFD"
	if bytes.Contains(data, []byte(replaced)) || bytes.Contains(bytes.ToLower(data), []byte(`\ufffd`)) {
		return nil // it is meant
	}
	for _, cell := range r.Cells {
		if strings.Contains(cell, replaced) {
			return errors.New("half of a surrogate pair is no text")
		}
	}
	return nil
}

// jsonMessage is the message of an error of package json.
func jsonMessage(err error) string {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return "it ends too early"
	}
	return err.Error()
}
