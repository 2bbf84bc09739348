package limit

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// hopeless is the number of consecutive refusals of credentials or configuration after
// which a target that has never answered is lost.
const hopeless = 5

// LostError says that nothing more is asked of a target in this run: it cannot be
// reached, or refuses everybody. It is an [ErrStopped]: what it stops has not failed.
type LostError struct {
	Target string
	// Why is a phrase about the target's requests, without their error.
	Why string
	// Err is the error of the last request.
	Err error
	// onlyAbsent says that an answer, which was on its way, makes it found again.
	onlyAbsent bool
}

// Error names the target and what its last request failed with.
func (e *LostError) Error() string {
	return fmt.Sprintf("target %q is lost: %s: %v", e.Target, e.Why, e.Err)
}

// Unwrap returns the error of the last request.
func (e *LostError) Unwrap() error { return e.Err }

// Is reports whether the target is [ErrStopped].
func (e *LostError) Is(target error) bool { return target == ErrStopped }

// Lost returns why nothing is asked of the target any more, a [LostError]; nil while it is.
func (c *Client) Lost() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.lost == nil || c.lost.onlyAbsent && c.breaker.answered {
		return nil
	}
	return c.lost
}

// lose records that the target is lost, unless it is already.
func (c *Client) lose(l LostError) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.Target = c.name; c.lost == nil {
		c.lost = &l
	}
}

// giveUpAbsent records that the target is lost, where it has never answered.
func (c *Client) giveUpAbsent(err error) {
	if _, absent := c.health(); absent {
		c.lose(LostError{Why: "it has never answered", Err: err, onlyAbsent: true})
	}
}

// giveUpDown records that the target is lost, where it is down.
func (c *Client) giveUpDown(err error) {
	if down, _ := c.health(); down {
		c.lose(LostError{Why: "it cannot be reached any more", Err: err})
	}
}

// Doubted reports whether the target could not be reached, or has refused the credentials
// or the configuration, and has never answered: it may be lost.
func (c *Client) Doubted() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return (c.refusals.n > 0 || c.breaker.failures > 0) && !c.breaker.answered
}

// orLost returns why the target is lost, where it is, and err otherwise.
func (c *Client) orLost(err error) error {
	if lost := c.Lost(); lost != nil {
		return lost
	}
	return err
}

// noteRefusal counts a refusal of the credentials or the configuration by a target that
// has never answered. Others of the same kind are sure to follow.
func (c *Client) noteRefusal(a *attempt, err error) {
	kind := core.KindOf(err)
	if a.Standing || kind != core.ErrorAuth && kind != core.ErrorConfig {
		return
	}
	c.mu.Lock()
	answered := c.breaker.answered
	if c.refusals.kind != kind {
		c.refusals.kind, c.refusals.n = kind, 0
	}
	c.refusals.n++
	n := c.refusals.n
	c.mu.Unlock()
	if !answered && n >= hopeless {
		c.lose(LostError{Why: fmt.Sprintf("%d of %d were refused", n, n), Err: err, onlyAbsent: true})
	}
}
