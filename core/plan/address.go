package plan

import (
	"encoding/json"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

var (
	absolute   = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9+.-]*://\S+$`)
	addressKey = regexp.MustCompile(`(?i)(ur[il]|endpoint|address|proxy|webhook|callback|server|gateway|host|origin)s?$`)
)

// checkAddresses reports secrets in addresses that the schema does not know as such: of a
// component that is not there, or in a part that is free JSON. reported are the paths with
// a problem already.
func (p *planner) checkAddresses(d Definition, c campaign.Component, reported map[string]bool) {
	var config any
	if json.Unmarshal(c.Config.JSON, &config) != nil {
		return // reported by the schema
	}
	eachText("", "", config, func(path, key, text string) {
		text = strings.TrimSpace(text)
		if !reported[path] && addressKey.MatchString(key) && absolute.MatchString(text) && secret.InAddress(text) {
			p.report.SecretProblem(c.Config.At(path), "give the secret in a key that is meant for one, such as api_key, headers or proxy_password, as ${NAME}: addresses end up in logs and records",
				"%s: %s: the address holds credentials", d, path)
		}
	})
}

// eachText calls do with each text of a JSON value, its path and the nearest key above it.
func eachText(path, key string, value any, do func(path, key, text string)) {
	switch v := value.(type) {
	case string:
		do(path, key, v)
	case []any:
		for i, entry := range v {
			eachText(path+"["+strconv.Itoa(i)+"]", key, entry, do)
		}
	case map[string]any:
		for _, name := range slices.Sorted(maps.Keys(v)) {
			below := name
			if path != "" {
				below = path + "." + name
			}
			eachText(below, name, v[name], do)
		}
	}
}
