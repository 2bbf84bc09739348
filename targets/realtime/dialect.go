package realtime

import (
	"encoding/json"
	"net/http"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// dialect is what sets one Realtime service apart from the others. A new one is
// a value of this type in a file of its own; its name goes into dialects and
// Config.Provider.
//
// Apart from connecting, the target uses the generally available protocol of
// OpenAI: it sends the structs of events.go, and reads serverEvent under the
// event names of protocol.go. A service with another protocol, such as Gemini
// Live or GPT-Live, translates in encode and decode: encode turns a client
// event into a message of that protocol, or nil where it has none; decode turns
// a message into the equivalent server event.
type dialect struct {
	name string
	// hosts are the parts of host names that identify the service. One that
	// begins with a dot matches anywhere in a name, any other matches a whole
	// name or the end of one.
	hosts []string
	// path is the path of the service's Realtime endpoint.
	path string
	// needsKey says that the service requires an API key.
	needsKey bool
	// onlySpeaks says that the service has no text-only replies.
	onlySpeaks bool
	// lacks are keys of [Config] that the service has no setting for, and that are
	// refused there; further ones are left out.
	lacks []string
	// authorize sets the API key in the headers of the handshake.
	authorize func(header http.Header, key string)
	// session converts the settings into the session object of the service.
	session func(sessionConfig) any
	encode  func(event any) ([]byte, error)
	// decode reads a message into an empty event. The ids are those of the
	// event before, for reuse.
	decode func(frame []byte, before ids, event *serverEvent) error
}

// realtimeGA is OpenAI's generally available protocol.
func realtimeGA(name string, hosts ...string) dialect {
	return dialect{
		name: name, hosts: hosts, path: "/v1/realtime", needsKey: true,
		authorize: access.Bearer,
		session:   func(s sessionConfig) any { return s },
		encode:    json.Marshal,
		decode:    scan,
	}
}

// dialects lists the services that are recognised by host.
func dialects() []dialect { return []dialect{openAI(), azure(), xAI()} }

func openAI() dialect { return realtimeGA("openai", "api.openai.com") }

// azure is Azure OpenAI. Its hosts include those of the sovereign clouds, such
// as NAME.openai.azure.us.
func azure() dialect {
	d := realtimeGA("azure", ".openai.azure.", ".cognitiveservices.azure.", ".services.ai.azure.")
	d.path = "/openai/v1/realtime"
	d.authorize = func(header http.Header, key string) { header.Set("Api-Key", key) }
	return d
}

// compatible is any other service. Parts of the protocol that it leaves out are
// tolerated; event types that it adds cause a warning.
func compatible() dialect {
	d := realtimeGA("compatible")
	d.needsKey = false
	return d
}

// dialectOf returns the dialect of a provider, or, for "auto", that of a host.
func dialectOf(provider, host string) dialect {
	host = strings.ToLower(host)
	for _, d := range dialects() {
		if provider == d.name || (provider == "auto" || provider == "") && d.speaksAt(host) {
			return d
		}
	}
	return compatible()
}

func (d dialect) speaksAt(host string) bool {
	for _, part := range d.hosts {
		switch {
		case strings.HasPrefix(part, ".") && strings.Contains(host, part),
			host == part, strings.HasSuffix(host, "."+part):
			return true
		}
	}
	return false
}
