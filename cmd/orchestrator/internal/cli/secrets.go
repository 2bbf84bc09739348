package cli

import (
	"bytes"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// lookupSecret resolves a campaign's secret references from the environment
// and from files. A secret that is empty is as wrong as one that is missing.
func (env Env) lookupSecret(ref secret.Reference) (string, error) {
	switch ref.Scheme {
	case "env":
		value, ok := env.LookupEnv(ref.Name)
		if !ok || value == "" {
			return "", core.Errorf(core.KindConfig, "%s: the environment variable %s is not set", ref.Raw, ref.Name).
				At(ref.Path).WithHint("export %s before the run", ref.Name)
		}
		return value, nil
	case "file":
		data, err := env.ReadFile(ref.Name)
		if err != nil {
			return "", core.Errorf(core.KindConfig, "%s: %w", ref.Raw, err).At(ref.Path)
		}
		value := string(bytes.TrimRight(data, "\r\n"))
		if value == "" {
			return "", core.Errorf(core.KindConfig, "%s: the file is empty", ref.Raw).At(ref.Path)
		}
		return value, nil
	default:
		return "", fmt.Errorf("%s: unknown scheme %q", ref.Raw, ref.Scheme)
	}
}
