package campaign

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// ParameterType is the type of a parameter's value.
type ParameterType string

// The types of parameters.
const (
	TypeString   ParameterType = "string"
	TypeInteger  ParameterType = "integer"
	TypeNumber   ParameterType = "number"
	TypeBoolean  ParameterType = "boolean"
	TypeDuration ParameterType = "duration"
)

// Where the value of a parameter is from.
const (
	// FromDefault: the campaign's file.
	FromDefault = "default"
	// FromSet: the command line.
	FromSet = "--set"
)

// maxParameter is the largest value of a parameter, in bytes.
const maxParameter = 64 << 10

// Parameter is a value that a run may set, with the value that it has.
type Parameter struct {
	Name        string
	Type        ParameterType
	Description string
	// Value is as it is written: 20, true, 1m30s or a text.
	Value string
	// Source is [FromDefault], [FromSet], or what a [Setting] says.
	Source string
	At     yamlfile.Position

	// hasValue says that there is a value; broken, that the definition is wrong.
	hasValue, broken bool
	limits           parameterLimits
}

// String returns the parameter with its value and source in one line, for people.
func (p Parameter) String() string {
	value := p.Value
	if p.Type == TypeString {
		value = strconv.Quote(phrase.Shorten(value, 120))
	}
	return fmt.Sprintf("%s = %s (%s)", p.Name, value, p.Source)
}

// Setting is the value of a parameter from outside of the campaign's file.
type Setting struct {
	Name, Value string
	// Source is where it is from, such as [FromSet].
	Source string
	// Optional: it is left out where the campaign has no such parameter, and where
	// another Setting has a value for it.
	Optional bool
}

// Given is what a campaign is given from outside of its file.
type Given struct {
	Settings []Setting
	// Partial reads a campaign of which not every parameter has a value, with a
	// value that fits for each that has none. It must not be run.
	Partial bool
	// WasHeld reads a campaign whose conversations have been held: a clip in which
	// nobody can hear anything is no problem of it, and is measured where it is judged.
	WasHeld bool
}

// parameterLimits are the values that a parameter may have.
type parameterLimits struct {
	enum     []string
	min, max string // "" for none
}

var parameterName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// checkParameterName checks that a text can name the parameter.
func checkParameterName(name string) error {
	if !parameterName.MatchString(name) {
		return fmt.Errorf("%s is not the name of a parameter: use lower-case letters, digits and _", yamlfile.Quote(name))
	}
	return yamlfile.CheckLength(name)
}

// readParameters reads parameters:, each with its default.
func readParameters(v value) []Parameter {
	var all []Parameter
	v.Definitions("parameter", checkParameterName, func(name string, at yamlfile.Position, v value) {
		all = append(all, readParameter(name, at, v))
	})
	return all
}

// readParameter reads a definition; a scalar is short for {default: scalar}.
func readParameter(name string, at yamlfile.Position, v value) (p Parameter) {
	p = Parameter{Name: name, Source: FromDefault, At: at}
	before := v.File().Count()
	defer func() { p.broken = v.File().Count() > before }()
	var byDefault value
	if v.IsScalar() {
		if v.IsNull() {
			v.Problem(fmt.Sprintf("write %s: VALUE, or %s: {type: string} for a value that only --set gives", name, name), "%s has neither a value nor a type", v.Label())
			return p
		}
		byDefault = v
	} else {
		var enum, least, most value
		v.Object(
			yamlfile.Optional("type", func(v value) { p.Type = readParameterType(v) }),
			yamlfile.Optional("default", func(v value) { byDefault = v }),
			yamlfile.Optional("description", yamlfile.TextInto(&p.Description)),
			yamlfile.Optional("enum", func(v value) { enum = v }),
			yamlfile.Optional("min", func(v value) { least = v }),
			yamlfile.Optional("max", func(v value) { most = v }),
		)
		if p.Type == "" {
			p.Type = typeOf(byDefault, enum)
		}
		if v.File().Count() == before {
			p.readLimits(enum, least, most)
		}
	}
	if p.Type == "" {
		p.Type = typeOf(byDefault, value{})
	}
	if byDefault.Given() && v.File().Count() == before {
		p.readDefault(byDefault)
	}
	return p
}

func readParameterType(v value) ParameterType {
	switch v.Written() {
	case "secret", "password":
		v.Problem("write ${NAME} where it is needed, and put the value into the environment or a file for --env-file", "a secret is no parameter: the values of parameters are printed and recorded")
		return TypeString
	case "int":
		v.Problem("write integer", "there is no type %q", v.Written())
		return TypeInteger
	case "float", "double":
		v.Problem("write number", "there is no type %q", v.Written())
		return TypeNumber
	case "text", "str":
		v.Problem("write string", "there is no type %q", v.Written())
		return TypeString
	}
	t, ok := v.Choice(string(TypeString), string(TypeInteger), string(TypeNumber), string(TypeBoolean), string(TypeDuration))
	if !ok {
		return TypeString
	}
	return ParameterType(t)
}

