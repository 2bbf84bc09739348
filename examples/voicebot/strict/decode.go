package strict

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
)

// Decode reads a request of at most a number of bytes, checks it, and decodes it into
// a struct. Its error is a [Problem], or that of reading.
func Decode(w http.ResponseWriter, r *http.Request, most int64, check Check, into any) error {
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &Problem{"request_too_large", "", fmt.Sprintf("The request is larger than %d bytes.", most)}
	}
	if err != nil {
		return fmt.Errorf("reading the request: %w", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(data))
	var value any
	if err := decoder.Decode(&value); err != nil {
		return &Problem{"invalid_json", "", "We could not parse the JSON body of your request: " + err.Error()}
	}
	if decoder.More() {
		return &Problem{"invalid_json", "", "We could not parse the JSON body of your request: expected one JSON value."}
	}
	if problem := check("", value); problem != nil {
		return problem
	}
	if err := json.Unmarshal(data, into); err != nil {
		return &Problem{"invalid_json", "", "We could not parse the JSON body of your request: " + err.Error()}
	}
	return nil
}
