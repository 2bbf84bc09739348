// Package lenient reads JSON of services that keep to their protocol loosely: a field of
// another type must not lose a reply.
package lenient

import (
	"bytes"
	"encoding/json"
	"errors"
	"strconv"
	"strings"
)

// Unmarshal decodes JSON. Fields of a wrong type are left out.
func Unmarshal(data []byte, v any) error {
	err := json.Unmarshal(data, v)
	if _, ok := errors.AsType[*json.UnmarshalTypeError](err); ok && bytes.HasPrefix(bytes.TrimSpace(data), []byte("{")) {
		return nil
	}
	return err
}

// IsNull reports whether a field is missing, or null.
func IsNull(data json.RawMessage) bool {
	return len(data) == 0 || bytes.Equal(data, []byte("null"))
}

// IsText reports whether a member of an object is a text, or none.
func IsText(object []byte, member string) bool {
	var members map[string]json.RawMessage
	_ = json.Unmarshal(object, &members) // what is no object has no members
	return IsNull(members[member]) || members[member][0] == '"'
}

// Count is a number of tokens; -1 where it cannot be read.
type Count int64

// UnmarshalJSON reads a number, or a text with one.
func (c *Count) UnmarshalJSON(data []byte) error {
	n, err := strconv.ParseInt(strings.Trim(string(data), `"`), 10, 64)
	if err != nil || n < 0 {
		n = -1
	}
	*c = Count(n)
	return nil
}

// Tokens is the number for the record, where 0 is unknown. It is 0 for nil.
func (c *Count) Tokens() int64 {
	if c == nil {
		return 0
	}
	return max(int64(*c), 0)
}
