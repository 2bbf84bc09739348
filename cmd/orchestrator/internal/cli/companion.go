package cli

import (
	"os"
	"path/filepath"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// providersSHA256 is the checksum of the companion that was built with this program, in
// hexadecimal. The linker sets it: see .ci/build. It is "" in a program that was built
// without.
var providersSHA256 string

// companions returns the plugins whose programs come with this one. Each is looked for
// beside this program only: a campaign's folder, PATH and the folders of third parties'
// plugins cannot bring one along.
func companions(env Env) []app.Companion {
	all := []app.Companion{{
		Name:        "providers",
		SHA256:      providersSHA256,
		Permissions: core.Permissions{Network: true},
		Offers:      map[core.Kind][]string{core.KindTarget: {"anthropic", "chat", "gemini", "responses"}},
	}}
	for i := range all {
		c := &all[i]
		c.Path = filepath.Join(filepath.Dir(env.Executable), host.FilePrefix+c.Name)
		info, err := os.Stat(c.Path)
		c.Missing = err != nil || info.IsDir()
	}
	return all
}

// missingCompanion returns the companion of a name, or with a component of it, that is not
// there.
func missingCompanion(env Env, name string) (app.Companion, bool) {
	for _, c := range companions(env) {
		offers := slices.ContainsFunc(core.Kinds(), func(kind core.Kind) bool { return slices.Contains(c.Offers[kind], name) })
		if c.Missing && (c.Name == name || offers) {
			return c, true
		}
	}
	return app.Companion{}, false
}
