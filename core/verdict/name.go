package verdict

import "fmt"

// CheckName says why a name cannot stand for a score in an expression, or
// returns nil. Names consist of lower-case letters, digits and "_" and do not
// start with a digit.
func CheckName(name string) error {
	for i, r := range name {
		letter := r == '_' || 'a' <= r && r <= 'z'
		if !letter && (i == 0 || r < '0' || r > '9') {
			return fmt.Errorf("%q is not a name for a scorer: use lower-case letters, digits and _", name)
		}
	}
	if name == "" {
		return fmt.Errorf("%q is not a name for a scorer: it is empty", name)
	}
	if reserved(name) {
		return fmt.Errorf("%q is a word of the expression language", name)
	}
	return nil
}

// reserved reports whether CEL gives a name a meaning of its own: keywords,
// and the names of types.
func reserved(name string) bool {
	switch name {
	case "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let",
		"loop", "package", "namespace", "null", "return", "true", "var", "void", "while",
		"bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint":
		return true
	}
	return false
}
