package campaign

// Config is a with: block.
type Config struct {
	// JSON is the block as a JSON object, secret references unresolved.
	JSON []byte
}
