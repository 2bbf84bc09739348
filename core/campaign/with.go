package campaign

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// config reads a with: block.
func (r *reader) config(v value) Config {
	c := Config{JSON: []byte("{}"), at: v.place(), places: map[string]Position{}}
	if !r.isMapping(v) {
		return c
	}
	w := configWriter{reader: r, places: c.places}
	w.value(v.Node, "", "")
	c.JSON = w.out.Bytes()

	_, err := secret.References(c.JSON)
	if malformed, ok := errors.AsType[secret.SyntaxErrors](err); ok {
		for _, m := range malformed {
			r.problem(c.At(m.Path), m.Hint, "%s", m.Message)
		}
	} else if err != nil {
		r.problem(c.at, "", "%v", err)
	}
	return c
}

// configWriter turns YAML into JSON. Numbers are copied as they are written,
// so that large ones stay exact.
type configWriter struct {
	reader *reader
	out    bytes.Buffer
	places map[string]Position
}

// value writes a node; key is the nearest key above it.
func (w *configWriter) value(n *yaml.Node, path, key string) {
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
		w.out.WriteString("null") // an alias: reported by the audit
	}
}

func (w *configWriter) mapping(n *yaml.Node, path string) {
	w.out.WriteByte('{')
	given := map[string]bool{}
	for key, node := range pairs(n) {
		if given[key.Value] || key.Kind != yaml.ScalarNode {
			continue // reported by the audit
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

func (w *configWriter) scalar(n *yaml.Node, key string) {
	switch n.ShortTag() {
	case "!!null":
		w.out.WriteString("null")
	case "!!bool":
		w.out.WriteString(strings.ToLower(n.Value))
	case "!!int", "!!float":
		if !isJSONNumber(n.Value) {
			w.reader.problem(place(n), "write a number in decimal, or a text in quotes", "%s is not a number that everybody reads alike", n.Value)
			w.out.WriteByte('0')
			return
		}
		w.out.WriteString(n.Value)
	default:
		if looksSecret(key, n.Value) {
			w.reader.secretProblem(place(n), "put it into an environment variable and write ${NAME}",
				"%q holds what looks like a secret itself", key)
		}
		w.text(n.Value)
	}
}

// text writes a JSON string.
func (w *configWriter) text(s string) {
	data, err := json.Marshal(s)
	if err != nil {
		data = []byte(`""`) // strings always encode
	}
	w.out.Write(data)
}

var (
	secretKey      = regexp.MustCompile(`(?i)key|token|secret|password|authorization`)
	secretKeyEnd   = regexp.MustCompile(`(?i)(key|token|secret|password|authorization)$`)
	secretPrefixed = regexp.MustCompile(`^(Bearer\s+)?(sk-|rk-|pk-|sess-|gsk_|hf_|ghp_|gho_|github_pat_|glpat-|xox[abp]-|AKIA|AIza|ya29\.|eyJ)[A-Za-z0-9_.+/=-]{4,}$`)
	secretLong     = regexp.MustCompile(`^(Bearer\s+)?[A-Za-z0-9_+/=-]{32,}$`)
)

// looksSecret reports whether a text under a key that asks for a secret has
// the form of one. Others, such as "none" or "test", are left alone: local
// servers take anything.
func looksSecret(key, text string) bool {
	return secretKey.MatchString(key) && secretPrefixed.MatchString(text) ||
		secretKeyEnd.MatchString(key) && secretLong.MatchString(text)
}
