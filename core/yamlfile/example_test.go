package yamlfile_test

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core/yamlfile"
)

// A file is read by the grammar of its keys. All that is wrong with it is reported at
// once, with its place.
func ExampleParse() {
	const source = `version: 1
retrys: 3
memory: 1,5GiB
`
	retries, memory := 4, int64(0)
	f, root, ok := yamlfile.Parse([]byte(source), "the settings", yamlfile.MaxFile)
	if ok {
		root.Object(
			yamlfile.Required("version", yamlfile.VersionOne),
			yamlfile.Optional("retries", yamlfile.IntegerInto(&retries, 0, 100)),
			yamlfile.Optional("memory", func(v yamlfile.Value) { memory = v.Size(1<<20, 1<<40) }),
		)
	}
	problems := f.Problems("settings.yaml")
	fmt.Println(problems)
	fmt.Print(problems[0].Snippet([]byte(source)))
	fmt.Println(retries, memory)
	// Output:
	// settings.yaml:2:1: unknown key "retrys" (did you mean "retries"?)
	// settings.yaml:3:9: memory must be a size from 1.0 MiB to 1.0 TiB, not "1,5GiB" (a decimal point, not a comma, and digits that are not grouped, such as 1.5GiB or 1024MiB)
	//     2 | retrys: 3
	//       | ^
	// 4 0
}
