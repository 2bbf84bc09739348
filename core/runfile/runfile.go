package runfile

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"regexp"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Format is the version of the file that this package writes. It reads all up to
// it.
const Format = 1

// kindOfFile tells these files from other archives that have a run.json.
const kindOfFile = "orchestrator run"

// The entries of the archive.
const (
	headerEntry    = "run.json"
	rowsEntry      = "rows/%06d.jsonl"
	sumsEntry      = "SHA256SUMS"
	artifactPrefix = "artifacts/"
	endEntry       = "END"
)

// The bounds within which a file is read.
const (
	maxHeader = 64 << 10
	maxRow    = 64 << 20
	maxSums   = 64 << 20
)

// Header says what a file is.
type Header struct {
	// Kind and Format are filled in by [NewWriter].
	Kind   string `json:"kind"`
	Format int    `json:"format"`
	// Run is the run's ID: letters, digits, "-", "_" and ".", which does not come
	// first.
	Run string `json:"run"`
	// Schema is the version of the tables that the rows are of.
	Schema int64 `json:"schema"`
	// Orchestrator is the version of the program that wrote the file.
	Orchestrator string `json:"orchestrator"`
}

var runID = regexp.MustCompile(`^[0-9A-Za-z_-][0-9A-Za-z._-]{0,127}$`)

// check makes sure that the header is one that this version understands.
func (h Header) check() error {
	switch {
	case h.Kind != kindOfFile:
		return foreign("the %s is that of something else", headerEntry)
	case h.Format > Format:
		return core.Errorf(core.ErrorInput, "the file was written by a newer version of the orchestrator (format %d; this one reads up to %d)", h.Format, Format).
			WithHint("upgrade to orchestrator %s or newer", h.Orchestrator)
	case h.Format < 1:
		return damaged(headerEntry, "there is no format %d", h.Format)
	case !runID.MatchString(h.Run):
		return damaged(headerEntry, "%q is not a run's ID", h.Run)
	}
	return nil
}

// Row is a row of a table.
type Row struct {
	Table string
	// Values are the columns: nil, string, []byte, int64 or float64.
	Values map[string]any
}

// encoded is a row on its line. What JSON cannot hold is an object with one key.
type encoded struct {
	Table string                     `json:"table"`
	Row   map[string]json.RawMessage `json:"row"`
}

// octets are bytes, or a text that is not UTF-8, in base64.
type octets struct {
	Bytes *[]byte `json:"bytes,omitempty"`
	Text  *[]byte `json:"text,omitempty"`
}

// MarshalJSON returns the row's line: the same for the same row.
func (r Row) MarshalJSON() ([]byte, error) {
	values := make(map[string]any, len(r.Values))
	for name, value := range r.Values {
		switch v := value.(type) {
		case nil, int64:
			values[name] = v
		case float64:
			text, err := json.Marshal(v)
			if err != nil {
				return nil, fmt.Errorf("column %s: %w", name, err)
			}
			if !bytes.ContainsAny(text, ".e") { // or it would be read as another type
				text = append(text, ".0"...)
			}
			values[name] = json.RawMessage(text)
		case string:
			values[name] = v
			if raw := []byte(v); !utf8.Valid(raw) {
				values[name] = octets{Text: &raw}
			}
		case []byte:
			values[name] = octets{Bytes: &v}
		default:
			return nil, fmt.Errorf("column %s: there is no way to write %T", name, value)
		}
	}
	return json.Marshal(struct {
		Table string         `json:"table"`
		Row   map[string]any `json:"row"`
	}{r.Table, values})
}

// UnmarshalJSON reads a row's line.
func (r *Row) UnmarshalJSON(line []byte) error {
	var e encoded
	if err := strictly(line, &e); err != nil {
		return err
	}
	if e.Table == "" || len(e.Row) == 0 {
		return fmt.Errorf("the row names no table, or no columns")
	}
	r.Table, r.Values = e.Table, make(map[string]any, len(e.Row))
	for name, text := range e.Row {
		value, err := decodeValue(text)
		if err != nil {
			return fmt.Errorf("column %q: %w", name, err)
		}
		r.Values[name] = value
	}
	return nil
}

func decodeValue(text json.RawMessage) (any, error) {
	if len(text) == 0 {
		return nil, nil
	}
	switch text[0] {
	case 'n':
		return nil, nil
	case '"':
		var s string
		err := json.Unmarshal(text, &s)
		return s, err
	case '{':
		var o octets
		if err := strictly(text, &o); err != nil {
			return nil, err
		}
		switch {
		case o.Bytes != nil && o.Text == nil:
			return *o.Bytes, nil
		case o.Text != nil && o.Bytes == nil:
			return string(*o.Text), nil
		}
		return nil, fmt.Errorf("%s is neither bytes nor text", text)
	}
	if !bytes.ContainsAny(text, ".eE") {
		var n int64
		if err := json.Unmarshal(text, &n); err != nil {
			return nil, fmt.Errorf("%s is no value of a column", text)
		}
		return n, nil
	}
	var f float64
	if err := json.Unmarshal(text, &f); err != nil {
		return nil, fmt.Errorf("%s is no value of a column", text)
	}
	return f, nil
}

// strictly decodes JSON that has no other keys than those that are asked for, and
// nothing behind it.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return err
	}
	if decoder.More() {
		return fmt.Errorf("more than one JSON value")
	}
	return nil
}

func hexadecimal(sum []byte) string { return hex.EncodeToString(sum) }

// isSum reports whether a text is a SHA-256 as artifacts are named.
func isSum(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && s == hex.EncodeToString(raw)
}

// foreign returns the error for a file that is no exported run.
func foreign(format string, args ...any) error {
	return core.Errorf(core.ErrorInput, "the file is not an exported run: "+format, args...).
		WithHint("orchestrator export RUN FILE writes one")
}

// damaged returns the error for a file that is not as it was written.
func damaged(entry, format string, args ...any) error {
	return core.Errorf(core.ErrorInput, "the file is damaged: %s: "+format, append([]any{entry}, args...)...).
		WithHint("get the file again, or export the run again")
}
