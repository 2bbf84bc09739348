package schema

import (
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// constrain adds the constraints of a field's format, enum, min and max tags.
func constrain(n *node, tag reflect.StructTag, required bool) error {
	if err := constrainText(n, tag); err != nil {
		return err
	}
	if name, ok := tag.Lookup("env"); ok {
		if err := n.fromEnvironment(name); err != nil {
			return err
		}
	}
	if required && n.Type == typeString && len(n.Enum) == 0 {
		one := 1
		n.MinLength = &one
	}
	if value, ok := tag.Lookup("min"); ok {
		if err := limit(n, value, &n.Minimum, &n.MinLength, &n.MinItems, &n.FormatMinimum); err != nil {
			return fmt.Errorf("min %q: %w", value, err)
		}
	}
	if value, ok := tag.Lookup("max"); ok {
		if err := limit(n, value, &n.Maximum, &n.MaxLength, &n.MaxItems, &n.FormatMaximum); err != nil {
			return fmt.Errorf("max %q: %w", value, err)
		}
	}
	return nil
}

// constrainText adds the constraints of a field's format and enum tags, which are
// those of a string or of a list's strings.
func constrainText(n *node, tag reflect.StructTag) error {
	text := n
	if n.Type == typeArray {
		text = n.Items
	}
	if format, ok := tag.Lookup("format"); ok {
		if text.Type != typeString {
			return fmt.Errorf("format %q on a value of type %q", format, text.Type)
		}
		text.Format = format
	}
	if enum, ok := tag.Lookup("enum"); ok {
		if text.Type != typeString {
			return fmt.Errorf("enum %q on a value of type %q", enum, text.Type)
		}
		for value := range strings.SplitSeq(enum, ",") {
			encoded, err := json.Marshal(value)
			if err != nil {
				return err
			}
			text.Enum = append(text.Enum, encoded)
		}
	}
	return nil
}

// limit sets the one of the four bounds that applies to the node's type.
func limit(n *node, value string, bound **json.Number, length, items **int, duration *string) error {
	switch {
	case n.Type == typeInteger || n.Type == typeNumber:
		if _, err := strconv.ParseFloat(value, 64); err != nil || !json.Valid([]byte(value)) {
			return fmt.Errorf("not a number")
		}
		exact := json.Number(value)
		*bound = &exact
		return nil
	case n.Format == formatDuration:
		if _, err := time.ParseDuration(value); err != nil {
			return err
		}
		*duration = value
		return nil
	}
	count, err := strconv.Atoi(value)
	if err != nil || count < 0 {
		return fmt.Errorf("not a count")
	}
	switch n.Type {
	case typeString:
		*length = &count
	case typeArray:
		*items = &count
	default:
		return fmt.Errorf("a value of type %q has no range", n.Type)
	}
	return nil
}

// fromEnvironment names the environment variable that gives a value.
func (n *node) fromEnvironment(name string) error {
	switch {
	case n.Type != typeString:
		return fmt.Errorf("environment variable %q for a value of type %q", name, n.Type)
	case !variableName.MatchString(name):
		return fmt.Errorf("%q is not the name of an environment variable", name)
	}
	n.Environment = name
	return nil
}

// variableName matches the names of environment variables that secret references
// can have, too.
var variableName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// fromEnvironment names the environment variables of an embedded struct's fields
// by the tag of the embedding.
func (ps properties) fromEnvironment(tag reflect.StructTag) error {
	list, ok := tag.Lookup("env")
	if !ok {
		return nil
	}
	for entry := range strings.SplitSeq(list, ",") {
		key, name, _ := strings.Cut(entry, "=")
		i := slices.IndexFunc(ps, func(p property) bool { return p.name == key })
		if i < 0 {
			return fmt.Errorf("env %q: there is no key %q in it", entry, key)
		}
		if err := ps[i].node.fromEnvironment(name); err != nil {
			return err
		}
	}
	return nil
}
