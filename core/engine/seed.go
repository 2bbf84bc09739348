package engine

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// seedFor returns what the random choices follow from of the n-th thing that a
// component does for a turn of the trial.
func (h *holding) seedFor(kind core.Kind, name string, turn, n int) uint64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "%d %s %s %d %d", h.trial.Seed, kind, name, turn, n))
	return binary.BigEndian.Uint64(sum[:])
}

// nextSeed returns the seed of a converter's or scorer's next call for a turn.
func (h *holding) nextSeed(kind core.Kind, name string, turn int) uint64 {
	use := fmt.Sprintf("%s %s %d", kind, name, turn)
	if h.uses == nil {
		h.uses = map[string]int{}
	}
	n := h.uses[use]
	h.uses[use]++
	return h.seedFor(kind, name, turn, n)
}
