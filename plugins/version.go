package plugins

import (
	"cmp"
	"runtime/debug"
)

// BuildVersion returns the version of the running program's module in its build
// information, for an [Info]: a released version, one that names the revision of the
// checkout that the program was built from, or "(devel)".
func BuildVersion() string {
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	return cmp.Or(build.Main.Version, "(devel)")
}

// sdkVersion returns the version of this module in the program's build
// information.
func sdkVersion() string {
	const module = "github.com/redteam-orchestrator/orchestrator"
	build, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, m := range append(build.Deps, &build.Main) {
		if m.Path == module && m.Version != "" {
			return m.Version
		}
	}
	return "(devel)"
}
