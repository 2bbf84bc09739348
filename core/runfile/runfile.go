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

// Format is the version of the file format that this package writes. It reads this
// version and all earlier ones.
const Format = 1

// kindOfFile is the kind in the header. It tells exported runs from other archives
// that contain a run.json.
const kindOfFile = "orchestrator run"

// The entries of the archive.
const (
	headerEntry    = "run.json"
	rowsEntry      = "rows/%06d.jsonl"
	sumsEntry      = "SHA256SUMS"
	artifactPrefix = "artifacts/"
	endEntry       = "END"
)

// The largest sizes that are read, in bytes.
const (
	maxHeader = 64 << 10
	maxRow    = 64 << 20
	maxSums   = 64 << 20
)

// Header identifies the file and the run in it.
type Header struct {
	// Kind and Format identify the file format; [NewWriter] sets them.
	Kind   string `json:"kind"`
	Format int    `json:"format"`
	// Run is the run's ID: up to 128 ASCII letters, digits, "-", "_" and ".", but
	// no "." at the beginning.
	Run string `json:"run"`
	// Schema is the version of the store's tables that the rows are from.
	Schema int64 `json:"schema"`
	// Orchestrator is the version of the program that wrote the file.
	Orchestrator string `json:"orchestrator"`
}

const maxRunID = 128

var runID = regexp.MustCompile(`^[0-9A-Za-z_-][0-9A-Za-z._-]*$`)

// check returns an error unless this version can read a file with the header.
func (h Header) check() error {
	switch {
	case h.Kind != kindOfFile:
		return foreign("the %s is that of something else", headerEntry)
	case h.Format > Format:
		return core.Errorf(core.ErrorInput, "the file was written by a newer version of the orchestrator (format %d; this one reads up to %d)", h.Format, Format).
			WithHint("upgrade to orchestrator %s or newer", h.Orchestrator)
	case h.Format < 1:
		return damaged(headerEntry, "there is no format %d", h.Format)
	case len(h.Run) > maxRunID || !runID.MatchString(h.Run):
		return damaged(headerEntry, "%q is not a run's ID", h.Run)
	}
	return nil
}

// Row is a row of a table.
type Row struct {
	Table string
	// Values holds the columns by name: nil, string, []byte, int64 or float64.
	Values map[string]any
}

// encoded is the JSON of a row. Values that JSON cannot express are [octets].
type encoded struct {
	Table string                     `json:"table"`
	Row   map[string]json.RawMessage `json:"row"`
}

// octets holds bytes, or a text that is not UTF-8, in base64. One of the two is set.
type octets struct {
	Bytes *[]byte `json:"bytes,omitempty"`
	Text  *[]byte `json:"text,omitempty"`
}

// MarshalJSON returns the row's line. Equal rows give equal lines.
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
			if !bytes.ContainsAny(text, ".e") { // without either it would be read as an int64
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

// strictly decodes one JSON value. It refuses unknown keys and further values.
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

// IsSum reports whether a text is a SHA-256 in lower-case hexadecimal, the name of
// an artifact.
func IsSum(s string) bool {
	raw, err := hex.DecodeString(s)
	return err == nil && len(raw) == sha256.Size && s == hex.EncodeToString(raw)
}

// foreign returns the error for a file that is no exported run.
func foreign(format string, args ...any) error {
	return core.Errorf(core.ErrorInput, "the file is not an exported run: "+format, args...).
		WithHint("orchestrator export RUN FILE writes one")
}

// damaged returns the error for a file that differs from what was written.
func damaged(entry, format string, args ...any) error {
	return core.Errorf(core.ErrorInput, "the file is damaged: %s: "+format, append([]any{entry}, args...)...).
		WithHint("get the file again, or export the run again")
}
