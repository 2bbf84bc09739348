package campaign

import (
	"fmt"
	"math"
	"net"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"

	"gopkg.in/yaml.v3"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/verdict"
)

// The limits that a target has unless the campaign says otherwise.
const (
	defaultConcurrency = 4
	defaultTimeout     = 120 * time.Second
	defaultRetries     = 4
)

func (r *reader) campaign(root *yaml.Node, c *Campaign) {
	r.object(value{root, r.what}, []field{
		{"version", true, r.version},
		{"name", true, r.slugInto(&c.Name)},
		{"description", false, r.textInto(&c.Description)},
		{"tags", false, r.tags(c)},
		{"seed", false, func(v value) {
			if n, ok := r.integer(v, 0, math.MaxInt); ok {
				seed := uint64(n)
				c.Seed = &seed
			}
		}},
		{"scope", false, func(v value) { c.Scope = r.scope(v) }},
		{"evidence", false, func(v value) {
			r.object(v, []field{
				{"max_errored", false, r.share(&c.Evidence.MaxErrored)},
				{"max_undetermined", false, r.share(&c.Evidence.MaxUndetermined)},
			})
		}},
		{"prices", false, func(v value) { c.Prices = r.prices(v) }},
		{"schedule", false, func(v value) { c.Schedule = r.schedule(v) }},
		{"baseline", false, func(v value) { c.Baseline = r.baseline(v) }},
		{"notify", false, func(v value) { c.Notify = r.webhooks(v) }},
		{"plugins", false, func(v value) { c.Plugins = r.requirements(v) }},
		{"targets", true, func(v value) { c.Targets = r.targets(v) }},
		{"converters", false, func(v value) { c.Converters = r.converters(v) }},
		{"scorers", true, func(v value) { c.Scorers = r.scorers(v) }},
		{"datasets", false, func(v value) { c.Datasets = r.datasets(v) }},
		{"attacks", true, func(v value) { c.Attacks = r.attacks(v) }},
	}, "gates")
}

func (r *reader) version(v value) {
	if v.Kind != yaml.ScalarNode || v.ShortTag() != "!!int" || v.Value != "1" {
		r.problem(v.place(), "", "version must be 1, not %s", describe(v.Node))
	}
}

func (r *reader) slugInto(s *string) func(value) {
	return func(v value) {
		text, ok := r.text(v)
		if !ok {
			return
		}
		if err := checkSlug(text); err != nil {
			r.problem(v.place(), "", "%v", err)
		}
		*s = text
	}
}

func (r *reader) tags(c *Campaign) func(value) {
	return func(v value) {
		r.list(v, func(entry value) {
			if tag, ok := r.text(entry); ok {
				c.Tags = append(c.Tags, tag)
			}
		})
	}
}

var hostname = regexp.MustCompile(`^(?i)[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]*[a-z0-9_])?)*\.?$`)

// host reads host or host:port, in lower case.
func (r *reader) host(v value) (string, bool) {
	s, ok := r.text(v)
	if !ok {
		return "", false
	}
	if _, rest, ok := strings.Cut(s, "://"); ok {
		name, _, _ := strings.Cut(rest, "/")
		r.problem(v.place(), fmt.Sprintf("write only the host: %q", name), "%s: %s is a URL, not a host", v.label, shorten(s))
		return "", false
	}
	host := s
	if h, port, err := net.SplitHostPort(s); err == nil {
		host = h
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			r.problem(v.place(), "", "%s: %q is not a port", v.label, port)
			return "", false
		}
	}
	if _, err := netip.ParseAddr(strings.Trim(host, "[]")); err != nil && !hostname.MatchString(host) {
		r.problem(v.place(), "write a host or host:port, such as api.example.com", "%s: %s is not a host", v.label, shorten(s))
		return "", false
	}
	return strings.ToLower(s), true
}

func (r *reader) targets(v value) []Target {
	var all []Target
	r.definitions(v, "target", checkName, func(name Name, v value) {
		t := Target{Limits: Limits{Concurrency: defaultConcurrency, Timeout: defaultTimeout, Retries: defaultRetries}}
		t.Component = r.component(name, v, field{"limits", false, func(v value) { r.limits(v, &t.Limits) }})
		all = append(all, t)
	})
	return all
}

func (r *reader) limits(v value, l *Limits) {
	const (
		mostConcurrent = 10_000
		leastTimeout   = time.Millisecond
		longestTimeout = time.Hour
		mostRequests   = 1_000_000
		mostTokens     = 1_000_000_000
		mostRetries    = 100
	)
	r.object(v, []field{
		{"concurrency", false, r.integerInto(&l.Concurrency, 1, mostConcurrent)},
		{"timeout", false, func(v value) {
			if d, ok := r.duration(v, leastTimeout, longestTimeout); ok {
				l.Timeout = d
			}
		}},
		{"requests_per_minute", false, r.integerInto(&l.RequestsPerMinute, 1, mostRequests)},
		{"tokens_per_minute", false, r.integerInto(&l.TokensPerMinute, 1, mostTokens)},
		{"retries", false, r.integerInto(&l.Retries, 0, mostRetries)},
	})
}

func (r *reader) converters(v value) []Converter {
	var all []Converter
	r.definitions(v, "converter", checkName, func(name Name, v value) {
		all = append(all, Converter{r.component(name, v)})
	})
	return all
}

func (r *reader) scorers(v value) []Scorer {
	var all []Scorer
	check := func(name string) error {
		if err := verdict.CheckName(name); err != nil {
			return err
		}
		return checkLength(name)
	}
	r.definitions(v, "scorer", check, func(name Name, v value) {
		s := Scorer{On: core.Text}
		s.Component = r.component(name, v,
			field{"on", false, func(v value) {
				if m, ok := r.modality(v, core.Text, core.Audio, core.Image, core.ToolCall); ok {
					s.On = m
				}
			}},
			field{"via", false, r.names(&s.Via)},
		)
		all = append(all, s)
	})
	return all
}

func (r *reader) modality(v value, options ...core.Modality) (core.Modality, bool) {
	words := make([]string, len(options))
	for i, o := range options {
		words[i] = string(o)
	}
	s, ok := r.choice(v, words...)
	return core.Modality(s), ok
}

var componentName = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*(/[a-z0-9][a-z0-9_-]*)*$`)

// component reads the definition of a target, converter or scorer. A bare text
// is short for {use: text}.
func (r *reader) component(name Name, v value, more ...field) Component {
	c := Component{Name: name.Name, At: name.At, UseAt: v.place(), Config: Config{JSON: []byte("{}"), at: name.At}}
	use := func(v value) {
		s, ok := r.text(v)
		if !ok {
			return
		}
		if !componentName.MatchString(s) {
			r.problem(v.place(), "such as realtime, or acme-speech/ivr for a third party's", "%s is not the name of a component", shorten(s))
		}
		c.Use, c.UseAt = s, v.place()
	}
	if isText(v.Node) {
		use(v)
		return c
	}
	r.object(v, append([]field{
		{"use", true, use},
		{"with", false, func(v value) { c.Config = r.config(v) }},
	}, more...))
	return c
}
