package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/engine"
)

// keptPart is a part whose artifacts, if it has any, are on the disk.
type keptPart struct {
	value      keptValue
	original   *keptValue
	converters any // JSON text, or nil
	transcript int
}

// keptValue is a value as the database holds it: data, or the SHA-256 of an
// artifact.
type keptValue struct {
	modality, mediaType string
	data, artifact      any
}

func (s *Store) keepParts(parts []core.Part) ([]keptPart, error) {
	kept := make([]keptPart, len(parts))
	for i, p := range parts {
		var err error
		if kept[i].value, err = s.keepValue(p.Value); err != nil {
			return nil, err
		}
		if p.Original != nil {
			original, err := s.keepValue(*p.Original)
			if err != nil {
				return nil, err
			}
			kept[i].original = &original
		}
		if len(p.Converters) > 0 {
			names, err := json.Marshal(p.Converters)
			if err != nil {
				return nil, fmt.Errorf("encoding the converters: %w", err)
			}
			kept[i].converters = string(names)
		}
		if p.Transcript {
			kept[i].transcript = 1
		}
	}
	return kept, nil
}

func (s *Store) keepValue(v core.Value) (keptValue, error) {
	kept := keptValue{modality: string(v.Modality), mediaType: v.MediaType}
	if !isArtifact(v) {
		kept.data = payload(v.Data)
		return kept, nil
	}
	sum, err := s.keepArtifact(v.Data)
	kept.artifact = sum
	return kept, err
}

// columns are the columns of parts from modality on.
func (p keptPart) columns() []any {
	columns := []any{p.value.modality, p.value.mediaType, p.value.data, p.value.artifact, p.transcript, p.converters, nil, nil, nil, nil}
	if o := p.original; o != nil {
		copy(columns[6:], []any{o.modality, o.mediaType, o.data, o.artifact})
	}
	return columns
}

// payload makes sure that no bytes are stored as no bytes, not as NULL.
func payload(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// replyRecord is what turns.reply holds: a reply without its parts.
type replyRecord struct {
	Finish   core.Finish `json:"finish"`
	Detail   string      `json:"detail,omitempty"`
	Heard    string      `json:"heard,omitempty"`
	Unheard  bool        `json:"unheard,omitempty"`
	Usage    core.Usage  `json:"usage"`
	Timing   core.Timing `json:"timing"`
	Warnings []string    `json:"warnings,omitempty"`
}

// encodeReply returns JSON text, or nil for no reply.
func encodeReply(r *core.Reply) (any, error) {
	if r == nil {
		return nil, nil
	}
	encoded, err := json.Marshal(replyRecord{r.Finish, r.Detail, r.Heard, r.Unheard, r.Usage, r.Timing, r.Warnings})
	if err != nil {
		return nil, fmt.Errorf("encoding the reply: %w", err)
	}
	return string(encoded), nil
}

// encodeFailure returns JSON text, or nil for no failure.
func encodeFailure(f *engine.Failure) (any, error) {
	if f == nil {
		return nil, nil
	}
	encoded, err := json.Marshal(f)
	if err != nil {
		return nil, fmt.Errorf("encoding the failure: %w", err)
	}
	return string(encoded), nil
}

// decode reads JSON text from a column that may be NULL into a new T.
func decode[T any](text *string) (*T, error) {
	if text == nil {
		return nil, nil
	}
	var v T
	if err := json.Unmarshal([]byte(*text), &v); err != nil {
		return nil, fmt.Errorf("decoding %q: %w", *text, err)
	}
	return &v, nil
}

// moment is a time as it is stored.
func moment(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }
