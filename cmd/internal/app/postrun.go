package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/spf13/cobra"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/notify"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// registerBaseline adds the flag of the commands after which a run is compared.
func registerBaseline(cmd *cobra.Command, baseline *string, dir *storeFlag) {
	const flag = "baseline"
	cmd.Flags().StringVar(baseline, flag, "", "`run` to compare with afterwards, or \"previous\"; the campaign's webhooks are told")
	_ = cmd.RegisterFlagCompletionFunc(flag, func(cmd *cobra.Command, _ []string, typed string) ([]string, cobra.ShellCompDirective) {
		return completeComparison(dir)(cmd, nil, typed)
	}) // fails only where the flag is not defined
}

// aftermath is what comes after a run: it is compared with its baseline, and the
// campaign's webhooks are told. It never changes how the run ended; what goes
// wrong is a warning, and in the record.
type aftermath struct {
	env   Env
	log   io.Writer
	store *store.Store
	// baseline is a run's ID, or [campaign.Previous].
	baseline string
	hooks    []hook
}

// hook is a webhook whose address is known.
type hook struct {
	notify.Webhook
	address string
}

// prepareAftermath finds everything out that could be wrong with what comes after
// a run, before the run begins.
func prepareAftermath(ctx context.Context, env Env, log io.Writer, s *store.Store, c *campaign.Campaign, lookup secret.Lookup, redactor *secret.Redactor, baseline string) (*aftermath, error) {
	a := &aftermath{env: env, log: log, store: s, baseline: baseline}
	if baseline != campaign.Previous {
		run, err := findRun(ctx, s, baseline)
		if err != nil {
			return nil, err
		}
		a.baseline = run.ID // "latest" will be another one afterwards
	}
	for _, w := range c.Notify {
		address, err := addressOf(w.Webhook, lookup, redactor)
		if err != nil {
			return nil, core.Errorf(core.ErrorConfig, "%s:%d:%d: the webhook %s: %w", c.File, w.At.Line, w.At.Column, w.Place(), err).WithHint("%s", core.HintOf(err))
		}
		a.hooks = append(a.hooks, hook{w.Webhook, address})
	}
	return a, nil
}

// addressOf returns the address of a webhook.
func addressOf(w notify.Webhook, lookup secret.Lookup, redactor *secret.Redactor) (string, error) {
	expanded, values, err := secret.Expand(w.Config(), lookup)
	if err != nil {
		return "", err
	}
	redactor.Add(values...)
	var config struct {
		URL string `json:"url"`
	}
	if err := json.Unmarshal(expanded, &config); err != nil {
		return "", err
	}
	_, err = notify.CheckURL(config.URL)
	return config.URL, err
}

// follow compares the run with its baseline, prints that, and tells whoever wants
// to know. It returns what came of it in a line, or "" where it could not be compared.
func (a *aftermath) follow(ctx context.Context, id string) (headline string) {
	c, err := a.compare(ctx, id)
	if err != nil {
		a.warn("run %s is not compared with %s: %v", id, a.baseline, err)
		return ""
	}
	fmt.Fprintln(a.env.Stdout)
	writeComparison(a.env.Stdout, c)
	fmt.Fprintf(a.env.Stdout, "\ncompared with the baseline: %s\n", c.Headline())
	a.tell(ctx, notify.New(c))
	return c.Headline()
}

func (a *aftermath) compare(ctx context.Context, id string) (compare.Comparison, error) {
	run, err := a.store.Run(ctx, id)
	if err != nil {
		return compare.Comparison{}, err
	}
	var baseline store.Run
	if a.baseline == campaign.Previous {
		baseline, err = a.store.Previous(ctx, run)
	} else {
		baseline, err = a.store.Run(ctx, a.baseline)
	}
	if err != nil && (a.baseline != campaign.Previous || !errors.Is(err, store.ErrNotFound)) {
		return compare.Comparison{}, err
	}
	return comparisonOf(ctx, a.store, baseline, run, compare.Alpha)
}

// tell sends a notice to all webhooks that it concerns, at the same time.
func (a *aftermath) tell(ctx context.Context, n notify.Notice) {
	var all sync.WaitGroup
	for _, h := range a.hooks {
		if n.Concerns(h.Webhook) {
			fmt.Fprintf(a.log, "telling %s\n", h.Place())
			all.Go(func() { a.send(ctx, h, n) })
		}
	}
	all.Wait()
}

// send sends a notice to one webhook, and records whether that arrived.
func (a *aftermath) send(ctx context.Context, h hook, n notify.Notice) {
	sent := store.Notice{At: a.env.Now(), Webhook: h.Place(), Baseline: n.Comparison.Baseline.ID}
	for _, o := range n.Occasions {
		sent.Occasions = append(sent.Occasions, string(o))
	}
	body, err := n.Body(h.Format)
	if err == nil {
		var sender notify.Sender
		sent.Tries, err = sender.Send(ctx, h.address, body)
	}
	if err != nil {
		sent.Failure = err.Error()
		a.warn("%s was NOT TOLD of run %s (%s): %v", h.Place(), n.Comparison.Run.ID, n.Text, err)
	}
	if err := a.store.RecordNotice(context.WithoutCancel(ctx), n.Comparison.Run.ID, sent); err != nil {
		a.warn("%v", err)
	}
}

func (a *aftermath) warn(format string, args ...any) {
	fmt.Fprintf(a.log, "orchestrator: warning: %s\n", fmt.Sprintf(format, args...))
}
