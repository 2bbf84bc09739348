package plan

import (
	"encoding/json"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// checkSecrets reports secrets in the text of the campaign: the file is kept in
// a repository and copied into the record of a run.
func (p *planner) checkSecrets(d Definition, c campaign.Component, config *schema.Schema) {
	for _, field := range config.Secrets(c.Config.JSON) {
		if field.Value != "" && len(references(field.Value)) == 0 {
			p.report.SecretProblem(c.Config.At(field.Path), "write ${NAME} and put the value into the environment",
				"%s: %s holds a secret itself", d, field.Path)
		}
	}
}

// references returns the references to secrets in a text.
func references(s string) []secret.Reference {
	encoded, err := json.Marshal(s)
	if err != nil {
		return nil // a string always encodes
	}
	found, _ := secret.References(encoded) // malformed ones are reported by the reader
	return found
}

// checkPrograms reports programs unless the user allows them: the campaign's
// author may be somebody else.
func (p *planner) checkPrograms(d Definition, c campaign.Component, config *schema.Schema) {
	for _, field := range config.Programs(c.Config.JSON) {
		at := c.Config.At(field.Path)
		switch {
		case strings.Contains(field.Value, "${"):
			p.report.Problem(at, "write it out", "%s: %s: a program with a secret in its name cannot be allowed", d, field.Path)
		case !p.options.AllowCommands:
			p.report.Problem(at, "--allow-commands", "%s: %s runs the program %q: a campaign can do that only if you allow it", d, field.Path, field.Value)
		}
	}
}

// checkFiles reports files that the user does not allow: their contents may be
// sent to the target.
func (p *planner) checkFiles(d Definition, c campaign.Component, config *schema.Schema) {
	for _, field := range config.Files(c.Config.JSON) {
		at := c.Config.At(field.Path)
		if strings.Contains(field.Value, "${") {
			p.report.Problem(at, "write it out", "%s: %s: a file with a secret in its name cannot be allowed", d, field.Path)
			continue
		}
		if err := p.allowFile(field.Value); err != nil {
			p.report.Problem(at, core.HintOf(err), "%s: %s: %v", d, field.Path, err)
		}
	}
}

func (p *planner) allowFile(path string) error {
	if p.options.AllowFile == nil {
		return core.Errorf(core.ErrorConfig, "the file %s is not one that was allowed", path)
	}
	return p.options.AllowFile(path)
}
