package template

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Marshal returns the source of a JSON value, with the keys of objects in order. It has
// every character of the value's strings and keys, lone surrogates included, which
// encoding/json would replace; other bytes that are not UTF-8 are an error.
func Marshal(v any) (string, error) {
	b, err := appendJSON(nil, v)
	return string(b), err
}

func appendJSON(b []byte, v any) ([]byte, error) {
	var err error
	switch v := v.(type) {
	case string:
		b, err = appendString(append(b, '"'), v, false)
		return append(b, '"'), err
	case []any:
		return appendList(b, v)
	case map[string]any:
		return appendObject(b, v)
	}
	source, err := json.Marshal(v)
	if err != nil {
		return b, core.Errorf(core.ErrorInput, "no JSON can be made of the value: %w", err)
	}
	return append(b, source...), nil
}

func appendList(b []byte, list []any) ([]byte, error) {
	b = append(b, '[')
	for i, v := range list {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendJSON(b, v); err != nil {
			return b, err
		}
	}
	return append(b, ']'), nil
}

func appendObject(b []byte, object map[string]any) ([]byte, error) {
	b = append(b, '{')
	for i, key := range slices.Sorted(maps.Keys(object)) {
		if i > 0 {
			b = append(b, ',')
		}
		var err error
		if b, err = appendJSON(b, key); err == nil {
			b, err = appendJSON(append(b, ':'), object[key])
		}
		if err != nil {
			return b, err
		}
	}
	return append(b, '}'), nil
}

// Unmarshal decodes one JSON value, with numbers as they are written.
func Unmarshal(data []byte) (any, error) {
	decoder := json.NewDecoder(bytes.NewReader(bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))))
	decoder.UseNumber()
	var v any
	if err := decoder.Decode(&v); err != nil {
		return nil, err
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("more than one JSON value")
	}
	return v, nil
}
