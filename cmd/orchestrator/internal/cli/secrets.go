package cli

import (
	"bytes"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// maxSecret bounds a file that holds a secret.
const maxSecret = 1 << 20

// lookupSecret resolves a campaign's secret references from the environment
// and from files. Whoever asked adds which reference it was.
func (env Env) lookupSecret(ref secret.Reference) (string, error) {
	switch ref.Scheme {
	case secret.SchemeEnv:
		value, ok := env.LookupEnv(ref.Name)
		if !ok {
			return "", core.Errorf(core.KindConfig, "the environment variable is not set").WithHint("export %s before the run", ref.Name)
		}
		return value, nil
	case secret.SchemeFile:
		data, err := env.ReadFile(ref.Name, maxSecret)
		return string(bytes.TrimRight(data, "\r\n")), err
	default:
		return "", fmt.Errorf("unknown scheme %q", ref.Scheme)
	}
}
