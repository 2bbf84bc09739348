package strict

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"unicode/utf8"
)

// Check checks a decoded JSON value, and returns nil if it is right. path is the
// value's path in the request, "" for the request itself.
type Check func(path string, v any) *Problem

// Keys are the keys of an object, each with the check of its value.
type Keys map[string]Check

// Text accepts every string.
func Text(path string, v any) *Problem {
	if _, ok := v.(string); !ok {
		return wrongType(path, "a string")
	}
	return nil
}

// Filled accepts strings that are not empty, up to a number of characters.
func Filled(most int) Check {
	return func(path string, v any) *Problem {
		s, ok := v.(string)
		switch {
		case !ok:
			return wrongType(path, "a string")
		case s == "":
			return Invalid(path, "Invalid '%s': expected a string that is not empty.", path)
		case utf8.RuneCountInString(s) > most:
			return &Problem{"string_above_max_length", path, fmt.Sprintf("Invalid '%s': expected at most %d characters.", path, most)}
		}
		return nil
	}
}

// Bool accepts true and false.
func Bool(path string, v any) *Problem {
	if _, ok := v.(bool); !ok {
		return wrongType(path, "a boolean")
	}
	return nil
}

// Map accepts every object.
func Map(path string, v any) *Problem {
	if _, ok := v.(map[string]any); !ok {
		return wrongType(path, "an object")
	}
	return nil
}

// Number accepts numbers within bounds.
func Number(least, most float64) Check {
	return func(path string, v any) *Problem {
		n, ok := v.(float64)
		switch {
		case !ok:
			return wrongType(path, "a number")
		case n < least || n > most:
			return Invalid(path, "Invalid '%s': expected a value from %.15g to %.15g.", path, least, most)
		}
		return nil
	}
}

// Integer accepts whole numbers within bounds.
func Integer(least, most float64) Check {
	return func(path string, v any) *Problem {
		if n, ok := v.(float64); !ok || n != math.Trunc(n) {
			return wrongType(path, "an integer")
		}
		return Number(least, most)(path, v)
	}
}

// OneOf accepts the given strings.
func OneOf(allowed ...string) Check {
	return func(path string, v any) *Problem {
		s, ok := v.(string)
		switch {
		case !ok:
			return wrongType(path, "a string")
		case !slices.Contains(allowed, s):
			return Invalid(path, "Invalid value: '%s'. Supported values are: '%s'.", s, strings.Join(allowed, "', '"))
		}
		return nil
	}
}

// OrNull accepts null, too.
func OrNull(c Check) Check {
	return func(path string, v any) *Problem {
		if v == nil {
			return nil
		}
		return c(path, v)
	}
}

// Never refuses every value except null, as a feature that this server has not.
func Never(path string, v any) *Problem {
	if v == nil {
		return nil
	}
	return Unsupported(path)
}

// Only accepts one value, and refuses the protocol's others as a feature that this
// server has not.
func Only(value any, c Check) Check {
	return func(path string, v any) *Problem {
		if problem := c(path, v); problem != nil {
			return problem
		}
		if v != value {
			return &Problem{"unsupported_value", path, fmt.Sprintf("Unsupported value: this server supports only %v for '%s'.", value, path)}
		}
		return nil
	}
}

// List accepts arrays with at least a number of entries.
func List(least int, c Check) Check {
	return func(path string, v any) *Problem {
		list, ok := v.([]any)
		switch {
		case !ok:
			return wrongType(path, "an array")
		case len(list) < least:
			return &Problem{"empty_array", path, fmt.Sprintf("Invalid '%s': expected at least %d of them.", path, least)}
		}
		for i, entry := range list {
			if problem := c(fmt.Sprintf("%s[%d]", path, i), entry); problem != nil {
				return problem
			}
		}
		return nil
	}
}

// TextOr accepts a string, or what the check accepts.
func TextOr(c Check) Check {
	return func(path string, v any) *Problem {
		if _, ok := v.(string); ok {
			return nil
		}
		problem := c(path, v)
		if problem != nil && problem.Param == path && problem.Code == "invalid_type" {
			problem.Message = strings.TrimSuffix(problem.Message, ".") + " or a string."
		}
		return problem
	}
}

// Object accepts objects that have the required keys, and no keys but the given.
func Object(keys Keys, required ...string) Check {
	return func(path string, v any) *Problem {
		object, ok := v.(map[string]any)
		if !ok {
			return wrongType(path, "an object")
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			check, known := keys[key]
			if !known {
				return unknown(Join(path, key))
			}
			if problem := check(Join(path, key), object[key]); problem != nil {
				return problem
			}
		}
		for _, key := range required {
			if _, there := object[key]; !there {
				return Missing(Join(path, key))
			}
		}
		return nil
	}
}

// By chooses the check of an object by the string under one of its keys.
func By(key string, checks Keys) Check {
	return func(path string, v any) *Problem {
		object, ok := v.(map[string]any)
		if !ok {
			return wrongType(path, "an object")
		}
		kind, there := object[key]
		if !there {
			return Missing(Join(path, key))
		}
		if problem := OneOf(slices.Sorted(maps.Keys(checks))...)(Join(path, key), kind); problem != nil {
			return problem
		}
		name, _ := kind.(string)
		return checks[name](path, v)
	}
}

// Join returns the path of a key of an object.
func Join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}
