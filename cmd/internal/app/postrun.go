package app

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/compare"
	"github.com/redteam-orchestrator/orchestrator/core/notify"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

// postRun compares a run with its baseline and sends notices to the campaign's
// webhooks. It never changes the run's outcome: its errors are warnings, and
// recorded.
type postRun struct {
	store    *store.Store
	reporter Reporter
	log      Log
	// baseline is a run's ID, or [campaign.Previous].
	baseline string
	hooks    []hook
}

// hook is a webhook with its resolved address.
type hook struct {
	notify.Webhook
	address string
}

// prepare finds the baseline and the addresses of the webhooks before the run
// begins, so that errors in them are reported then. It returns nil where the
// run is not compared.
func (p postRun) prepare(ctx context.Context, c *campaign.Campaign, spec Spec, secrets *Secrets, redactor *secret.Redactor) (*postRun, error) {
	baseline := cmp.Or(spec.Baseline, c.Baseline, spec.Fallback)
	if baseline == "" {
		return nil, nil
	}
	p.baseline = baseline
	if baseline != campaign.Previous {
		run, err := FindRun(ctx, p.store.Reader, baseline)
		if err != nil {
			return nil, err
		}
		p.baseline = run.ID // "latest" will be another run afterwards
	}
	lookup := secrets.Lookup(c.File)
	for _, w := range c.Notify {
		address, err := addressOf(w.Webhook, lookup, redactor)
		if err != nil {
			return nil, webhookError(c, w, err)
		}
		p.hooks = append(p.hooks, hook{w.Webhook, address})
	}
	return &p, nil
}

// webhookError says which webhook has no address.
func webhookError(c *campaign.Campaign, w campaign.Webhook, err error) error {
	return core.Errorf(core.ErrorConfig, "%s:%d:%d: the webhook %s: %w", c.File, w.At.Line, w.At.Column, w.Place(), err).WithHint("%s", core.HintOf(err))
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

// follow compares the run with its baseline, reports the result, and notifies
// the webhooks. It returns the comparison's headline, or "" where the run could
// not be compared.
func (p *postRun) follow(ctx context.Context, id string) (headline string) {
	c, err := p.compare(ctx, id)
	if err != nil {
		p.warn("run %s is not compared with %s: %v", id, p.baseline, err)
		return ""
	}
	p.reporter.Compare(c)
	p.tell(ctx, notify.New(c))
	return c.Headline()
}

func (p *postRun) compare(ctx context.Context, id string) (compare.Comparison, error) {
	run, err := p.store.Run(ctx, id)
	if err != nil {
		return compare.Comparison{}, err
	}
	var baseline store.Run
	if p.baseline == campaign.Previous {
		baseline, err = p.store.Previous(ctx, run)
	} else {
		baseline, err = p.store.Run(ctx, p.baseline)
	}
	if err != nil && (p.baseline != campaign.Previous || !errors.Is(err, store.ErrNotFound)) {
		return compare.Comparison{}, err
	}
	return Compare(ctx, p.store.Reader, baseline, run, compare.Alpha)
}

// tell sends a notice to all webhooks that it concerns, in parallel.
func (p *postRun) tell(ctx context.Context, n notify.Notice) {
	var all sync.WaitGroup
	for _, h := range p.hooks {
		if n.Concerns(h.Webhook) {
			p.log.Note("telling " + h.Place())
			all.Go(func() { p.send(ctx, h, n) })
		}
	}
	all.Wait()
}

// send sends a notice to one webhook, and records the result.
func (p *postRun) send(ctx context.Context, h hook, n notify.Notice) {
	sent := store.Notice{At: time.Now(), Webhook: h.Place(), Baseline: n.Comparison.Baseline.ID}
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
		p.warn("%s was NOT TOLD of run %s (%s): %v", h.Place(), n.Comparison.Run.ID, n.Text, err)
	}
	if err := p.store.RecordNotice(context.WithoutCancel(ctx), n.Comparison.Run.ID, sent); err != nil {
		p.warn("%v", err)
	}
}

func (p *postRun) warn(format string, args ...any) {
	p.log.Warn(fmt.Sprintf(format, args...))
}
