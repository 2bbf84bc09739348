package host

import (
	"fmt"
	"os"
)

// GCPercent is GOGC where the user has not set it, for this program and for plugins: the
// garbage of most runs is small, and several processes share one machine (D35).
const GCPercent = 50

// environment returns the variables of the host's environment that a plugin
// gets: search paths, temporary files, certificates, language, time zone,
// proxies, settings of Go's race detector, and for Go programs a memory limit and how
// often to collect garbage.
// Secrets reach a plugin only in the configuration of the component that needs
// them.
func environment(l Limits) []string {
	env := []string{fmt.Sprintf("GOMEMLIMIT=%d", l.Memory/10*9), fmt.Sprintf("GOGC=%d", GCPercent)}
	return append(env, passed(
		"PATH", "TMPDIR", "TZ",
		"LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_COLLATE", "LC_MESSAGES", "LC_NUMERIC", "LC_TIME",
		"SSL_CERT_FILE", "SSL_CERT_DIR",
		"HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
		"GOGC", "GORACE",
	)...)
}

// home is what an unrestricted plugin gets in addition: the programs that it
// runs look for their settings there.
func home() []string { return passed("HOME") }

// passed returns the variables of this process's environment with these names.
func passed(names ...string) []string {
	var env []string
	for _, name := range names {
		if value, ok := os.LookupEnv(name); ok { //nolint:forbidigo // the only place that decides what is passed to a plugin
			env = append(env, name+"="+value)
		}
	}
	return env
}
