package strict

import "fmt"

// Problem is a mistake in a client's request, in the terms of OpenAI's errors.
type Problem struct {
	// Code is the machine-readable reason, such as "unknown_parameter".
	Code string
	// Param is the path of the value that is wrong, such as "messages[0].role", or "".
	Param string
	// Message says what is wrong, in a sentence.
	Message string
}

// Error returns the path and the message.
func (p *Problem) Error() string {
	if p.Param == "" {
		return p.Message
	}
	return p.Param + ": " + p.Message
}

// Invalid returns the problem of a value that is not allowed.
func Invalid(path, format string, arguments ...any) *Problem {
	return &Problem{"invalid_value", path, fmt.Sprintf(format, arguments...)}
}

// Missing returns the problem of a key that has to be there.
func Missing(path string) *Problem {
	return &Problem{"missing_required_parameter", path, fmt.Sprintf("Missing required parameter: '%s'.", path)}
}

// Unsupported returns the problem of a key that the protocol has and this server has
// not.
func Unsupported(path string) *Problem {
	return &Problem{"unsupported_parameter", path, fmt.Sprintf("Unsupported parameter: '%s' is not supported by this server.", path)}
}

func wrongType(path, expected string) *Problem {
	return &Problem{"invalid_type", path, fmt.Sprintf("Invalid type for '%s': expected %s.", path, expected)}
}

func unknown(path string) *Problem {
	return &Problem{"unknown_parameter", path, fmt.Sprintf("Unknown parameter: '%s'.", path)}
}
