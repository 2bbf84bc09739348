package cli

import (
	"io"
	"os/exec"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/app"
	"github.com/redteam-orchestrator/orchestrator/cmd/internal/view"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

// secretFlags say which files a campaign may name as secrets, and which give the
// values of variables.
type secretFlags struct{ dirs, envFiles []string }

func (f *secretFlags) register(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.dirs, "secret-dir", nil, "`folder` whose files a campaign may name as secrets, or have a component read, by absolute path; may be repeated")
	cmd.Flags().StringArrayVar(&f.envFiles, "env-file", nil, "`file` of lines NAME=VALUE that ${NAME} refers to, where the environment has no such variable; may be repeated")
}

// secrets returns the Secrets. Warnings about the files are written to w.
func (f *secretFlags) secrets(env Env, w io.Writer) (*app.Secrets, error) {
	variables, warnings, err := app.ReadVariables(env.Files, f.envFiles, env.LookupEnv)
	for _, warning := range warnings {
		view.Lines(w, "warning", warning)
	}
	return &app.Secrets{Folders: f.dirs, Files: env.Files, LookupEnv: env.LookupEnv, Variables: variables}, err
}

// campaignFlags are the flags of the commands that read a campaign.
type campaignFlags struct {
	host          hostFlags
	secrets       secretFlags
	allowCommands bool
	// set are values of parameters, each NAME=VALUE. Commands that read a
	// campaign's file register it.
	set []string
	// allowUnlocked: the campaign runs with the installed plugins. Only
	// commands that carry campaigns out register it, and logContents.
	allowUnlocked bool
	// logContents: the event log holds the content of conversations.
	logContents bool
}

func (f *campaignFlags) register(cmd *cobra.Command) {
	f.host.register(cmd)
	f.secrets.register(cmd)
	cmd.Flags().BoolVar(&f.allowCommands, "allow-commands", false, "let the campaign run programs of its choice on this machine")
}

const setFlag = "set"

func (f *campaignFlags) registerSet(cmd *cobra.Command, env Env) {
	cmd.Flags().StringArrayVar(&f.set, setFlag, nil, "value of a parameter of the campaign, `NAME=VALUE`; may be repeated. It is printed and recorded: no secret")
	_ = cmd.RegisterFlagCompletionFunc(setFlag, completeParameters(env)) // fails only where the flag is not defined
}

// refuseSet adds --set to a command that goes by what a run has recorded, to say why
// it cannot be given there.
func refuseSet(cmd *cobra.Command, why, hint string) {
	var given []string
	cmd.Flags().StringArrayVar(&given, setFlag, nil, "")
	_ = cmd.Flags().MarkHidden(setFlag) // fails only where the flag is not defined
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(given) > 0 {
			return usagef("--set %s: %s", given[0], why).withHint("%s", hint)
		}
		return run(cmd, args)
	}
}

// registerUnlocked adds the flag of the commands that carry campaigns out.
// usage is the beginning of its help text.
func (f *campaignFlags) registerUnlocked(cmd *cobra.Command, usage string) {
	cmd.Flags().BoolVar(&f.allowUnlocked, "allow-unlocked", false, usage+" with third-party plugins as they are installed, whatever the lock says")
}

func (f *campaignFlags) registerLog(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.logContents, "log-contents", false, "write what is said into the run's event log, too")
}

// planner returns the Planner. The log of its plugins, and warnings about them,
// are written to w.
func (f *campaignFlags) planner(env Env, w io.Writer) (*app.Planner, error) {
	settings, err := campaign.ParseSettings(f.set)
	if err != nil {
		return nil, err
	}
	secrets, err := f.secrets.secrets(env, w)
	if err != nil {
		return nil, err
	}
	plugins, err := f.host.plugins(env, w)
	if err != nil {
		return nil, err
	}
	return &app.Planner{
		Files: env.Files, Plugins: plugins, Secrets: secrets,
		Settings: settings, AllowCommands: f.allowCommands, AllowUnlocked: f.allowUnlocked,
		LookPath: exec.LookPath, OpenFiles: openFiles(),
	}, nil
}

// registerBaseline adds the flag of the commands after which a run is compared.
func registerBaseline(cmd *cobra.Command, baseline *string, dir *storeFlag) {
	const flag = "baseline"
	cmd.Flags().StringVar(baseline, flag, "", "`run` to compare with afterwards, or \"previous\"; the campaign's webhooks are told")
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return completeComparison(dir)(cmd, nil, typed)
	}) // fails only where the flag is not defined
}

// registerRecord adds the flag of the commands that begin runs which can be replayed.
func registerRecord(cmd *cobra.Command, calls *bool) {
	cmd.Flags().BoolVar(calls, "record", false, "keep what every component answers, so that the run can be replayed without any of them")
}
