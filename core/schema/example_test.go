package schema_test

import (
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
)

func ExampleSchema_Check() {
	type config struct {
		Voice string      `json:"voice" enum:"alloy,echo" doc:"Who speaks."`
		Rate  int         `json:"rate" min:"8000" doc:"In Hz."`
		Key   core.Secret `json:"api_key" required:"true"`
	}
	s, err := schema.Of(config{Voice: "alloy", Rate: 24000})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, c := range s.Check([]byte(`{"voise": "echo", "rate": 800}`)) {
		fmt.Printf("%s: %s\n", c.Path, c.Message)
	}
	// Output:
	// api_key: key "api_key" is required
	// rate: 800 is out of range: at least 8000
	// voise: unknown key "voise"
}
