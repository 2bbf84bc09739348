package campaign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// With returns the configuration with a text put in at a path that it leaves out,
// such as "audio.voice". It fails where something that is no mapping is above it.
func (c Config) With(path, text string) (Config, error) {
	decoder := json.NewDecoder(bytes.NewReader(c.JSON))
	decoder.UseNumber() // large numbers stay exact
	object := map[string]any{}
	if err := decoder.Decode(&object); err != nil {
		return c, fmt.Errorf("reading the configuration: %w", err)
	}
	at := object
	keys := strings.Split(path, ".")
	for _, key := range keys[:len(keys)-1] {
		if at[key] == nil {
			at[key] = map[string]any{}
		}
		below, ok := at[key].(map[string]any)
		if !ok {
			return c, fmt.Errorf("%s: %q is no mapping", path, key)
		}
		at = below
	}
	at[keys[len(keys)-1]] = text
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(object); err != nil {
		return c, fmt.Errorf("writing the configuration: %w", err)
	}
	c.JSON = bytes.TrimSpace(out.Bytes())
	return c, nil
}

// Clone returns a copy of the campaign whose components can be changed.
func (c *Campaign) Clone() *Campaign {
	clone := *c
	clone.Targets, clone.Converters, clone.Scorers = slices.Clone(c.Targets), slices.Clone(c.Converters), slices.Clone(c.Scorers)
	return &clone
}
