package realtime

import (
	"bytes"
	"encoding/json"
	"errors"
)

var errMalformed = errors.New("malformed JSON")

// eachMember calls f with the key and the raw value of each member of a JSON
// object. null and empty input have no members. It checks the structure of the
// object; the callee checks scalar values; nested values are skipped unchecked.
func eachMember(data []byte, f func(key, value []byte) error) error {
	return each(data, '{', '}', func(data []byte) (rest []byte, err error) {
		key, data, err := member(data)
		if err != nil {
			return nil, err
		}
		value, rest, err := cutValue(data)
		if err != nil {
			return nil, err
		}
		return rest, f(key, value)
	})
}

// eachElement is eachMember for the elements of an array.
func eachElement(data []byte, f func(value []byte) error) error {
	return each(data, '[', ']', func(data []byte) (rest []byte, err error) {
		value, rest, err := cutValue(data)
		if err != nil {
			return nil, err
		}
		return rest, f(value)
	})
}

// each calls cut for each member or element until the object or array ends.
func each(data []byte, open, closing byte, cut func(data []byte) (rest []byte, err error)) error {
	if null(data) {
		return nil
	}
	rest := skipSpace(data)
	if len(rest) == 0 || rest[0] != open {
		return errMalformed
	}
	rest = skipSpace(rest[1:])
	if len(rest) > 0 && rest[0] == closing {
		return end(rest[1:])
	}
	for {
		after, err := cut(rest)
		if err != nil {
			return err
		}
		after = skipSpace(after)
		switch {
		case len(after) == 0:
			return errMalformed
		case after[0] == closing:
			return end(after[1:])
		case after[0] != ',':
			return errMalformed
		}
		rest = skipSpace(after[1:])
	}
}

// member cuts a key and its colon off.
func member(data []byte) (key, rest []byte, err error) {
	if key, rest, err = cutKey(data); err != nil {
		return nil, nil, err
	}
	rest = skipSpace(rest)
	if len(rest) == 0 || rest[0] != ':' {
		return nil, nil, errMalformed
	}
	return key, skipSpace(rest[1:]), nil
}

// cutKey cuts a key off, without its quotes. Keys are short, so that a plain
// loop over the bytes is fastest.
func cutKey(data []byte) (key, rest []byte, err error) {
	if len(data) == 0 || data[0] != '"' {
		return nil, nil, errMalformed
	}
	for i := 1; i < len(data); i++ {
		switch data[i] {
		case '"':
			return data[1:i], data[i+1:], nil
		case '\\':
			return cutEscapedKey(data)
		}
	}
	return nil, nil, errMalformed
}

func cutEscapedKey(data []byte) (key, rest []byte, err error) {
	quoted, rest, err := cutString(data)
	if err != nil {
		return nil, nil, err
	}
	if key, err = rawString(quoted); err != nil {
		return nil, nil, errMalformed
	}
	return key, rest, nil
}

// cutValue cuts a JSON value of any type off.
func cutValue(data []byte) (value, rest []byte, err error) {
	if len(data) == 0 {
		return nil, nil, errMalformed
	}
	switch data[0] {
	case '"':
		return cutString(data)
	case '{', '[':
		return cutNested(data)
	}
	if len(data) > 1 && data[0] >= '0' && data[0] <= '9' && (data[1] == ',' || data[1] == '}') {
		return data[:1], data[1:], nil // fast path: most events have an index of one digit
	}
	end := bytes.IndexAny(data, ",}] \t\r\n")
	if end <= 0 || !json.Valid(data[:end]) {
		return nil, nil, errMalformed
	}
	return data[:end], data[end:], nil
}

// cutNested cuts an object or an array off.
func cutNested(data []byte) (value, rest []byte, err error) {
	depth := 0
	for i := 0; i < len(data); i++ {
		switch data[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return data[:i+1], data[i+1:], nil
			}
		case '"':
			quoted, _, err := cutString(data[i:])
			if err != nil {
				return nil, nil, err
			}
			i += len(quoted) - 1
		}
	}
	return nil, nil, errMalformed
}

// cutString cuts a string off, with its quotes. A quote ends it unless an odd
// number of backslashes stands before it.
func cutString(data []byte) (quoted, rest []byte, err error) {
	for from := 1; ; {
		n := bytes.IndexByte(data[from:], '"')
		if n < 0 {
			return nil, nil, errMalformed
		}
		end := from + n
		slashes := 0
		for data[end-1-slashes] == '\\' {
			slashes++
		}
		if slashes%2 == 0 {
			return data[:end+1], data[end+1:], nil
		}
		from = end + 1
	}
}

func skipSpace(data []byte) []byte {
	for len(data) > 0 && (data[0] == ' ' || data[0] == '\t' || data[0] == '\r' || data[0] == '\n') {
		data = data[1:]
	}
	return data
}

func end(rest []byte) error {
	if len(skipSpace(rest)) > 0 {
		return errMalformed
	}
	return nil
}
