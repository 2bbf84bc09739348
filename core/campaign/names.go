package campaign

import (
	"fmt"
	"regexp"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

var (
	slug       = regexp.MustCompile(`^[a-z0-9]+(-[a-z0-9]+)*$`)
	identifier = regexp.MustCompile(`^[a-z][a-z0-9_-]*$`)
)

// slugInto reads the name of a campaign, an attack or a variant.
func slugInto(s *string) func(value) {
	return func(v value) {
		text, ok := v.Text()
		if !ok {
			return
		}
		if err := checkSlug(text); err != nil {
			v.Problem("", "%v", err)
		}
		*s = text
	}
}

// checkSlug checks that the name of a campaign, an attack or a variant is valid
// in file names and test reports.
func checkSlug(name string) error {
	if !slug.MatchString(name) {
		return fmt.Errorf("%s is not a name: use lower-case letters, digits and single hyphens", yamlfile.Quote(name))
	}
	return yamlfile.CheckLength(name)
}

// checkName checks the name of a target, converter or dataset.
func checkName(name string) error {
	if !identifier.MatchString(name) {
		return fmt.Errorf("%s is not a name: use lower-case letters, digits, - and _", yamlfile.Quote(name))
	}
	return yamlfile.CheckLength(name)
}
