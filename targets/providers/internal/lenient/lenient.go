// Package lenient reads JSON of services that keep to their protocol loosely: a field of
// another type must not lose a reply.
package lenient

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math"
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

// Bytes are given in base64 of either alphabet, which may lack its padding, or end too
// early where what holds it was cut.
type Bytes []byte

// UnmarshalJSON reads a text of base64.
func (b *Bytes) UnmarshalJSON(data []byte) error {
	var text string
	if err := json.Unmarshal(data, &text); err != nil {
		return err
	}
	text = strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(text), "=")
	if len(text)%4 == 1 { // a single digit is no byte
		text = text[:len(text)-1]
	}
	decoded, err := base64.RawStdEncoding.DecodeString(text)
	*b = decoded
	return err
}

// Count is a number of tokens; -1 where it cannot be read.
type Count int64

// UnmarshalJSON reads a whole number, which may be written as 7.0, or a text with one.
func (c *Count) UnmarshalJSON(data []byte) error {
	*c = -1
	text := strings.Trim(string(data), `"`)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		*c = Count(max(n, -1))
	} else if f, err := strconv.ParseFloat(text, 64); err == nil && f == math.Trunc(f) && math.Abs(f) < maxCount {
		*c = Count(max(f, -1))
	}
	return nil
}

// maxCount is the number up to which a float is a whole number.
const maxCount = 1 << 53

// Tokens is the number for the record, where 0 is unknown. It is 0 for nil.
func (c *Count) Tokens() int64 {
	if c == nil {
		return 0
	}
	return max(int64(*c), 0)
}
