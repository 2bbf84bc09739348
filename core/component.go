package core

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
)

// Kind is the sort of a component.
type Kind string

// The component kinds.
const (
	KindTarget    Kind = "target"
	KindConverter Kind = "converter"
	KindScorer    Kind = "scorer"
	// KindStrategy stands, in records, for who asked a helper where that was the
	// strategy of an attack. A strategy is no component of a plugin.
	KindStrategy Kind = "strategy"
	// KindAttack stands, in records, for who asked a helper where that was an
	// attack: by its before_trial or its after_trial. It is no component either.
	KindAttack Kind = "attack"
)

// Kinds lists the kinds of components that plugins offer.
func Kinds() []Kind { return []Kind{KindTarget, KindConverter, KindScorer} }

// Info says what a component is, without opening it.
type Info struct {
	// Kind is filled in by the constructor.
	Kind Kind
	// Name is what a campaign writes after use:, such as "audio/telephone".
	// It consists of lower-case letters, digits, "-", "_" and "/".
	Name string
	// Summary is one sentence for lists; Description, which may be empty,
	// is as long as it needs to be.
	Summary     string
	Description string
	// In and Out are the modalities taken and given. Scorers give none.
	In, Out []Modality
	// Scores is the type of a scorer's scores.
	Scores ScoreType
	// Capabilities names the optional abilities of a component, such as
	// CapabilitySystemPrompt.
	Capabilities []string
}

// The capabilities of targets.
const (
	// CapabilitySystemPrompt: Start.SystemPrompt is honoured.
	CapabilitySystemPrompt = "system_prompt"
	// CapabilityHistory: Start.History is honoured.
	CapabilityHistory = "history"
	// CapabilityMultiTurn: a conversation remembers its earlier turns.
	CapabilityMultiTurn = "multi_turn"
	// CapabilitySystemPromptUpdate: Delivery.SystemPrompt is honoured.
	CapabilitySystemPromptUpdate = "system_prompt_update"
	// CapabilityStream: Delivery.Stream is honoured.
	CapabilityStream = "stream"
	// CapabilityInterrupt: Delivery.InterruptAfter is honoured, and the
	// target's conversations implement [Interruptible].
	CapabilityInterrupt = "interrupt"
	// CapabilityOutOfBand: Delivery.OutOfBand is honoured.
	CapabilityOutOfBand = "out_of_band"
)

// CapabilityNondeterministic says of a converter that it may give another output
// for the same input and [Seed], because a model or service that it uses does.
const CapabilityNondeterministic = "nondeterministic"

// Capabilities lists every capability of targets. A converter may have
// [CapabilityNondeterministic].
func Capabilities() []string {
	return []string{
		CapabilitySystemPrompt, CapabilityHistory, CapabilityMultiTurn, CapabilitySystemPromptUpdate,
		CapabilityStream, CapabilityInterrupt, CapabilityOutOfBand,
	}
}

// Can reports whether the component has a capability.
func (i Info) Can(capability string) bool {
	return slices.Contains(i.Capabilities, capability)
}

// Takes reports whether the component accepts a modality.
func (i Info) Takes(m Modality) bool {
	return slices.Contains(i.In, m)
}

// Component is one component that a plugin offers: what it is, its
// configuration, and how it is opened.
type Component struct {
	Info Info
	// Config is the author's config struct filled with its defaults. The
	// component's JSON Schema is derived from its type and these values.
	Config any

	open    func(ctx context.Context, config []byte, targets Targets) (any, error)
	check   func(config []byte) (Checked, error)
	targets Targets
}

