package wire

import goplugin "github.com/hashicorp/go-plugin"

const (
	// MaxMessage is the size limit of one message in bytes, either way.
	MaxMessage = 64 << 20
	// ChunkSize is the largest content of one message of a reply, in bytes.
	ChunkSize = 1 << 20
	// PluginSet is the name under which go-plugin dispenses the connection.
	PluginSet = "redteam.plugin.v1"
	// CallKey is the metadata key that identifies a host's call of a converter
	// or scorer. A plugin's requests to the host during that call carry the
	// same value.
	CallKey = "redteam-call"
)

// EnvClientCert is the variable in which go-plugin's AutoMTLS passes the host's
// certificate, in PEM, to the plugin.
const EnvClientCert = "PLUGIN_CLIENT_CERT"

// The variables that the host sets for a plugin, in addition to go-plugin's.
const (
	// EnvLifeline says that standard input ends when the host is gone.
	EnvLifeline = "ORCHESTRATOR_PLUGIN_LIFELINE"
	// EnvLogLevel is the lowest level, as hclog names it, of log lines that the
	// host keeps.
	EnvLogLevel = "ORCHESTRATOR_PLUGIN_LOG_LEVEL"
	// EnvFolder is the folder that belongs to the process. It is removed with
	// its contents when the process has ended, by the host or, if that is gone,
	// by the process.
	EnvFolder = "ORCHESTRATOR_PLUGIN_FOLDER"
	// EnvEgress is the URL of the proxy through which the plugin reaches the
	// network, with its credentials. HTTP_PROXY and HTTPS_PROXY hold the same,
	// but many clients use no proxy for this machine.
	EnvEgress = "ORCHESTRATOR_EGRESS"
	// EnvSandbox is 1 where the plugin's permissions are enforced.
	EnvSandbox = "ORCHESTRATOR_SANDBOX"
)

// Handshake identifies a plugin of this project. It is not a security measure:
// mutual TLS is.
func Handshake() goplugin.HandshakeConfig {
	return goplugin.HandshakeConfig{
		ProtocolVersion:  1,
		MagicCookieKey:   "ORCHESTRATOR_PLUGIN",
		MagicCookieValue: "redteam.plugin.v1",
	}
}
