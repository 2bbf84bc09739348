package campaign

import (
	"errors"
	"regexp"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Config is a with: block.
type Config struct {
	// JSON is the block as a JSON object; secret references are not resolved.
	JSON []byte

	at     yamlfile.Position
	places map[string]yamlfile.Position
}

// At returns the position of a configuration path such as "audio.voice" or
// "tools[2].name": that of the key, or of the list entry. For a path that is
// not in the file it returns the position of the nearest parent in the file, at
// the top that of the with: block itself.
func (c Config) At(path string) yamlfile.Position {
	for path != "" {
		if at, ok := c.places[path]; ok {
			return at
		}
		path = path[:max(0, strings.LastIndexAny(path, ".["))]
	}
	return c.at
}

// readConfig reads a with: block.
func readConfig(v value) Config {
	c := Config{at: v.At()}
	c.JSON, c.places = v.JSON(refuseSecret)
	_, err := secret.References(c.JSON)
	if malformed, ok := errors.AsType[secret.SyntaxErrors](err); ok {
		for _, m := range malformed {
			v.File().Problem(c.At(m.Path), m.Hint, "%s", m.Message)
		}
	} else if err != nil {
		v.Problem("", "%v", err)
	}
	return c
}

// refuseSecret reports a text that looks like a secret.
func refuseSecret(key string, text value) {
	if looksSecret(key, text.Written()) {
		text.SecretProblem("put it into an environment variable and write ${NAME}",
			"%q holds what looks like a secret itself", key)
	}
}

var (
	secretKey    = regexp.MustCompile(`(?i)key|token|secret|password|authorization`)
	secretKeyEnd = regexp.MustCompile(`(?i)(key|token|secret|password|authorization)$`)
	// absolute matches a text that is an address as a whole.
	absolute   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://\S+$`)
	secretLong = regexp.MustCompile(`^(Bearer\s+)?[A-Za-z0-9_+/=-]{32,}$`)
)

// holdsAddressWithSecret reports whether a text is an address that holds a secret.
func holdsAddressWithSecret(text string) bool {
	text = strings.TrimSpace(text)
	return absolute.MatchString(text) && secret.InAddress(text)
}

// looksSecret reports whether a text under a key for a secret has the form of
// one. Texts such as "none" or "test" do not: local servers accept anything.
func looksSecret(key, text string) bool {
	return secretKey.MatchString(key) && secret.Prefixed(text) ||
		secretKeyEnd.MatchString(key) && secretLong.MatchString(text)
}
