package host

import (
	"fmt"
	"os"
)

// environment returns what a plugin gets to know of the host's environment:
// where programs, temporary files and certificates are, the language and the
// time zone, the way out of the network, how Go's race detector is set, and how
// much memory a program in Go had better not exceed. Secrets reach a plugin
// through the configuration of the component that needs them, and no other way.
func environment(l Limits) []string {
	env := []string{fmt.Sprintf("GOMEMLIMIT=%d", l.Memory/10*9)}
	return append(env, passed(
		"PATH", "TMPDIR", "TZ",
		"LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_MESSAGES", "LC_NUMERIC", "LC_TIME",
		"SSL_CERT_FILE", "SSL_CERT_DIR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
		"GORACE",
	)...)
}

// home is what a plugin gets to know besides that is held to nothing: what it
// runs looks for its settings there.
func home() []string { return passed("HOME") }

// passed returns the entries of this process's environment with these names.
func passed(names ...string) []string {
	var env []string
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok { //nolint:forbidigo // what passes to a plugin is decided here and nowhere else
			env = append(env, name+"="+value)
		}
	}
	return env
}
