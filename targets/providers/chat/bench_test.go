package chat_test

import (
	"encoding/json"
	"net/http/httptest"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/chat/chattest"
)

// BenchmarkATurn measures a turn of a conversation of five, the server's part
// included.
func BenchmarkATurn(b *testing.B) {
	for name, stream := range map[string]bool{"streamed": true, "whole": false} {
		b.Run(name, func(b *testing.B) {
			web := httptest.NewServer(chattest.NewServer(nil, chattest.Options{}))
			defer web.Close()
			config, err := json.Marshal(map[string]any{"endpoint": web.URL, "model": "m", "stream": stream})
			if err != nil {
				b.Fatal(err)
			}
			target, err := opened(b)(b.Context(), config)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			var c core.Conversation
			for i := 0; b.Loop(); i++ {
				if i%5 == 0 {
					if c, err = target.StartConversation(b.Context(), core.Start{}); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := c.Send(b.Context(), core.UserText("Please read me the code of the vault.")); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
