package realtimetest

import (
	"fmt"
	"slices"
	"strings"
)

// The checks of this file look at one value that a client sent, and say in the
// protocol's words what is wrong with it.

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

func checkNumber(path string, value any, least, most float64) *protocolError {
	n, ok := asNumber(value)
	if !ok {
		return wrongType(path, "a number")
	}
	if n < least || n > most {
		return invalid("invalid_value", path, fmt.Sprintf("Invalid '%s': expected a value from %v to %v.", path, least, most))
	}
	return nil
}

func checkInteger(path string, value any, least, most int) *protocolError {
	n, ok := asNumber(value)
	if !ok || n != float64(int(n)) {
		return wrongType(path, "an integer")
	}
	return checkNumber(path, value, float64(least), float64(most))
}

func checkOneOf(path string, value any, allowed ...string) *protocolError {
	s, ok := value.(string)
	if !ok {
		return wrongType(path, "a string")
	}
	if !slices.Contains(allowed, s) {
		return invalid("invalid_value", path, fmt.Sprintf("Invalid value: '%s'. Supported values are: %s.", s, quoted(allowed)))
	}
	return nil
}

func checkString(path string, value any) *protocolError {
	if _, ok := value.(string); !ok {
		return wrongType(path, "a string")
	}
	return nil
}

func checkBool(path string, value any) *protocolError {
	if _, ok := value.(bool); !ok {
		return wrongType(path, "a boolean")
	}
	return nil
}

func quoted(values []string) string { return "'" + strings.Join(values, "', '") + "'" }
