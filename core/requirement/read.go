package requirement

import (
	"github.com/Masterminds/semver/v3"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// Read reads the block plugins: of a campaign.
func Read(v yamlfile.Value) []Requirement {
	var all []Requirement
	v.Definitions("plugin", CheckName, func(name string, at yamlfile.Position, v yamlfile.Value) {
		q := Requirement{Name: name, At: at}
		version := func(v yamlfile.Value) { q.Version, q.VersionAt = readVersions(v), v.At() }
		if v.IsScalar() {
			version(v)
		} else {
			v.Object(
				yamlfile.Required("version", version),
				yamlfile.Optional("source", func(v yamlfile.Value) { q.Source = ReadSource(v) }),
				yamlfile.Optional("limits", func(v yamlfile.Value) { q.Limits = readLimits(v) }),
			)
		}
		all = append(all, q)
	})
	return all
}

func readLimits(v yamlfile.Value) Limits {
	const (
		leastMemory   = 32 << 20
		leastInFlight = 1 << 20
		mostBytes     = 1 << 40
		mostCalls     = 100_000
	)
	var l Limits
	v.Object(
		yamlfile.Optional("memory", func(v yamlfile.Value) { l.Memory = v.Size(leastMemory, mostBytes) }),
		yamlfile.Optional("calls", func(v yamlfile.Value) {
			if n, ok := v.Integer(1, mostCalls); ok {
				l.Calls = int64(n)
			}
		}),
		yamlfile.Optional("in_flight", func(v yamlfile.Value) { l.InFlight = v.Size(leastInFlight, mostBytes) }),
	)
	return l
}

// readVersions reads a range of versions.
func readVersions(v yamlfile.Value) string {
	s, ok := v.Text()
	if !ok {
		return ""
	}
	if _, err := semver.NewConstraint(s); err != nil {
		v.Problem(`such as ">=0.3, <1", "~1.2" or "1.4.0"`, "%s: %s is not a range of versions", v.Label(), yamlfile.Quote(s))
		return ""
	}
	return s
}

// ReadSource reads where a plugin comes from. A path is relative to the folder of
// the file.
func ReadSource(v yamlfile.Value) string {
	s, ok := v.Text()
	if !ok {
		return ""
	}
	if err := CheckSource(s); err != nil { // perhaps because there is a password in it
		v.SecretProblem("", "%s: %v", v.Label(), err)
	}
	return s
}
