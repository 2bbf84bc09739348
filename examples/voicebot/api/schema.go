package api

import (
	"fmt"
	"regexp"

	"github.com/redteam-orchestrator/orchestrator/examples/voicebot/strict"
)

// The checks that several protocols share.

func nullBool() strict.Check { return strict.OrNull(strict.Bool) }
func nullText() strict.Check { return strict.OrNull(strict.Text) }

func nullNumber(least, most float64) strict.Check { return strict.OrNull(strict.Number(least, most)) }

func nullWords(least float64) strict.Check { return strict.OrNull(strict.Integer(least, maxWords)) }

func textPart(key string) strict.Check {
	return strict.Object(strict.Keys{"type": strict.Text, key: strict.Text}, key)
}

func effort() strict.Check {
	return strict.OneOf("none", "minimal", "low", "medium", "high", "xhigh", "max")
}

func verbosity() strict.Check { return strict.OneOf("low", "medium", "high") }

func tier() strict.Check { return strict.OneOf("auto", "default", "flex", "scale", "priority") }

// onlyText accepts the format of an answer in text: the agent writes no JSON on
// demand.
func onlyText() strict.Check {
	free := func(string, any) *strict.Problem { return nil }
	return strict.Object(strict.Keys{
		"type":        strict.Only("text", strict.OneOf("text", "json_object", "json_schema")),
		"json_schema": free, "name": free, "schema": free, "strict": free, "description": free,
	}, "type")
}

func metadata() strict.Check {
	return func(path string, v any) *strict.Problem {
		object, ok := v.(map[string]any)
		switch {
		case !ok:
			return strict.Map(path, v)
		case len(object) > 16:
			return strict.Invalid(path, "Invalid '%s': expected at most 16 keys.", path)
		}
		for key, value := range object {
			if problem := strict.Text(strict.Join(path, key), value); problem != nil {
				return problem
			}
		}
		return nil
	}
}

var toolNames = regexp.MustCompile(`^[a-zA-Z0-9_-]+$`)

func toolName(path string, v any) *strict.Problem {
	if problem := strict.Filled(maxName)(path, v); problem != nil {
		return problem
	}
	if name, _ := v.(string); !toolNames.MatchString(name) {
		return strict.Invalid(path, "Invalid '%s': expected letters, digits, - and _.", path)
	}
	return nil
}

// unlike returns the problem of two tools with one name.
func unlike(names []string, at func(int) string) *strict.Problem {
	seen := map[string]bool{}
	for i, name := range names {
		if seen[name] {
			return strict.Invalid(at(i), "Invalid value: there is another tool named '%s'.", name)
		}
		seen[name] = true
	}
	return nil
}

func index(list string, i int, key string) string {
	return strict.Join(fmt.Sprintf("%s[%d]", list, i), key)
}
