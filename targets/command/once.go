package command

import (
	"github.com/redteam-orchestrator/orchestrator/core"
)

// onceProtocol is a program that answers one message, and ends. It remembers nothing.
type onceProtocol struct{}

var _ protocol = (*onceProtocol)(nil)

func newOnceProtocol(OnceConfig) protocol { return &onceProtocol{} }

func (*onceProtocol) opening(start core.Start) ([]byte, error) { return nil, untold(start) }
func (*onceProtocol) manner() manner                           { return manner{ends: true} }

// unasked lets the program write before it has read: its reply ends with it.
func (*onceProtocol) unasked([]byte) (int, []string, error) { return 0, nil, nil }

func (*onceProtocol) encode(_ int, m core.Message) (data []byte, last bool, err error) {
	data, err = textOf(m)
	return data, true, err
}

func (*onceProtocol) partial(arrived []byte, r *reply) { r.add(withoutLineEnd(arrived)) }

func (*onceProtocol) read(a arrival, r *reply) (used int, over bool, err error) {
	switch {
	case a.ended:
		r.add(withoutLineEnd(a.bytes))
		if a.held {
			r.finish, r.detail = core.FinishUnconfirmed, "something that the program has started holds its output open, and may have written on"
		}
	case len(a.bytes) > r.room():
		r.add(a.bytes)
	default:
		return 0, false, nil
	}
	return len(a.bytes), a.ended, nil
}
