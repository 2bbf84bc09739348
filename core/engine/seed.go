package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// seeds derives the seeds of a trial's component calls.
type seeds struct {
	// trial is the trial's own seed.
	trial uint64
	// uses counts the calls of each converter, scorer and strategy for each
	// turn.
	uses map[string]int
}

// of returns the seed of a component's n-th call for a turn.
func (s *seeds) of(kind core.Kind, name string, turn, n int) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %d %d", s.trial, kind, name, turn, n))
	return binary.BigEndian.Uint64(sum[:])
}

// next returns the seed of a component's next call for a turn.
func (s *seeds) next(kind core.Kind, name string, turn int) uint64 {
	use := fmt.Sprintf("%s %s %d", kind, name, turn)
	if s.uses == nil {
		s.uses = map[string]int{}
	}
	n := s.uses[use]
	s.uses[use]++
	return s.of(kind, name, turn, n)
}
