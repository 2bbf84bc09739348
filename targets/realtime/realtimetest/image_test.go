package realtimetest_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/realtime/realtimetest"
)

func userImage(url, detail string) string {
	return fmt.Sprintf(`{"type":"conversation.item.create","item":{"type":"message","role":"user","content":[`+
		`{"type":"input_text","text":"what is this?"},{"type":"input_image","image_url":%q%s}]}}`, url, detail)
}

func dataURI(mediaType, data string) string {
	return "data:" + mediaType + ";base64," + base64.StdEncoding.EncodeToString([]byte(data))
}

func TestAgentsSeeImages(t *testing.T) {
	seeing := realtimetest.ToneAgent{Reply: func(_ context.Context, _ string, items []realtimetest.Item) (string, error) {
		last := items[len(items)-1]
		return fmt.Sprintf("%s: %s %s", last.Text, last.Images[0].MediaType, last.Images[0].Data), nil
	}}
	_, url := start(t, seeing, realtimetest.Options{})
	for kind, detail := range map[string]string{"image/png": "", "image/jpeg": `,"detail":"low"`} {
		t.Run(kind, func(t *testing.T) {
			c := dial(t, url)
			c.send(userImage(dataURI(kind, "pixels"), detail))
			c.send(`{"type":"response.create","response":{"output_modalities":["text"]}}`)
			if got, want := c.expect("response.output_text.done")["text"], "what is this?: "+kind+" pixels"; got != want {
				t.Errorf("the agent sees %q, want %q", got, want)
			}
			usage := object(c.expect("response.done").at("response", "usage").(map[string]any))
			if usage.at("input_token_details", "image_tokens") != 85.0 || usage["input_tokens"] != 88.0 {
				t.Errorf("the usage is %v", usage)
			}
		})
	}
}

func TestAnImageThatCannotBeReadIsRefused(t *testing.T) {
	c := connected(t, realtimetest.Options{})
	png := dataURI("image/png", "pixels")
	tests := map[string]struct{ event, code string }{
		"to be fetched":  {userImage("https://example.com/cat.png", ""), "invalid_value"},
		"a GIF":          {userImage(dataURI("image/gif", "pixels"), ""), "invalid_value"},
		"not base64":     {userImage("data:image/png;base64,!", ""), "invalid_value"},
		"empty":          {userImage("data:image/png;base64,", ""), "invalid_value"},
		"unknown detail": {userImage(png, `,"detail":"exquisite"`), "invalid_value"},
		"no URL":         {userImage("", ""), "missing_required_parameter"},
		"a system's":     {fmt.Sprintf(`{"type":"conversation.item.create","item":{"type":"message","role":"system","content":[{"type":"input_image","image_url":%q}]}}`, png), "invalid_value"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c.send(test.event)
			c.expectError(test.code)
		})
	}
}
