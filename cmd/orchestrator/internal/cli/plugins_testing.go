package cli

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
	"github.com/redteam-orchestrator/orchestrator/plugins/conformance"
	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

// testFlags are those of "plugins test".
type testFlags struct {
	cases   string
	run     string
	timeout time.Duration
	verbose bool
	// bare: the plugin runs without restrictions.
	bare    bool
	secrets secretFlags
}

func newPluginsTestCommand(env Env) *cobra.Command {
	var flags testFlags
	cmd := &cobra.Command{
		Use:   "test PROGRAM [ARGUMENT...]",
		Short: "Hold a plugin's program to everything that campaigns rely on",
		Long: `test starts a plugin's program, written in any language, and checks what campaigns
rely on: how it describes itself, refuses wrong configurations, converts, answers
and judges, takes large and hostile input, honours cancellation, stops, and what
it leaves behind. A component with required keys needs a case in the file that
--cases names:

  version: 1
  converters:
    tts: {with: {voice: en}, input: Say this.}
  targets:
    ivr: {with: {address: "tcp://127.0.0.1:7007"}}

An input is a text, {audio: file.wav} or {image: file.png}.

Exit codes: 0 all checks passed; 1 one failed; 2 the command line or the cases
are wrong.`,
		Args: takes(1, 64, "the plugin's program"),
		RunE: func(cmd *cobra.Command, argv []string) error { return testPlugin(cmd.Context(), env, flags, argv) },
	}
	cmd.Flags().StringVar(&flags.cases, "cases", "", "`file` with what components are tested with")
	cmd.Flags().StringVar(&flags.run, "run", "", "run only the checks whose names match this regular `expression`")
	cmd.Flags().DurationVar(&flags.timeout, "timeout", time.Minute, "how long one check may take")
	cmd.Flags().BoolVar(&flags.verbose, "verbose", false, "show what the plugin logs")
	cmd.Flags().BoolVar(&flags.bare, "no-sandbox", false, "do not hold the plugin to what it declares")
	flags.secrets.register(cmd)
	return cmd
}

func testPlugin(ctx context.Context, env Env, flags testFlags, argv []string) (err error) {
	only, err := regexp.Compile(flags.run)
	if err != nil {
		return usagef("--run %q: %w", flags.run, err)
	}
	if flags.timeout <= 0 {
		return usagef("--timeout %v is not a time", flags.timeout)
	}
	program, err := filepath.Abs(argv[0])
	if err != nil {
		return fmt.Errorf("finding the program: %w", err)
	}
	if info, err := os.Stat(program); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		return usagef("%s is not a program that can be run", argv[0]).withHint("name a file that exists and is executable: ./orchestrator-plugin-NAME")
	}
	redactor := secret.NewRedactor()
	cases, err := flags.readCases(env, redactor)
	if err != nil {
		return err
	}
	stdout, stderr := redactor.Writer(env.Stdout), redactor.Writer(env.Stderr)
	defer func() { err = errors.Join(err, stdout.Close(), stderr.Close()) }()
	log := hclog.NewNullLogger()
	if flags.verbose {
		log = hclog.New(&hclog.LoggerOptions{Name: "plugin", Level: hclog.Debug, Output: stderr})
	}
	proxy := egress.New(egress.Options{})
	defer func() { err = errors.Join(err, proxy.Close()) }()
	var confinement host.Confinement
	if !flags.bare {
		confinement = (&confinementFlags{}).confinement(env)
		confinement.Egress = proxy
	}
	checks := &checkList{out: stdout, only: only, timeout: flags.timeout}
	conformance.Program{
		Argv:  append([]string{program}, argv[1:]...),
		Host:  []string{env.Executable, pluginHost},
		Cases: cases, Log: log, Confinement: confinement,
	}.Check(checks.root(ctx))
	return checks.conclude(ctx)
}

// readCases reads the cases file, with the secrets that it names.
func (f *testFlags) readCases(env Env, redactor *secret.Redactor) ([]conformance.Case, error) {
	if f.cases == "" {
		return nil, nil
	}
	root, err := os.OpenRoot(filepath.Dir(f.cases))
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "opening the folder of the cases: %w", err)
	}
	defer root.Close()
	read, err := campaign.ReadCases(root.FS(), filepath.Base(f.cases), f.cases)
	if problems, ok := errors.AsType[yamlfile.Problems](err); ok {
		return nil, app.CampaignError{Problems: problems, Source: read.Source}
	}
	if err != nil {
		return nil, core.Errorf(core.ErrorConfig, "%w", err)
	}
	secrets, err := f.secrets.secrets(env, env.Stderr)
	if err != nil {
		return nil, err
	}
	var cases []conformance.Case
	for _, c := range read.All {
		config, values, err := secret.Expand(c.With.JSON, secrets.Lookup(f.cases))
		if err != nil {
			return nil, fmt.Errorf("the case of %s %q: %w", c.Kind, c.Use.Name, err)
		}
		redactor.Add(values...)
		given := conformance.Case{Kind: c.Kind, Use: c.Use.Name, Config: string(config)}
		if c.Input != nil {
			given.Input = *c.Input
		}
		cases = append(cases, given)
	}
	return cases, nil
}
