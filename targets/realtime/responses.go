package realtime

import (
	"encoding/json"
	"strconv"
)

// Every reply ends with response.done, which repeats all its content, and
// rate_limits.updated. They are scanned by hand for speed, as deltas are.

// readCreated reads the id and the label of a new response.
func (r *responseBody) readCreated(value []byte) error { return eachMember(value, r.readOwner) }

// readDone reads response.done.
func (r *responseBody) readDone(value []byte) error {
	return eachMember(value, func(key, value []byte) (err error) {
		switch string(key) {
		case "status":
			r.Status, err = unquote(value)
		case "status_details":
			if !null(value) {
				err = json.Unmarshal(value, &r.Details)
			}
		case "output":
			r.Output, err = readItems(value)
		case "usage":
			err = r.Usage.read(value)
		default:
			err = r.readOwner(key, value)
		}
		return err
	})
}

// readOwner reads a member that identifies the response.
func (r *responseBody) readOwner(key, value []byte) (err error) {
	switch string(key) {
	case "id":
		r.ID, err = unquote(value)
	case "metadata":
		err = eachMember(value, r.readLabel)
	}
	return err
}

func (r *responseBody) readLabel(key, value []byte) (err error) {
	if string(key) != "turn" {
		return nil
	}
	r.Labelled = true
	if value[0] == '"' { // any other type is not the target's label
		r.Label, err = unquote(value)
	}
	return err
}

func readItems(value []byte) (items []itemBody, err error) {
	err = eachElement(value, func(value []byte) error {
		item, err := readItem(value)
		items = append(items, item)
		return err
	})
	return items, err
}

func readItem(value []byte) (item itemBody, err error) {
	err = eachMember(value, func(key, value []byte) (err error) {
		switch string(key) {
		case "id":
			item.ID, err = unquote(value)
		case "type":
			item.Type, err = unquote(value)
		case "name":
			item.Name, err = unquote(value)
		case "call_id":
			item.CallID, err = unquote(value)
		case "arguments":
			item.Arguments, err = unquote(value)
		case "content":
			item.Content, err = readContent(value)
		}
		return err
	})
	return item, err
}

func readContent(value []byte) (contents []contentBody, err error) {
	err = eachElement(value, func(value []byte) error {
		var content contentBody
		err := eachMember(value, func(key, value []byte) (err error) {
			switch string(key) {
			case "text":
				content.Text, err = optional(value)
			case "transcript":
				content.Transcript, err = optional(value)
			}
			return err
		})
		contents = append(contents, content)
		return err
	})
	return contents, err
}

func (u *usageBody) read(value []byte) error {
	return eachMember(value, func(key, value []byte) (err error) {
		switch string(key) {
		case "input_tokens":
			u.InputTokens, err = number(value)
		case "output_tokens":
			u.OutputTokens, err = number(value)
		case "input_token_details":
			u.Input, err = readTokens(value)
		case "output_token_details":
			u.Output, err = readTokens(value)
		}
		return err
	})
}

func readTokens(value []byte) (t tokens, err error) {
	err = eachMember(value, func(key, value []byte) (err error) {
		switch string(key) {
		case "text_tokens":
			t.Text, err = number(value)
		case "audio_tokens":
			t.Audio, err = number(value)
		case "image_tokens":
			t.Image, err = number(value)
		case "cached_tokens":
			t.Cached, err = number(value)
		}
		return err
	})
	return t, err
}

func readLimits(value []byte) (limits []rateLimitBody, err error) {
	err = eachElement(value, func(value []byte) error {
		limit, err := readLimit(value)
		limits = append(limits, limit)
		return err
	})
	return limits, err
}

func readLimit(value []byte) (l rateLimitBody, err error) {
	err = eachMember(value, func(key, value []byte) (err error) {
		switch string(key) {
		case "name":
			l.Name, err = unquote(value)
		case "limit":
			l.Limit, err = number(value)
		case "remaining":
			l.Told = !null(value)
			l.Remaining, err = number(value)
		case "reset_seconds":
			if !null(value) {
				l.ResetSeconds, err = strconv.ParseFloat(string(value), 64)
			}
		}
		return err
	})
	return l, err
}

// number reads a whole number; null is 0.
func number(value []byte) (int64, error) {
	if null(value) {
		return 0, nil
	}
	return strconv.ParseInt(string(value), 10, 64)
}

// null reports whether a value is null, or missing.
func null(value []byte) bool { return len(value) == 0 || string(value) == "null" }
