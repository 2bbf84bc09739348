package wire

import goplugin "github.com/hashicorp/go-plugin"

const (
	// MaxMessage is the size limit of one message in bytes, either way.
	MaxMessage = 64 << 20
	// ChunkSize is how many bytes of content one message of a reply carries.
	ChunkSize = 1 << 20
	// PluginSet is the name under which go-plugin dispenses the connection.
	PluginSet = "redteam.plugin.v1"
	// CallKey is the metadata key of a host's call of a converter or scorer. What
	// a plugin asks of the host for that call carries the same value.
	CallKey = "redteam-call"
)

// The variables that the host sets for a plugin, beside go-plugin's own.
const (
	// EnvLifeline says that standard input ends when the host is gone.
	EnvLifeline = "ORCHESTRATOR_PLUGIN_LIFELINE"
	// EnvLogLevel is the level, in hclog's words, below which the host drops
	// log lines.
	EnvLogLevel = "ORCHESTRATOR_PLUGIN_LOG_LEVEL"
	// EnvFolder is the folder that belongs to the process. It is removed with
	// all that is in it when the process is over, by the host or, where that is
	// gone, by the process.
	EnvFolder = "ORCHESTRATOR_PLUGIN_FOLDER"
	// EnvEgress is the URL of the proxy through which the plugin reaches the
	// network, with its credentials. HTTP_PROXY and HTTPS_PROXY hold the same,
	// but many clients use no proxy for this machine.
	EnvEgress = "ORCHESTRATOR_EGRESS"
	// EnvSandbox is 1 where the system holds the plugin to its permissions.
	EnvSandbox = "ORCHESTRATOR_SANDBOX"
)

// Handshake returns what tells a plugin of ours from any other program. It is
// no security measure: mutual TLS is.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{
		ProtocolVersion:  1,
		MagicCookieKey:   "ORCHESTRATOR_PLUGIN",
		MagicCookieValue: "redteam.plugin.v1",
	}
}
