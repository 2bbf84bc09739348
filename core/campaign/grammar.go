package campaign

import (
	"math"

	"github.com/redteam-orchestrator/orchestrator/core/requirement"
	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// readCampaign reads the whole file: each key is read by the function of its block.
func readCampaign(root value, c *Campaign, in *folder) {
	c.Evidence.MaxAttempts = defaultAttempts
	root.Object(
		yamlfile.Required("version", yamlfile.VersionOne),
		yamlfile.Required("name", slugInto(&c.Name)),
		yamlfile.Optional("description", yamlfile.TextInto(&c.Description)),
		yamlfile.Optional("tags", yamlfile.Texts(&c.Tags)),
		yamlfile.Optional("parameters", func(value) {}), // read before everything else
		yamlfile.Optional("seed", func(v value) { c.Seed = readSeed(v) }),
		yamlfile.Optional("scope", func(v value) { c.Scope = readScope(v) }),
		yamlfile.Optional("evidence", func(v value) { c.Evidence = readEvidence(v) }),
		yamlfile.Optional("prices", func(v value) { c.Prices = readPrices(v) }),
		yamlfile.Optional("schedule", func(v value) { c.Schedule = readSchedule(v) }),
		yamlfile.Optional("baseline", func(v value) { c.Baseline = readBaseline(v) }),
		yamlfile.Optional("notify", func(v value) { c.Notify = readWebhooks(v) }),
		yamlfile.Optional("plugins", func(v value) { c.Plugins = requirement.Read(v) }),
		yamlfile.Required("targets", func(v value) { c.Targets = readTargets(v) }),
		yamlfile.Optional("converters", func(v value) { c.Converters = readConverters(v) }),
		yamlfile.Required("scorers", func(v value) { c.Scorers = readScorers(v) }),
		yamlfile.Optional("datasets", func(v value) { c.Datasets = readDatasets(v, in) }),
		yamlfile.Required("attacks", func(v value) { c.Attacks = readAttacks(v, in) }),
		yamlfile.Unsupported("gates"),
	)
}

// readSeed returns nil where there is no seed.
func readSeed(v value) *uint64 {
	n, ok := v.Integer(0, math.MaxInt)
	if !ok {
		return nil
	}
	seed := uint64(n)
	return &seed
}

// The default of max_attempts:, and its largest value.
const defaultAttempts, mostAttempts = 3, 100

func readEvidence(v value) Evidence {
	e := Evidence{MaxAttempts: defaultAttempts}
	v.Object(
		yamlfile.Optional("max_errored", yamlfile.ShareInto(&e.MaxErrored)),
		yamlfile.Optional("max_undetermined", yamlfile.ShareInto(&e.MaxUndetermined)),
		yamlfile.Optional("max_attempts", yamlfile.IntegerInto(&e.MaxAttempts, 1, mostAttempts)),
	)
	return e
}
