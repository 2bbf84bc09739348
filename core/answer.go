package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
)

// DecodeAnswer decodes what a model answered that was asked for a JSON object,
// into a struct. The object is all that the answer may hold, but for the fence of
// a Markdown code block around it, and it has no key twice and none that the
// struct does not have. The error says what is wrong in words that can be told to
// the model: "the answer is not one JSON object".
func DecodeAnswer(answer string, into any) error {
	text := unfenced(strings.TrimSpace(answer))
	if err := checkObject(text); err != nil {
		return err
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(into)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%q must not be a %s", e.Field, e.Value)
	}
	if err != nil {
		return errors.New("the answer has an " + strings.TrimPrefix(err.Error(), "json: ")) // unknown field "…"
	}
	return nil
}

// unfenced returns what is in a Markdown code block, if text is one.
func unfenced(text string) string {
	inside, fenced := strings.CutPrefix(text, "```")
	inside, closed := strings.CutSuffix(inside, "```")
	_, inside, ok := strings.Cut(inside, "\n") // the first line names the language
	if !fenced || !closed || !ok {
		return text
	}
	return inside
}

// checkObject checks that a text is a JSON object, and says everything once.
func checkObject(text string) error {
	noObject := errors.New("the answer is not one JSON object")
	decoder := json.NewDecoder(strings.NewReader(text))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return noObject
	}
	given := map[string]bool{}
	for decoder.More() {
		key, err := decoder.Token()
		if err != nil {
			return noObject
		}
		name, _ := key.(string)                          // the keys of an object are
		folded := strings.ToUpper(strings.ToLower(name)) // as the decoder finds fields
		if given[folded] {
			return fmt.Errorf("the answer has the key %q twice", name)
		}
		given[folded] = true
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return noObject
		}
	}
	if _, err := decoder.Token(); err != nil {
		return noObject
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return noObject
	}
	return nil
}
