package plan

import (
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

// Filled is a setting that a campaign leaves out and the environment gives.
type Filled struct {
	Definition
	// Path is the setting's in with:.
	Path string
	// Value is what was put in: the variable's value, or for a secret the reference
	// to it, such as ${OPENAI_API_KEY}.
	Value string
	// Source is where it is from: the variable, perhaps with its file.
	Source string
}

// Withheld is a secret that the environment has and a component does not get,
// because the campaign names an address of its own for it.
type Withheld struct {
	Definition
	Path, Variable, Host string
}

// String says in one line what was withheld, and how it would be given.
func (w Withheld) String() string {
	return fmt.Sprintf("%s: %s is not taken from %s: the campaign names the address %s itself, so it has to name the secret, too (%s: ${%s})",
		w.Definition, w.Path, w.Variable, w.Host, w.Path, w.Variable)
}

// Variables is what came of the variables of a campaign's components.
type Variables struct {
	Filled   []Filled
	Withheld []Withheld
}

// from says in a message where a setting is from, " (from NAME)"; "" where the
// campaign has it.
func (v Variables) from(d Definition, path string) string {
	for _, f := range v.Filled {
		if f.Definition == d && f.Path == path {
			return fmt.Sprintf(" (from %s)", f.Source)
		}
	}
	return ""
}

// missing is the hint for a key that is required and has a variable; "" where it has
// none.
func (v Variables) missing(d Definition, path string, known []schema.Variable) string {
	for _, w := range v.Withheld {
		if w.Definition == d && w.Path == path {
			return fmt.Sprintf("write %s: ${%s}, if it is meant for %s", path, w.Variable, w.Host)
		}
	}
	for _, variable := range known {
		if variable.Path == path {
			return fmt.Sprintf("write it under with:, or set %s in the environment or in a file for --env-file", variable.Name)
		}
	}
	return ""
}

// Environment returns the value of a variable, where it is from, and whether it is set.
type Environment func(name string) (value, source string, ok bool)

// FillIn returns the campaign with the settings that it leaves out and whose
// variables are set, as the schemas of its components name them. A variable that is
// empty counts as not set. Nothing else of the campaign changes.
//
// A secret is filled in only where each address of the component is its default, or
// that of a variable: a campaign of somebody else must not have the user's key sent to
// an address of its choice without saying so.
func FillIn(c *campaign.Campaign, catalog Catalog, env Environment) (*campaign.Campaign, Variables) {
	f := variableFiller{catalog: catalog, env: env}
	filled := c.Clone()
	eachComponent(filled, f.component)
	return filled, f.Variables
}

// Refill returns the campaign with settings that were recorded when they were filled
// in. One whose component is not there any more is left out.
func Refill(c *campaign.Campaign, recorded []Filled) *campaign.Campaign {
	filled := c.Clone()
	eachComponent(filled, func(d Definition, c *campaign.Component) {
		for _, one := range recorded {
			if one.Definition != d {
				continue
			}
			if config, err := c.Config.With(one.Path, one.Value); err == nil {
				c.Config = config
			}
		}
	})
	return filled
}

// eachComponent calls do with each component of a campaign, which it may change.
func eachComponent(c *campaign.Campaign, do func(Definition, *campaign.Component)) {
	for i := range c.Targets {
		do(Definition{core.KindTarget, c.Targets[i].Name}, &c.Targets[i].Component)
	}
	for i := range c.Converters {
		do(Definition{core.KindConverter, c.Converters[i].Name}, &c.Converters[i].Component)
	}
	for i := range c.Scorers {
		do(Definition{core.KindScorer, c.Scorers[i].Name}, &c.Scorers[i].Component)
	}
}

// variableFiller fills variables in to the components of a campaign.
type variableFiller struct {
	catalog Catalog
	env     Environment
	Variables
}

func (f *variableFiller) component(d Definition, c *campaign.Component) {
	_, config, ok := f.catalog.Lookup(d.Kind, c.Use)
	if !ok {
		return
	}
	missing := config.Variables(c.Config.JSON)
	foreign := f.foreign(config, c.Config.JSON)
	for _, v := range missing {
		value, source, ok := f.env(v.Name)
		if !ok || value == "" {
			continue
		}
		if v.Secret && foreign != "" {
			f.Withheld = append(f.Withheld, Withheld{d, v.Path, v.Name, foreign})
			continue
		}
		put := strings.ReplaceAll(value, "${", "$${") // it is text, and refers to nothing
		if v.Secret {
			put = "${" + v.Name + "}"
		}
		filled, err := c.Config.With(v.Path, put)
		if err != nil {
			continue // what is above it is no mapping, which the schema reports
		}
		c.Config = filled
		f.Filled = append(f.Filled, Filled{d, v.Path, put, source})
	}
}

// foreign returns the host of an address that the campaign names, and that is neither
// a default of the component nor that of a variable; "" where there is none.
func (f *variableFiller) foreign(s *schema.Schema, config []byte) string {
	var known []string
	for _, u := range uris(s, nil) {
		known = append(known, hostOf(u.Value))
	}
	for _, v := range s.Variables(nil) {
		if value, _, ok := f.env(v.Name); ok && !v.Secret {
			known = append(known, hostOf(value))
		}
	}
	for _, field := range s.Strings(config, "uri") {
		if host := hostOf(field.Value); host != "" && !slices.Contains(known, host) {
			return host
		}
	}
	return ""
}

// hostOf returns the host and port of an address; "" where it names none.
func hostOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Hostname() == "" {
		return ""
	}
	host, port := scope.HostOf(u)
	return host + ":" + port
}
