package secret_test

import (
	"encoding/base64"
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

// Which secrets does a configuration refer to? "$${" is no reference.
func ExampleReferences() {
	found, err := secret.References([]byte(`{"api_key": "${KEY}", "headers": {"X-Team": "${file:team.txt}"}, "text": "$${NAME}"}`))
	for _, ref := range found {
		fmt.Println(ref.Path, ref.Scheme, ref.Name)
	}
	fmt.Println(err)
	// Output:
	// api_key env KEY
	// headers.X-Team file team.txt
	// <nil>
}

// A secret is found in the encodings in which it travels, also within longer
// base64. Values of fewer than four bytes are left alone: they are everywhere.
func ExampleRedactor_String() {
	redactor := secret.NewRedactor()
	redactor.Add("p@ss word", "42")
	fmt.Println(redactor.String("https://proxy.example/?key=p%40ss+word&n=42"))
	header := base64.StdEncoding.EncodeToString([]byte("me:p@ss word"))
	fmt.Println(redactor.String(header) != header)
	// Output:
	// https://proxy.example/?key=[redacted]&n=42
	// true
}
