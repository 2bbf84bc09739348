package campaign

import (
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// doubts returns warnings about what is valid and likely not meant.
func (c *Campaign) doubts(f *yamlfile.File, root value) yamlfile.Problems {
	all := f.CutTexts(root, func(key, text string) bool {
		return slices.Contains(wordKeys(), key) || key != "success" && strings.Contains(text, " ")
	})
	for i := range all {
		all[i].File = c.File
	}
	return all.Sorted()
}

// wordKeys are keys, also of bundled components, of which a single word is a text
// that is sent, looked for or shown.
func wordKeys() []string {
	return []string{
		"user", "assistant", "objective", "system_prompt", "description", "authorization",
		"any", "all", "none", "pattern", "patterns", "instructions", "prompt", "text",
	}
}