// NewTarget describes a target. C is the author's config struct: a key that it
// does not have is refused, defaults stand for keys that are not given, and
// its method Validate() error, if it has one, runs before open. Validate looks
// at nothing but the configuration: campaigns are checked with it before they
// run, with a text that means nothing in place of each secret. It may return
// several errors, by [Errors] or [errors.Join].
//
// Where a valid configuration cannot do all that info says, the struct's method
// Restrictions() []Restriction says what it cannot. Campaigns are held against it
// before they run: an attack that needs it is refused with the restriction's hint.
// Where a valid configuration has what is likely not meant, its method
// Warnings() error says so, as Validate says what is wrong.
//
// The tags of the struct's fields make the component's JSON Schema, which a
// campaign is checked against before anything is opened:
//
//	json:"name"           the key; every exported field needs one
//	doc:"One sentence."   the description
//	required:"true"       the key must be given; a required string not be empty
//	enum:"a,b"            the values allowed, of a string or of a list's strings
//	min:"1" max:"10"      the range of a number or duration, the length of a
//	                      string, the count of a list
//	format:"uri"          the format of a string, or of a list's strings
//
// Of in package core/schema has the details. An address needs format:"uri":
// that is how it is found and held against the campaign's scope. A program that
// a campaign names needs format:"command": it runs only if the user allows it. A
// file that the component reads by itself needs format:"local-file": its path is
// absolute, and below a folder that the user allows.
// [Secret] and [Duration] are the types of secrets and durations, and [Model] is
// that of a target of the campaign which a converter or scorer uses. A target
// uses none.
//
// The context of open ends when open returns.
func NewTarget[C any](info Info, defaults C, open func(ctx context.Context, config C) (Target, error)) Component {
	return newComponent(KindTarget, info, defaults, open)
}

// NewConverter describes a converter; see [NewTarget] for its configuration.
func NewConverter[C any](info Info, defaults C, open func(ctx context.Context, config C) (Converter, error)) Component {
	return newComponent(KindConverter, info, defaults, open)
}

// NewScorer describes a scorer; see [NewTarget] for its configuration.
func NewScorer[C any](info Info, defaults C, open func(ctx context.Context, config C) (Scorer, error)) Component {
	return newComponent(KindScorer, info, defaults, open)
}

func newComponent[C, T any](kind Kind, info Info, defaults C, open func(context.Context, C) (T, error)) Component {
	info.Kind = kind
	return Component{
		Info:   info,
		Config: defaults,
		open: func(ctx context.Context, raw []byte, targets Targets) (any, error) {
			config, err := decodeConfig(raw, defaults)
			if err != nil {
				return nil, err
			}
			if wrong := bind(reflect.ValueOf(&config).Elem(), "", targets); len(wrong) > 0 {
				return nil, wrong.Err()
			}
			return open(ctx, config)
		},
		check: func(raw []byte) (Checked, error) {
			config, err := decodeConfig(raw, defaults)
			if err != nil {
				return Checked{}, err
			}
			var checked Checked
			if c, ok := any(&config).(interface{ Restrictions() []Restriction }); ok {
				checked.Restrictions = c.Restrictions()
			}
			if c, ok := any(&config).(interface{ Warnings() error }); ok {
				if err := c.Warnings(); err != nil {
					checked.Warnings = flatten(err)
				}
			}
			return checked, nil
		},
	}
}

// Check returns what is wrong with a configuration, a JSON object, without
// opening the component: an [Error] that names the key, or [Errors] where there
// are several. Nothing outside is touched, so that an address may turn out to
// be dead, and a program to be missing, later.
func (c Component) Check(config []byte) error {
	_, err := c.CheckConfig(config)
	return err
}

// Checked is what there is to say of a valid configuration.
type Checked struct {
	// Restrictions are what Info says and does not hold with it.
	Restrictions []Restriction
	// Warnings are about what is likely not meant, each with the key.
	Warnings Errors
}

// CheckConfig returns what there is to say of a configuration. It fails as Check does.
func (c Component) CheckConfig(config []byte) (Checked, error) {
	if c.check == nil {
		return Checked{}, Errorf(ErrorUnsupported, "%q has no configuration to check", c.Info.Name)
	}
	return c.check(config)
}

// Using returns the component as one that is opened with targets of a campaign:
// its configuration may name them where it has a [Model].
func (c Component) Using(targets Targets) Component {
	c.targets = targets
	return c
}

