package realtimetest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// check checks a value that a client sent, and returns an error in the
// protocol's format. path is the value's path in the event.
type check func(path string, v any) *protocolError

func invalid(code, param, message string) *protocolError {
	return &protocolError{Code: code, Param: &param, Message: message}
}

func missing(path string) *protocolError {
	return invalid("missing_required_parameter", path, fmt.Sprintf("Missing required parameter: '%s'.", path))
}

func wrongType(path, expected string) *protocolError {
	return invalid("invalid_type", path, fmt.Sprintf("Invalid type for '%s': expected %s.", path, expected))
}

func unknownParameter(path string) *protocolError {
	return invalid("unknown_parameter", path, fmt.Sprintf("Unknown parameter: '%s'.", path))
}

func isString(path string, v any) *protocolError {
	if _, ok := v.(string); !ok {
		return wrongType(path, "a string")
	}
	return nil
}

func isBool(path string, v any) *protocolError {
	if _, ok := v.(bool); !ok {
		return wrongType(path, "a boolean")
	}
	return nil
}

func isObject(path string, v any) *protocolError {
	if _, ok := v.(map[string]any); !ok {
		return wrongType(path, "an object")
	}
	return nil
}

func number(least, most float64) check {
	return func(path string, v any) *protocolError {
		n, ok := asNumber(v)
		if !ok {
			return wrongType(path, "a number")
		}
		if n < least || n > most {
			return invalid("invalid_value", path, fmt.Sprintf("Invalid '%s': expected a value from %v to %v.", path, least, most))
		}
		return nil
	}
}

func integer(least, most int) check {
	return func(path string, v any) *protocolError {
		if n, ok := asNumber(v); !ok || n != float64(int(n)) {
			return wrongType(path, "an integer")
		}
		return number(float64(least), float64(most))(path, v)
	}
}

func oneOf(allowed ...string) check {
	return func(path string, v any) *protocolError {
		s, ok := v.(string)
		if !ok {
			return wrongType(path, "a string")
		}
		if !slices.Contains(allowed, s) {
			return invalid("invalid_value", path, fmt.Sprintf("Invalid value: '%s'. Supported values are: '%s'.", s, strings.Join(allowed, "', '")))
		}
		return nil
	}
}

func orNull(c check) check {
	return func(path string, v any) *protocolError {
		if v == nil {
			return nil
		}
		return c(path, v)
	}
}

func listOf(c check) check {
	return func(path string, v any) *protocolError {
		list, ok := v.([]any)
		if !ok {
			return wrongType(path, "an array")
		}
		for i, entry := range list {
			if problem := c(fmt.Sprintf("%s[%d]", path, i), entry); problem != nil {
				return problem
			}
		}
		return nil
	}
}

// objectOf checks an object that may have only the given keys.
func objectOf(keys map[string]check) check {
	return func(path string, v any) *protocolError {
		object, ok := v.(map[string]any)
		if !ok {
			return wrongType(path, "an object")
		}
		for _, key := range slices.Sorted(maps.Keys(object)) {
			c, known := keys[key]
			if !known {
				return unknownParameter(path + "." + key)
			}
			if problem := c(path+"."+key, object[key]); problem != nil {
				return problem
			}
		}
		return nil
	}
}

// withDefaults fills in missing keys of an object. A value that is not an
// object is returned unchanged.
func withDefaults(v any, defaults map[string]any) any {
	object, ok := v.(map[string]any)
	if !ok {
		return v
	}
	full := maps.Clone(defaults)
	maps.Copy(full, object)
	return full
}
