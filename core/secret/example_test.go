package secret_test

import (
	"fmt"
	"os"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

func ExampleExpand() {
	lookup := func(ref secret.Reference) (string, error) { return "sk-12345", nil }
	config, values, err := secret.Expand([]byte(`{"api_key":"${API_KEY}"}`), lookup)
	if err != nil {
		fmt.Println(err)
		return
	}
	redactor := secret.NewRedactor()
	redactor.Add(values...)
	log := redactor.Writer(os.Stdout)
	fmt.Fprintf(log, "opening with %s\n", config)
	// Output: opening with {"api_key":"[redacted]"}
}
