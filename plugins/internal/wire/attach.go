package wire

// EnvAttach is the variable that names plugins which the host attaches to
// instead of starting them: a JSON object from names to attachments.
const EnvAttach = "ORCHESTRATOR_ATTACH"

// Attachment is the address of a plugin that its author has started.
type Attachment struct {
	// Socket is the path of a Unix socket in a folder that only its owner can
	// enter. That, and not TLS, keeps other users out.
	Socket string `json:"socket"`
	// PID is the plugin's process.
	PID int `json:"pid"`
	// Protocol is the version of the handshake, as go-plugin counts it.
	Protocol int `json:"protocol"`
}
