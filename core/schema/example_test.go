package schema_test

import (
	"encoding/json"
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

// The tags of a config struct are its documentation, its defaults are values.
func ExampleOf() {
	type config struct {
		Endpoint string        `json:"endpoint" required:"true" format:"uri" doc:"Where the service is."`
		Timeout  core.Duration `json:"timeout" min:"1s" doc:"How long one reply may take."`
	}
	s, err := schema.Of(config{Timeout: core.Duration(30e9)})
	if err != nil {
		fmt.Println(err)
		return
	}
	text, err := json.MarshalIndent(s, "", "  ")
	fmt.Println(string(text), err)
	// Output:
	// {
	//   "type": "object",
	//   "properties": {
	//     "endpoint": {
	//       "type": "string",
	//       "description": "Where the service is.",
	//       "format": "uri",
	//       "minLength": 1
	//     },
	//     "timeout": {
	//       "type": "string",
	//       "description": "How long one reply may take.",
	//       "format": "duration",
	//       "default": "30s",
	//       "formatMinimum": "1s"
	//     }
	//   },
	//   "required": [
	//     "endpoint"
	//   ],
	//   "additionalProperties": false
	// } <nil>
}

// A schema from a plugin is refused if it has a keyword that the check would have to
// ignore.
func ExampleParse() {
	_, err := schema.Parse([]byte(`{"type": "object", "properties": {"text": {"not": {"type": "string"}}}}`))
	fmt.Println(err)
	_, err = schema.Parse([]byte(`{"type": "object", "properties": {"text": {"type": "string", "maxLength": 80}}}`))
	fmt.Println(err)
	// Output:
	// the schema of text uses the keyword "not", which is not supported
	// <nil>
}

// Strings finds the addresses in a configuration.
func ExampleSchema_Strings() {
	type config struct {
		Endpoint string   `json:"endpoint" format:"uri"`
		Mirrors  []string `json:"mirrors" format:"uri"`
		Voice    string   `json:"voice"`
	}
	s, err := schema.Of(config{})
	if err != nil {
		fmt.Println(err)
		return
	}
	document := []byte(`{"endpoint": "https://a.example", "voice": "amy", "mirrors": ["https://b.example"]}`)
	for _, address := range s.Strings(document, "uri") {
		fmt.Println(address.Path, address.Value)
	}
	// Output:
	// endpoint https://a.example
	// mirrors[0] https://b.example
}

// A name that is nearly right gets a suggestion.
func ExampleNearest() {
	known := []string{"objective", "trials", "turns", "success"}
	fmt.Printf("%q %q\n", schema.Nearest("trails", known), schema.Nearest("voice", known))
	// Output: "trials" ""
}
