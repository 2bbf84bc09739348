package verdict

// Expression is a compiled success expression.
type Expression struct{}
