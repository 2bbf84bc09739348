package app

import (
	"context"
	"errors"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

// stuck is files that take as long to open as nobody waits.
type stuck struct {
	Files
	opening, release chan struct{}
}

func (s stuck) Open(string) (Folder, error) {
	close(s.opening)
	<-s.release
	return nil, errors.New("gone")
}

func TestReadingACampaignEndsWithTheContext(t *testing.T) {
	s := stuck{opening: make(chan struct{}), release: make(chan struct{})}
	defer close(s.release)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-s.opening
		cancel()
	}()
	p := &Planner{Files: s}
	if loaded, err := p.load(ctx, "c.yaml", campaign.Given{}); !errors.Is(err, context.Canceled) || loaded != nil {
		t.Errorf("%v, %v", loaded, err)
	}
}
