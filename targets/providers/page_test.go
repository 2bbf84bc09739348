package main

import (
	"os"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/anthropic/anthropictest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat/chattest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/gemini/geminitest"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/responses/responsestest"
)

func TestEveryFaultOfAServiceIsOnThePageOfTargets(t *testing.T) {
	page, err := os.ReadFile("../../docs/targets.md")
	if err != nil {
		t.Fatal(err)
	}
	for target, faults := range map[string][]string{
		"chat": chattest.FaultNames(), "responses": responsestest.FaultNames(), "anthropic": anthropictest.FaultNames(), "gemini": geminitest.FaultNames(),
	} {
		_, section, found := strings.Cut(string(page), "\n## "+target+"\n")
		section, _, _ = strings.Cut(section, "\n## ")
		if !found || len(faults) == 0 {
			t.Fatalf("docs/targets.md has no section %q, or it has no faults", target)
		}
		for _, fault := range faults {
			family, _, _ := strings.Cut(fault, "-")
			if !strings.Contains(section, "`"+fault+"`") && !strings.Contains(section, "`"+family+"-*`") {
				t.Errorf("no row of docs/targets.md under %s names the fault %q", target, fault)
			}
		}
	}
}