// typeOf returns the type of a default, or else that of the first value of enum.
func typeOf(byDefault, enum value) ParameterType {
	of := TypeString
	one := func(v value) {
		switch {
		case v.IsScalar() && !v.IsText() && (v.Written() == "true" || v.Written() == "false"):
			of = TypeBoolean
		case !v.IsScalar() || v.IsText() || v.IsNull():
		case integerText.MatchString(v.Written()):
			of = TypeInteger
		default:
			of = TypeNumber
		}
	}
	switch {
	case byDefault.Given():
		one(byDefault)
	case enum.Given() && enum.IsList():
		first := true
		enum.List(func(v value) {
			if first {
				one(v)
			}
			first = false
		})
	}
	return of
}

var integerText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)

// readScalar reads a value of the parameter's type from the file.
func (p *Parameter) readScalar(v value) (string, bool) {
	before := v.File().Count()
	switch p.Type {
	case TypeInteger:
		v.Integer(math.MinInt, math.MaxInt)
	case TypeNumber:
		v.Number(-math.MaxFloat64, math.MaxFloat64, "")
	case TypeBoolean:
		v.Boolean()
	case TypeDuration:
		v.Duration(0, math.MaxInt64)
	default:
		if !v.IsText() || v.Written() != "" {
			v.Text()
		}
	}
	return v.Written(), v.File().Count() == before
}

// readDefault reads the value that the file gives.
func (p *Parameter) readDefault(v value) {
	written, ok := p.readScalar(v)
	if !ok {
		return
	}
	if looksSecret(p.Name, written) || holdsAddressWithSecret(written) {
		v.SecretProblem("write ${NAME} where it is needed, and put the value into the environment", "parameter %q holds what looks like a secret itself", p.Name)
		return
	}
	if message, hint := p.limits.check(p.Type, written); message != "" {
		v.Problem(hint, "the default of parameter %q: %s", p.Name, message)
		return
	}
	p.Value, p.hasValue = written, true
}

// readLimits reads the values that are allowed.
func (p *Parameter) readLimits(enum, least, most value) {
	if enum.Given() {
		enum.List(func(v value) {
			written, ok := p.readScalar(v)
			if ok && slices.Contains(p.limits.enum, written) {
				v.Problem("", "%s is listed twice", yamlfile.Quote(written))
			}
			p.limits.enum = append(p.limits.enum, written)
		})
		if enum.IsList() && enum.Len() == 0 {
			enum.Problem("leave it out to allow every value", "enum must not be empty")
		}
	}
	bound := func(v value, into *string) {
		switch {
		case !v.Given():
		case p.Type == TypeBoolean:
			v.Problem("leave it out", "a boolean has no %s", v.Label())
		case p.Type == TypeString:
			if _, ok := v.Integer(0, maxParameter); ok {
				*into = v.Written()
			}
		default:
			if written, ok := p.readScalar(v); ok {
				*into = written
			}
		}
	}
	bound(least, &p.limits.min)
	bound(most, &p.limits.max)
	if p.limits.min != "" && p.limits.max != "" && magnitude(p.measure(), p.limits.min) > magnitude(p.measure(), p.limits.max) {
		most.Problem("", "max is less than min")
	}
}

// measure is the type of the parameter's bounds: those of a text are lengths.
func (p *Parameter) measure() ParameterType {
	if p.Type == TypeString {
		return TypeInteger
	}
	return p.Type
}

// magnitude returns a number, or a duration in nanoseconds.
func magnitude(t ParameterType, written string) float64 {
	if t == TypeDuration {
		d, _ := time.ParseDuration(written) // checked when it was read
		return float64(d)
	}
	n, _ := strconv.ParseFloat(written, 64) // checked when it was read
	return n
}

// check returns why a value of the right type is not allowed.
func (l parameterLimits) check(t ParameterType, written string) (message, hint string) {
	if len(l.enum) > 0 && !slices.Contains(l.enum, written) {
		return fmt.Sprintf("%s is not one of %s", yamlfile.Quote(written), phrase.OneLine(joined(l.enum))), yamlfile.DidYouMean(schema.Nearest(written, l.enum))
	}
	size, what := magnitude(t, written), yamlfile.Quote(written)
	measure := t
	if t == TypeString {
		measure = TypeInteger
		size, what = float64(utf8.RuneCountInString(written)), fmt.Sprintf("a text of %s", phrase.Count(utf8.RuneCountInString(written), "character"))
	}
	switch {
	case l.min != "" && size < magnitude(measure, l.min):
		return fmt.Sprintf("%s is less than min, which is %s", what, l.min), ""
	case l.max != "" && size > magnitude(measure, l.max):
		return fmt.Sprintf("%s is more than max, which is %s", what, l.max), ""
	}
	return "", ""
}

func joined(words []string) string {
	all := ""
	for i, w := range words {
		if i > 0 {
			all += ", "
		}
		all += w
	}
	return all
}
