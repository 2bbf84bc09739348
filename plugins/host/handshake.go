package host

import (
	"regexp"
	"strconv"
	"strings"

	goplugin "github.com/hashicorp/go-plugin"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/plugins/internal/wire"
)

// isHandshake matches go-plugin's line: 1|1|unix|/path|grpc|certificate.
func isHandshake(line string) bool {
	return regexp.MustCompile(`^\d+\|\d+\|[a-z]+\|[^|]+\|`).MatchString(line)
}

// checkHandshake returns why a plugin with this first line of output is not
// compatible; nil if it is.
func checkHandshake(line string) error {
	if !isHandshake(line) {
		return core.Errorf(core.ErrorProtocol, "the plugin wrote to standard output before the plugin handshake: %q", phrase.Shorten(line, maxShown)).
			WithHint("a plugin prints nothing before it calls plugins.Serve; logs belong on standard error")
	}
	fields := strings.Split(line, "|")
	ours := strconv.FormatUint(uint64(wire.Handshake().ProtocolVersion), 10)
	switch {
	case fields[0] != strconv.Itoa(goplugin.CoreProtocolVersion):
		return core.Errorf(core.ErrorProtocol, "the plugin speaks version %s of go-plugin's handshake, and this orchestrator version %d", fields[0], goplugin.CoreProtocolVersion).
			WithHint("build the plugin with another version of go-plugin")
	case fields[1] != ours:
		return core.Errorf(core.ErrorProtocol, "the plugin speaks version %s of the plugin protocol, and this orchestrator version %s", fields[1], ours).
			WithHint("%s", otherVersion(fields[1], ours))
	case len(fields) < 6 || fields[5] == "":
		return core.Errorf(core.ErrorProtocol, "the handshake names no certificate").
			WithHint("a plugin serves over mutual TLS; its own certificate is the last field of the handshake line, in DER and base64 without padding")
	}
	return nil
}

// otherVersion says which side has to be updated.
func otherVersion(theirs, ours string) string {
	if len(theirs) > len(ours) || len(theirs) == len(ours) && theirs > ours {
		return "update orchestrator, or install an older version of the plugin"
	}
	return "install a newer version of the plugin"
}
