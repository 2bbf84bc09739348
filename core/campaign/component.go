package campaign

import (
	"regexp"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Default limits of a target.
const (
	defaultConcurrency = 4
	defaultTimeout     = 120 * time.Second
	defaultRetries     = 4
)

func readTargets(v value) []Target {
	var all []Target
	v.Definitions("target", checkName, func(name string, at yamlfile.Position, v value) {
		t := Target{Limits: scope.Limits{Concurrency: defaultConcurrency, Timeout: defaultTimeout, Retries: defaultRetries}}
		t.Component = readComponent(Reference{name, at}, v, yamlfile.Optional("limits", func(v value) { readLimits(v, &t.Limits) }))
		all = append(all, t)
	})
	return all
}

// readLimits sets the limits that are given.
func readLimits(v value, l *scope.Limits) {
	const (
		mostConcurrent = 10_000
		leastTimeout   = time.Millisecond
		longestTimeout = time.Hour
		mostRequests   = 1_000_000
		mostTokens     = 1_000_000_000
		mostRetries    = 100
	)
	v.Object(
		yamlfile.Optional("concurrency", yamlfile.IntegerInto(&l.Concurrency, 1, mostConcurrent)),
		yamlfile.Optional("timeout", func(v value) {
			if d, ok := v.Duration(leastTimeout, longestTimeout); ok {
				l.Timeout = d
			}
		}),
		yamlfile.Optional("requests_per_minute", yamlfile.IntegerInto(&l.RequestsPerMinute, 1, mostRequests)),
		yamlfile.Optional("tokens_per_minute", yamlfile.IntegerInto(&l.TokensPerMinute, 1, mostTokens)),
		yamlfile.Optional("retries", yamlfile.IntegerInto(&l.Retries, 0, mostRetries)),
	)
}

func readConverters(v value) []Converter {
	var all []Converter
	v.Definitions("converter", checkName, func(name string, at yamlfile.Position, v value) {
		all = append(all, Converter{readComponent(Reference{name, at}, v)})
	})
	return all
}

func readScorers(v value) []Scorer {
	var all []Scorer
	v.Definitions("scorer", checkScorerName, func(name string, at yamlfile.Position, v value) {
		s := Scorer{On: core.Text}
		s.Component = readComponent(Reference{name, at}, v,
			yamlfile.Optional("on", func(v value) {
				if m, ok := readModality(v, core.Text, core.Audio, core.Image, core.ToolCall, core.Reasoning); ok {
					s.On = m
				}
			}),
			yamlfile.Optional("via", referencesInto(&s.Via)),
		)
		all = append(all, s)
	})
	return all
}

// checkScorerName checks that an expression can use a scorer's name.
func checkScorerName(name string) error {
	if err := verdict.CheckName(name); err != nil {
		return err
	}
	return yamlfile.CheckLength(name)
}

func readModality(v value, options ...core.Modality) (core.Modality, bool) {
	words := make([]string, len(options))
	for i, o := range options {
		words[i] = string(o)
	}
	s, ok := v.Choice(words...)
	return core.Modality(s), ok
}

var componentName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$`)

// readComponent reads the definition of a target, converter or scorer. A plain
// text is short for {use: text}.
func readComponent(name Reference, v value, more ...yamlfile.Key) Component {
	c := Component{Name: name.Name, At: name.At, UseAt: v.At(), Config: Config{JSON: []byte("{}"), at: name.At}}
	use := func(v value) {
		s, ok := v.Text()
		if !ok {
			return
		}
		if !componentName.MatchString(s) {
			v.Problem("such as realtime, or acme-speech/ivr for a third party's", "%s is not the name of a component", yamlfile.Quote(s))
		}
		c.Use, c.UseAt = s, v.At()
	}
	if v.IsText() {
		use(v)
		return c
	}
	v.Object(append([]yamlfile.Key{
		yamlfile.Required("use", use),
		yamlfile.Optional("with", func(v value) { c.Config = readConfig(v) }),
	}, more...)...)
	return c
}