// Open opens the component with its configuration, a JSON object. By Info.Kind it
// returns a [Target], a [Converter] or a [Scorer]; the function [Open] returns it
// as what it is.
func (c Component) Open(ctx context.Context, config []byte) (any, error) {
	if c.open == nil {
		return nil, Errorf(ErrorUnsupported, "%q cannot be opened: no constructor has made it", c.Info.Name)
	}
	return c.open(ctx, config, c.targets)
}

// Opener opens components by the name that a campaign writes after use:, each with
// its configuration, a JSON object in which secrets are filled in. By its kind it
// returns a [Target], a [Converter] or a [Scorer], which whoever opens it closes if
// it implements [io.Closer]. [OpenAs] returns it as what it is.
type Opener interface {
	Open(ctx context.Context, kind Kind, use string, config []byte) (any, error)
}

// Open opens a component as a T: a [Target], a [Converter] or a [Scorer]. It fails
// with ErrorUnsupported where the component is of another kind.
func Open[T any](ctx context.Context, c Component, config []byte) (T, error) {
	var none T
	if kind := kindFor[T](); c.Info.Kind != kind {
		return none, Errorf(ErrorUnsupported, "%q is a %s, not a %s", c.Info.Name, c.Info.Kind, kind)
	}
	opened, err := c.Open(ctx, config)
	if err != nil {
		return none, err
	}
	return as[T](c.Info.Name, opened)
}

// OpenAs opens a component by its name as a T: a [Target], a [Converter] or a
// [Scorer].
func OpenAs[T any](ctx context.Context, o Opener, use string, config []byte) (T, error) {
	opened, err := o.Open(ctx, kindFor[T](), use, config)
	if err != nil {
		var none T
		return none, err
	}
	return as[T](use, opened)
}

// kindFor returns the kind of the components that are a T. Of another type it
// returns the name, which is no kind.
func kindFor[T any]() Kind {
	switch any((*T)(nil)).(type) {
	case *Target:
		return KindTarget
	case *Converter:
		return KindConverter
	case *Scorer:
		return KindScorer
	default:
		return Kind(reflect.TypeFor[T]().String())
	}
}

// as returns what was opened as a T.
func as[T any](name string, opened any) (T, error) {
	t, ok := opened.(T)
	if !ok {
		return t, Errorf(ErrorInternal, "%q was opened as a %T, which is no %s", name, opened, reflect.TypeFor[T]())
	}
	return t, nil
}

// decodeConfig decodes raw over a copy of the defaults. The copy goes through
// JSON, because decoding into a shallow one would write into the slices and
// maps of the defaults.
func decodeConfig[C any](raw []byte, defaults C) (C, error) {
	var config C
	encoded, err := json.Marshal(defaults)
	if err != nil {
		return config, Errorf(ErrorInternal, "encoding the defaults: %w", err)
	}
	if err := json.Unmarshal(encoded, &config); err != nil {
		return config, Errorf(ErrorInternal, "decoding the defaults: %w", err)
	}
	if len(bytes.TrimSpace(raw)) > 0 {
		decoder := json.NewDecoder(bytes.NewReader(raw))
		decoder.DisallowUnknownFields()
		if err := decoder.Decode(&config); err != nil {
			return config, configError(err)
		}
		if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
			return config, Errorf(ErrorConfig, "more than one JSON value")
		}
	}
	if v, ok := any(&config).(interface{ Validate() error }); ok {
		if err := v.Validate(); err != nil {
			return config, configErrors(err)
		}
	}
	return config, nil
}

// configError turns the decoder's error into one that names the key.
func configError(err error) error {
	if e, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return Errorf(ErrorConfig, "a %s is not a %s", e.Value, e.Type).At(e.Field)
	}
	if name, ok := strings.CutPrefix(err.Error(), "json: unknown field "); ok {
		return Errorf(ErrorConfig, "unknown key").At(strings.Trim(name, `"`))
	}
	return &Error{Kind: ErrorConfig, Err: fmt.Errorf("decoding the configuration: %w", err)}
}
