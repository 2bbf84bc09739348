package core

import (
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"strings"
)

// DecodeAnswer decodes what a model answered that was asked for a JSON object, into a
// struct. The object may stand anywhere in the answer: after or before prose, in a
// Markdown code block, within the tags of reasoning, within another object or a list. It is
// the one that has a key of the struct, in upper or lower case. Further keys are passed
// over. An answer that gives a key of the struct twice is an error, in one object or in two,
// wherever they stand and whether or not they agree: what was quoted, or taken back, is not
// told from what was meant. The error says what is wrong in words that can be told to the
// model: "the answer is not one JSON object".
func DecodeAnswer(answer string, into any) error {
	object, err := onlyObject(answer, keysOf(into))
	if err != nil {
		return err
	}
	err = json.Unmarshal([]byte(object), into)
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return fmt.Errorf("%q must not be a %s", e.Field, e.Value)
	}
	return err
}

// keysOf returns the JSON names of the fields of the struct that a value points to, in the
// case in which names are compared.
func keysOf(into any) map[string]bool {
	keys := map[string]bool{}
	t := reflect.TypeOf(into).Elem()
	for i := range t.NumField() {
		name, _, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if name == "" {
			name = t.Field(i).Name
		}
		keys[folded(name)] = true
	}
	return keys
}

// folded returns a key as encoding/json compares it with the names of fields.
func folded(key string) string { return strings.ToUpper(strings.ToLower(key)) }

// onlyObject returns the one JSON object of an answer that has one of the keys.
func onlyObject(answer string, keys map[string]bool) (string, error) {
	answer = strings.ReplaceAll(answer, "\ufeff", "") // byte-order marks
	var found []string
	for _, object := range objects(answer) {
		given, ok := keysGiven(object)
		asked := false
		for _, key := range given {
			asked = asked || keys[folded(key)]
		}
		if ok && asked {
			found = append(found, object)
		}
	}
	if len(found) != 1 || !hasAll(found[0], answer, keys) {
		return "", errors.New("the answer is not one JSON object")
	}
	given, _ := keysGiven(found[0])
	seen := map[string]bool{}
	for _, key := range given {
		if seen[folded(key)] {
			return "", fmt.Errorf("the answer has the key %q twice", key)
		}
		seen[folded(key)] = true
	}
	return found[0], nil
}

// keyPattern matches a key of JSON.
var keyPattern = regexp.MustCompile(`"([^"\\\n]*)"\s*:`)

// hasAll reports whether an object has every place of the answer at which one of the keys
// is given. One that is given elsewhere is part of another object, which may be broken.
func hasAll(object, answer string, keys map[string]bool) bool {
	count := func(text string) (n int) {
		for _, match := range keyPattern.FindAllStringSubmatch(text, -1) {
			if keys[folded(match[1])] {
				n++
			}
		}
		return n
	}
	return count(object) == count(answer)
}

// deepest is how many braces may stand open around an object.
const deepest = 32

// objects returns the parts of a text that stand between a brace and the one that closes
// it, those within others included. A brace within a string of JSON is none; a string ends
// with its line, so that a quotation mark in prose hides nothing that follows.
func objects(text string) []string {
	var found []string
	var open []int
	isString := false
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\n':
			isString = false
		case isString && c == '\\':
			i++
		case c == '"':
			isString = !isString && len(open) > 0
		case isString:
		case c == '{':
			if open = append(open, i); len(open) > deepest {
				open = open[1:]
			}
		case c == '}' && len(open) > 0:
			last := len(open) - 1
			found = append(found, text[open[last]:i+1])
			open = open[:last]
		}
	}
	return found
}

// keysGiven returns the keys of a JSON object, as often as they are given. ok is false for
// what is no object.
func keysGiven(text string) (keys []string, ok bool) {
	if !json.Valid([]byte(text)) {
		return nil, false
	}
	decoder := json.NewDecoder(strings.NewReader(text))
	if t, err := decoder.Token(); err != nil || t != json.Delim('{') {
		return nil, false
	}
	for decoder.More() {
		key, err := decoder.Token()
		name, isName := key.(string)
		if err != nil || !isName {
			return nil, false
		}
		var value json.RawMessage
		if err := decoder.Decode(&value); err != nil {
			return nil, false
		}
		keys = append(keys, name)
	}
	return keys, true
}
