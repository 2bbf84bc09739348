package campaign

import "strings"

// Config is a with: block.
type Config struct {
	// JSON is the block as a JSON object, secret references unresolved.
	JSON []byte

	at     Position
	places map[string]Position
}

// At returns the place of a configuration path such as "audio.voice" or
// "tools[2].name": that of the key, or of the entry of a list. For a path that
// is not in the file it returns the place of the nearest one above, and
// finally that of the with: block itself.
func (c Config) At(path string) Position {
	for path != "" {
		if at, ok := c.places[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return c.at
}
