package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/plugins/host"
)

func TestACompanionIsNeededForWhatItOffersAndForWhatNobodyKnows(t *testing.T) {
	for name, test := range map[string]struct {
		uses     []string
		missing  string // the companion without a program
		attached string
		needed   []string
		// problems are the components that it is said of.
		problems []string
	}{
		"bundled components":                       {uses: []string{"realtime", "match/substring"}},
		"a third party's component":                {uses: []string{"acme/chat"}},
		"a component of a companion":               {uses: []string{"realtime", "chat"}, needed: []string{"providers"}},
		"another companion's":                      {uses: []string{"browser"}, needed: []string{"reach"}},
		"both":                                     {uses: []string{"browser", "chat", "chat"}, needed: []string{"providers", "reach"}},
		"a misspelt one":                           {uses: []string{"chta"}, needed: []string{"providers", "reach"}},
		"a plugin that the campaign does not name": {uses: []string{"other/chat"}, needed: []string{"providers", "reach"}},
		"a missing companion":                      {uses: []string{"chat", "chat", "browser"}, missing: "providers", needed: []string{"reach"}, problems: []string{"chat", "chat"}},
		"a missing one that nothing needs":         {uses: []string{"realtime"}, missing: "providers"},
		"a misspelt one beside a missing one":      {uses: []string{"chta"}, missing: "providers", needed: []string{"reach"}},
		"a missing one that is attached":           {uses: []string{"chat"}, missing: "providers", attached: "providers", needed: []string{"providers"}},
		"an attached one that nothing needs":       {uses: []string{"realtime"}, attached: "reach", needed: []string{"reach"}},
		"an attached third party":                  {uses: []string{"ivr/menu"}, attached: "ivr"},
	} {
		t.Run(name, func(t *testing.T) {
			p := &Plugins{
				Bundles: func(kind core.Kind, use string) bool {
					return kind == core.KindTarget && slices.Contains([]string{"realtime", "match/substring"}, use)
				},
				Companions: []Companion{
					{Name: "providers", Path: "/opt/bin/orchestrator-plugin-providers", Offers: map[core.Kind][]string{core.KindTarget: {"chat"}}},
					{Name: "reach", Path: "/opt/bin/orchestrator-plugin-reach", Offers: map[core.Kind][]string{core.KindTarget: {"browser"}}},
				},
				Attached: host.Attachments{},
			}
			for i := range p.Companions {
				p.Companions[i].Missing = p.Companions[i].Name == test.missing
			}
			if test.attached != "" {
				p.Attached = host.Attachments{test.attached: {}}
			}
			c := &campaign.Campaign{File: "demo.yaml", Plugins: []requirement.Requirement{{Name: "acme"}}}
			for _, use := range test.uses {
				c.Targets = append(c.Targets, campaign.Target{Component: campaign.Component{Name: "agent", Use: use}})
			}
			got := p.companionsOf(c)
			var needed []string
			for _, q := range got.needed {
				needed = append(needed, q.Name)
			}
			if !slices.Equal(needed, test.needed) || len(got.problems) != len(test.problems) {
				t.Fatalf("needed %q with problems %v; want %q with %d", needed, got.problems, test.needed, len(test.problems))
			}
			for i, use := range test.problems {
				want := `target "agent": "` + use + `" comes with the program orchestrator-plugin-providers, which is not in /opt/bin`
				if m := got.problems[i].Message; m != want || !strings.Contains(got.problems[i].Hint, "make build") || !got.unavailable[use] {
					t.Errorf("the problem is %q (%s), want %q", m, got.problems[i].Hint, want)
				}
			}
		})
	}
}
