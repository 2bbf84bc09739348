package plugins

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// offer is the list of a plugin's components.
type offer struct {
	description wire.Description
	components  map[componentKey]offered
}

type componentKey struct {
	kind core.Kind
	name string
}

type offered struct {
	component core.Component
	schema    *schema.Schema
}

// newOffer describes the components, and returns an author's mistakes as
// errors.
func newOffer(info Info, components []core.Component) (*offer, error) {
	if !regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`).MatchString(info.Name) {
		return nil, core.Errorf(core.ErrorInternal, "the plugin's name %q does not consist of lower-case letters, digits and \"-\"", info.Name)
	}
	if err := info.Permissions.Check(); err != nil {
		return nil, core.Errorf(core.ErrorInternal, "%w", err)
	}
	o := &offer{
		description: wire.Description{Name: info.Name, Version: info.Version, SDKVersion: sdkVersion(), Permissions: info.Permissions},
		components:  map[componentKey]offered{},
	}
	for _, c := range components {
		if err := o.add(c); err != nil {
			return nil, fmt.Errorf("%s %q: %w", c.Info.Kind, c.Info.Name, err)
		}
	}
	if _, err := wire.EncodeDescription(o.description); err != nil {
		return nil, err
	}
	return o, nil
}

var componentName = regexp.MustCompile(`^[a-z0-9_-]+(/[a-z0-9_-]+)*$`)

func (o *offer) add(c core.Component) error {
	if !componentName.MatchString(c.Info.Name) {
		return core.Errorf(core.ErrorInternal, "a name consists of lower-case letters, digits, \"-\", \"_\" and \"/\"")
	}
	key := componentKey{c.Info.Kind, c.Info.Name}
	if _, taken := o.components[key]; taken {
		return core.Errorf(core.ErrorInternal, "the plugin has two of that name")
	}
	s, err := schema.Of(c.Config)
	if err != nil {
		return fmt.Errorf("deriving the schema of its configuration: %w", err)
	}
	if c.Info.Kind == core.KindTarget && s.TakesTargets() {
		return core.Errorf(core.ErrorInternal, "a target uses no other target: only converters and scorers have a core.Model in their configuration")
	}
	encoded, err := json.Marshal(s)
	if err != nil {
		return fmt.Errorf("encoding the schema of its configuration: %w", err)
	}
	o.components[key] = offered{component: c, schema: s}
	o.description.Components = append(o.description.Components, wire.ComponentOf(c.Info, encoded))
	return nil
}

// find returns a component with a valid configuration.
func (o *offer) find(kind core.Kind, name string, config []byte) (core.Component, error) {
	found, err := o.lookup(kind, name)
	if err != nil {
		return core.Component{}, err
	}
	return found.component, configErrors(found.schema.Check(config))
}

// check returns what there is to say of a configuration, or its errors that the schema
// does not detect.
// The host has checked the schema with secret references in place; the
// placeholders for them here need not match its lengths and patterns.
func (o *offer) check(kind core.Kind, name string, config []byte) (core.Checked, error) {
	found, err := o.lookup(kind, name)
	if err != nil {
		return core.Checked{}, err
	}
	return found.component.CheckConfig(config)
}

func (o *offer) lookup(kind core.Kind, name string) (offered, error) {
	found, ok := o.components[componentKey{kind, name}]
	if !ok {
		return offered{}, core.Errorf(core.ErrorUnsupported, "there is no %s %q in this plugin", kind, name)
	}
	return found, nil
}

// configErrors makes errors of violations.
func configErrors(violations []schema.Violation) error {
	var all core.Errors
	for _, c := range violations {
		all = append(all, &core.Error{Kind: core.ErrorConfig, Field: c.Path, Hint: c.Hint, Err: errors.New(c.Message)})
	}
	return all.Err()
}
