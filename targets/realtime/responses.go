package realtime

import (
	"encoding/json"
	"math"
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
			if !null(value) && json.Unmarshal(value, &r.Details) != nil {
				r.Details.Reason = loose(value)
			}
		case "output":
			r.Output, err = readItems(value)
		case "usage":
			r.Usage.read(value)
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
		r.ID = loose(value)
	case "metadata":
		if value[0] == '{' { // any other type holds no label
			err = eachMember(value, r.readLabel)
		}
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
			item.ID = loose(value)
		case "type":
			item.Type = loose(value)
		case "name":
			item.Name = loose(value)
		case "server_label":
			item.Server = loose(value)
		case "call_id":
			item.CallID = loose(value)
		case "arguments":
			item.Arguments = loose(value)
		case "output":
			item.Output = loose(value)
		case "error":
			item.Failure = loose(value)
		case "status":
			item.Status = loose(value)
		case "content":
			item.Content, err = readContent(value)
		}
		return err
	})
	return item, err
}

func readContent(value []byte) (contents []contentBody, err error) {
	err = eachElement(value, func(value []byte) error {
		content, err := readPart(value)
		contents = append(contents, content)
		return err
	})
	return contents, err
}

// readPart reads a content part.
func readPart(value []byte) (content contentBody, err error) {
	err = eachMember(value, func(key, value []byte) (err error) {
		switch string(key) {
		case "type":
			content.Type = loose(value)
		case "text":
			content.Text, err = optional(value)
		case "transcript":
			content.Transcript, err = optional(value)
		}
		return err
	})
	return content, err
}

// read reads the usage. Counts that cannot be read are unknown: they never decide
// about the reply beside them.
func (u *usageBody) read(value []byte) {
	err := eachMember(value, func(key, value []byte) error {
		switch string(key) {
		case "input_tokens":
			u.InputTokens = count(value, &u.Odd)
		case "output_tokens":
			u.OutputTokens = count(value, &u.Odd)
		case "input_token_details":
			u.Input = readTokens(value)
		case "output_token_details":
			u.Output = readTokens(value)
		}
		return nil
	})
	u.Odd = u.Odd || u.Input.Odd || u.Output.Odd || err != nil
}

func readTokens(value []byte) (t tokens) {
	err := eachMember(value, func(key, value []byte) error {
		switch string(key) {
		case "text_tokens":
			t.Text = count(value, &t.Odd)
		case "audio_tokens":
			t.Audio = count(value, &t.Odd)
		case "image_tokens":
			t.Image = count(value, &t.Odd)
		case "cached_tokens":
			t.Cached = count(value, &t.Odd)
		}
		return nil
	})
	t.Odd = t.Odd || err != nil
	return t
}

// count reads a number of tokens; odd is set where it is none.
func count(value []byte, odd *bool) int64 {
	n, ok := number(value)
	*odd = *odd || !ok
	return n
}

// readLimits reads rate limits. Those that cannot be read are not told.
func readLimits(value []byte) (limits []rateLimitBody) {
	_ = eachElement(value, func(value []byte) error {
		limits = append(limits, readLimit(value))
		return nil
	})
	return limits
}

func readLimit(value []byte) (l rateLimitBody) {
	err := eachMember(value, func(key, value []byte) error {
		switch string(key) {
		case "name":
			l.Name = loose(value)
		case "limit":
			l.Limit, _ = number(value)
		case "remaining":
			l.Remaining, l.Told = number(value)
			l.Told = l.Told && !null(value)
		case "reset_seconds":
			if seconds, err := strconv.ParseFloat(string(value), 64); err == nil && !math.IsNaN(seconds) {
				l.ResetSeconds = seconds
			}
		}
		return nil
	})
	l.Told = l.Told && err == nil
	return l
}

// maxNumber is above every number of tokens or requests that a service means.
const maxNumber = 1 << 40

// number reads a number of things; null is 0. ok is false, and the number 0, for
// what is no whole number from 0 to maxNumber.
func number(value []byte) (n int64, ok bool) {
	if null(value) {
		return 0, true
	}
	f, err := strconv.ParseFloat(string(value), 64)
	if err != nil || f != math.Trunc(f) || f < 0 || f > maxNumber {
		return 0, false
	}
	return int64(f), true
}

// null reports whether a value is null, or missing.
func null(value []byte) bool { return len(value) == 0 || string(value) == "null" }
