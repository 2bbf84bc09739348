package agent

import (
	"context"
	"os"
	"os/exec"

	"github.com/redteam-orchestrator/orchestrator/core"
)

type fl struct{}

func (fl) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	f, _ := os.CreateTemp("", "x*.wav")
	f.Close()
	defer os.Remove(f.Name())
	if out, err := exec.CommandContext(ctx, "flite", "-voice", "rms", "-t", in.Text(), "-o", f.Name()).CombinedOutput(); err != nil {
		return core.Value{}, core.Errorf(core.KindInternal, "%s %w", out, err)
	}
	b, err := os.ReadFile(f.Name())
	return core.WAVValue(b), err
}

type ps struct{}

func (ps) Convert(ctx context.Context, in core.Value) (core.Value, error) {
	f, _ := os.CreateTemp("", "x*.wav")
	f.Write(in.Data)
	f.Close()
	defer os.Remove(f.Name())
	out, err := exec.CommandContext(ctx, "pocketsphinx_continuous", "-infile", f.Name(), "-logfn", "/dev/null").Output()
	return core.TextValue(string(out)), err
}

func Open(ctx context.Context) (*Agent, error) { return New(ps{}, fl{}), nil }
