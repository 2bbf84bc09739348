package realtime

import (
	"encoding/json"
	"net/http"
	"strings"
)

// dialect is what sets one Realtime service apart from the others. A new one
// is a value of this type in a file of its own, and its name in dialects and in
// Config.Provider.
//
// Everything beyond connecting speaks the generally available protocol of
// OpenAI: what the target sends are the structs of events.go, and what it reads
// is serverEvent under the event names of protocol.go. A service with another
// protocol, such as Gemini Live or GPT-Live, translates in encode and decode:
// a client event becomes that protocol's message, or nil where it has none, and
// a message becomes the server event that means the same.
type dialect struct {
	name string
	// hosts are the parts of host names that tell whose service it is. One
	// that begins with a dot may stand anywhere in a name, any other is a
	// whole name, or the end of one.
	hosts []string
	// path is that of the service's Realtime address.
	path string
	// needsKey says that the service demands a key.
	needsKey bool
	// onlySpeaks says that replies cannot be asked for in text.
	onlySpeaks bool
	// authorize puts an API key into the headers of the handshake.
	authorize func(header http.Header, key string)
	// session turns the settings into what the service takes.
	session func(sessionConfig) any
	encode  func(event any) ([]byte, error)
	// decode reads a message into an empty event; the ids are those of the one
	// before.
	decode func(frame []byte, before ids, event *serverEvent) error
}

// realtimeGA is the generally available protocol as OpenAI speaks it.
func realtimeGA(name string, hosts ...string) dialect {
	return dialect{
		name: name, hosts: hosts, path: "/v1/realtime", needsKey: true,
		authorize: bearer,
		session:   func(s sessionConfig) any { return s },
		encode:    json.Marshal,
		decode:    scan,
	}
}

func bearer(header http.Header, key string) { header.Set("Authorization", "Bearer "+key) }

// dialects lists the services that are told by their hosts.
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

// compatible is any other service. What it leaves out of the protocol is
// tolerated; what it adds is remarked upon.
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
