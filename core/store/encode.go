package store

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// storedPart is a part whose artifacts, if any, are on the disk.
type storedPart struct {
	value       storedValue
	original    *storedValue
	converters  any // JSON text, or nil
	transcript  int
	undelivered int
}

// storedValue is a value for the database: data, or an [artifact].
type storedValue struct {
	modality, mediaType string
	data, artifact      any
}

func (a *artifacts) storeParts(parts []core.Part) ([]storedPart, error) {
	kept := make([]storedPart, len(parts))
	for i, p := range parts {
		var err error
		if kept[i].value, err = a.storeValue(p.Value); err != nil {
			return nil, err
		}
		if p.Original != nil {
			original, err := a.storeValue(*p.Original)
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
		kept[i].transcript, kept[i].undelivered = flag(p.Transcript), flag(p.Undelivered)
	}
	return kept, nil
}

// flag is a truth as a column value.
func flag(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (a *artifacts) storeValue(v core.Value) (storedValue, error) {
	stored := storedValue{modality: string(v.Modality), mediaType: v.MediaType}
	if !isArtifact(v) {
		stored.data = payload(v.Data)
		return stored, nil
	}
	kept, err := a.keep(v.Data)
	stored.artifact = kept
	return stored, err
}

// columns are the columns of parts from modality on.
func (p storedPart) columns() []any {
	columns := []any{p.value.modality, p.value.mediaType, p.value.data, p.value.artifact, p.transcript, p.undelivered, p.converters, nil, nil, nil, nil}
	if o := p.original; o != nil {
		copy(columns[7:], []any{o.modality, o.mediaType, o.data, o.artifact})
	}
	return columns
}

// payload returns empty data for nil, so that the column is not NULL.
func payload(data []byte) []byte {
	if data == nil {
		return []byte{}
	}
	return data
}

// storedTurn is an exchange whose artifacts are on the disk: its column values
// and its parts.
type storedTurn struct {
	reply, failure, delivery any
	sent, replied            []storedPart
}

func (a *artifacts) storeTurn(t record.Turn) (storedTurn, error) {
	var k storedTurn
	var err error
	if k.sent, err = a.storeParts(t.Sent.Parts); err != nil {
		return k, err
	}
	if t.Reply != nil {
		if k.replied, err = a.storeParts(t.Reply.Message.Parts); err != nil {
			return k, err
		}
		reply := record.ReplyOf(*t.Reply)
		if k.reply, err = encode("reply", &reply); err != nil {
			return k, err
		}
	}
	if k.failure, err = encode("failure", t.Failure); err != nil {
		return k, err
	}
	k.delivery, err = encode("delivery", deliveryOf(t.Sent))
	return k, err
}

// turnRow holds the columns of an exchange.
type turnRow struct {
	started, ended           int64
	reply, failure, delivery *string
}

// into reads the columns.
func (r turnRow) into(t *record.Turn) error {
	t.Started, t.Ended = moment(r.started), moment(r.ended)
	kept, err := decode[record.Reply](r.reply)
	if err != nil {
		return err
	}
	if kept != nil { // its parts are in another table
		reply := kept.With(core.Message{})
		t.Reply = &reply
	}
	asked, err := decode[core.Delivery](r.delivery)
	if err != nil {
		return err
	}
	if asked != nil {
		t.Sent.Delivery = *asked
	}
	t.Failure, err = decode[record.Failure](r.failure)
	return err
}

// deliveryOf returns a delivery to be stored; nil for the zero value.
func deliveryOf(m core.Message) *core.Delivery {
	if m.Delivery.IsZero() {
		return nil
	}
	return &m.Delivery
}

// encode returns JSON text for a column that may be NULL: nil for nil.
func encode[T any](what string, v *T) (any, error) {
	if v == nil {
		return nil, nil
	}
	encoded, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encoding the %s: %w", what, err)
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

// moment converts a time for the database.
func moment(nanoseconds int64) time.Time { return time.Unix(0, nanoseconds).UTC() }
