package host_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hashicorp/go-hclog"

	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func TestAFolderThatCannotBeReadIsAWarningAndAMissingOneIsNot(t *testing.T) {
	t.Parallel()
	log := &logBuffer{}
	logger := hclog.New(&hclog.LoggerOptions{Output: log})
	dir := t.TempDir()
	host.Discover([]string{filepath.Join(dir, "missing"), dir}, logger)
	if log.String() != "" {
		t.Errorf("a missing and an empty folder are logged: %s", log)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if found := host.Discover([]string{file}, logger); len(found) != 0 || !strings.Contains(log.String(), "plugin folder cannot be read") {
		t.Errorf("found %v, and the log says %q; want nothing and a warning", found, log)
	}
}
