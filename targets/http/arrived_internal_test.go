package httptarget

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/extract"
)

// program compiles a jq program.
func program(t *testing.T, source string) *extract.Program {
	t.Helper()
	p, err := extract.JQ(source, jqVariables())
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// What arrived is read although the time for the reply is over.
func TestWhatArrivedIsReadWhereItsContextIsOver(t *testing.T) {
	p := &plan{reply: reply{jq: program(t, ".a"), most: 100}}
	c := &conversation{target: &target{plan: p}, state: &state{plan: p}}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	why := errors.New("the time is over")
	got, err := c.brokenReply(ctx, &answer{status: http.StatusOK, mediaType: "text/plain", body: []byte(`{"a":"blue el`), cut: why}, why)
	if !errors.Is(err, why) || got.Message.Text() != "blue el" || got.Finish != core.FinishBroken {
		t.Errorf("%s %q, %v", got.Finish, got.Message.Text(), err)
	}
	s := &streamed{plan: p, state: c.state, reply: core.Reply{Message: core.Message{Role: core.Assistant}}}
	s.sayCut(ctx, &answer{body: []byte(`{"a":"blue el`)})
	if got := s.text.String(); got != "blue el" {
		t.Errorf("of a piece %q was read", got)
	}
}

func TestAWarningIsGivenOnceForAllPiecesOfAStream(t *testing.T) {
	r := &reply{truncated: program(t, ".n.m")}
	out := core.Reply{Finish: core.FinishTruncated}
	for range 3 {
		r.remarksOf(t.Context(), map[string]any{"n": "x"}, make([]any, len(jqVariables())), &out)
	}
	if len(out.Warnings) != 1 || !strings.Contains(out.Warnings[0], "reply.truncated") {
		t.Errorf("warnings %q, want one", out.Warnings)
	}
	out = core.Reply{Finish: core.FinishComplete}
	for range 3 {
		r.remarksOf(t.Context(), map[string]any{"n": "x"}, make([]any, len(jqVariables())), &out)
	}
	if out.Finish != core.FinishUnconfirmed || !strings.Contains(out.Detail, "reply.truncated") || slices.Contains(out.Warnings, out.Detail) {
		t.Errorf("%s (%s), warnings %q", out.Finish, out.Detail, out.Warnings)
	}
}
