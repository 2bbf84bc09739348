package verdict

import "fmt"

// CheckName returns an error if a name cannot be used for a score in an expression.
// Names consist of ASCII lower-case letters, digits and "_", do not start with a
// digit, and are not reserved by CEL.
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

// reserved reports whether a name is a keyword or the name of a type in CEL.
func reserved(name string) bool {
	switch name {
	case "as", "break", "const", "continue", "else", "false", "for", "function", "if", "import", "in", "let",
		"loop", "package", "namespace", "null", "return", "true", "var", "void", "while",
		"bool", "bytes", "double", "dyn", "int", "list", "map", "null_type", "string", "type", "uint":
		return true
	}
	return false
}
