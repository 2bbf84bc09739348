package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	goplugin "github.com/hashicorp/go-plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
)

// watchHeart asks the plugin again and again whether it is alive, until it is
// gone, and kills it if it leaves all questions of a time unanswered. A question
// that is not answered at once may still be: what a busy machine makes late is
// no reason to kill. Nor is a host that was asleep itself: it has missed the
// ticks as well, and what counts is how many questions are open.
func (p *process) watchHeart(every, timeout time.Duration) {
	ctx, cancel := context.WithCancel(context.Background())
	var asking sync.WaitGroup
	defer asking.Wait()
	defer cancel()
	tick := time.NewTicker(every)
	defer tick.Stop()
	answers := make(chan struct{})
	open := 0
	for {
		select {
		case <-p.run.over:
			return
		case <-answers:
			open = 0
		case <-tick.C:
			if time.Duration(open)*every >= timeout {
				p.killBecause(fmt.Sprintf("did not answer for %v and was killed", timeout))
				return
			}
			open++
			asking.Go(func() { p.askHeart(ctx, timeout, answers) })
		}
	}
}

// askHeart asks the health service that every plugin has by go-plugin's
// contract. Any answer is one, be it that the service is not known.
func (p *process) askHeart(ctx context.Context, timeout time.Duration, answers chan<- struct{}) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(p.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: goplugin.GRPCServiceName})
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return // it comes from this side
	}
	select {
	case answers <- struct{}{}:
	case <-ctx.Done():
	}
}
