package yamlfile

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
)

// JSON returns a mapping as a JSON object, and the place of each path in it, such as
// "audio.voice" or "tools[2].name": that of the key, or of the entry of a list.
// Numbers are copied as they are written, so that large ones stay exact. text is
// called with each text and the nearest key above it. Where the value is no mapping,
// that is noted, and there are no places.
func (v Value) JSON(text func(key string, v Value)) (object []byte, places map[string]Position) {
	w := jsonWriter{file: v.file, places: map[string]Position{}, leaf: text}
	if !v.RequireMapping() {
		return []byte("{}"), w.places
	}
	w.value(v.node, "", "")
	return w.out.Bytes(), w.places
}

// jsonWriter turns YAML into JSON.
type jsonWriter struct {
	file   *File
	out    bytes.Buffer
	places map[string]Position
	leaf   func(key string, v Value)
}

// value writes a node; key is the nearest key above it.
func (w *jsonWriter) value(n *yaml.Node, path, key string) {
	switch n.Kind {
	case yaml.MappingNode:
		w.mapping(n, path)
	case yaml.SequenceNode:
		w.out.WriteByte('[')
		for i, entry := range n.Content {
			if i > 0 {
				w.out.WriteByte(',')
			}
			below := path + "[" + strconv.Itoa(i) + "]"
			w.places[below] = place(entry)
			w.value(entry, below, key)
		}
		w.out.WriteByte(']')
	case yaml.ScalarNode:
		w.scalar(n, key)
	default:
		w.out.WriteString("null") // an alias, which the audit has reported
	}
}

func (w *jsonWriter) mapping(n *yaml.Node, path string) {
	w.out.WriteByte('{')
	given := map[string]bool{}
	for key, node := range pairs(n) {
		if given[key.Value] || key.Kind != yaml.ScalarNode {
			continue // the audit has reported it
		}
		if len(given) > 0 {
			w.out.WriteByte(',')
		}
		given[key.Value] = true
		below := key.Value
		if path != "" {
			below = path + "." + key.Value
		}
		w.places[below] = place(key)
		w.text(key.Value)
		w.out.WriteByte(':')
		w.value(node, below, key.Value)
	}
	w.out.WriteByte('}')
}

func (w *jsonWriter) scalar(n *yaml.Node, key string) {
	switch n.ShortTag() {
	case "!!null":
		w.out.WriteString("null")
	case "!!bool":
		w.out.WriteString(strings.ToLower(n.Value))
	case "!!int", "!!float":
		if !isJSONNumber(n.Value) {
			w.file.soleProblem(place(n), "write a number in decimal, or a text in quotes", "%s is not a number that everybody reads alike", n.Value)
			w.out.WriteByte('0')
			return
		}
		w.out.WriteString(n.Value)
	default:
		w.leaf(key, Value{n, key, w.file})
		w.text(n.Value)
	}
}

// text writes a JSON string.
func (w *jsonWriter) text(s string) {
	data, err := json.Marshal(s)
	if err != nil {
		data = []byte(`""`) // strings always encode
	}
	w.out.Write(data)
}
