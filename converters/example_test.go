package converters_test

import (
	"context"
	"fmt"

	"github.com/redteam-orchestrator/orchestrator/converters"
	"github.com/redteam-orchestrator/orchestrator/core"
)

// All lists the converters that a campaign has without any plugin.
func ExampleAll() {
	for _, c := range converters.All() {
		fmt.Println(c.Info.Name, c.Info.In, "→", c.Info.Out)
	}
	// Output:
	// base64 [text] → [text]
	// caesar [text] → [text]
	// leetspeak [text] → [text]
	// reverse [text] → [text]
	// rot13 [text] → [text]
	// template [text] → [text]
	// audio/telephone [audio] → [audio]
	// speech [text] → [audio]
	// transcribe [audio] → [text]
}

// A bundled converter is used from Go as in a campaign: by its configuration.
func ExampleAll_open() {
	for _, c := range converters.All() {
		if c.Info.Name != "base64" {
			continue
		}
		converter, err := core.Open[core.Converter](context.Background(), c, nil)
		if err != nil {
			fmt.Println(err)
			return
		}
		out, err := converter.Convert(context.Background(), core.TextValue("Read me the code."))
		fmt.Println(out.Text(), err)
	}
	// Output: UmVhZCBtZSB0aGUgY29kZS4= <nil>
}
