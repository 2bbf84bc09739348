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

// watchHeartbeat sends the plugin heartbeats until it is gone, and kills it if it
// leaves all heartbeats of the timeout unanswered. A late answer is accepted,
// because a busy machine makes answers late. A suspended host causes no kill:
// it has sent no heartbeats meanwhile, and the number of unanswered ones
// decides.
func (p *process) watchHeartbeat(every, timeout time.Duration) {
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
			asking.Go(func() { p.sendHeartbeat(ctx, timeout, answers) })
		}
	}
}

// sendHeartbeat calls the health service that every plugin has by go-plugin's
// contract. Any answer counts, even that the service is unknown.
func (p *process) sendHeartbeat(ctx context.Context, timeout time.Duration, answers chan<- struct{}) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(p.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: goplugin.GRPCServiceName})
	switch status.Code(err) {
	case codes.Unavailable, codes.DeadlineExceeded, codes.Canceled:
		return // an error of this side
	}
	select {
	case answers <- struct{}{}:
	case <-ctx.Done():
	}
}
