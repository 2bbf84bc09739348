package secret_test

import (
	"strings"
	"testing"
	"unicode"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

func TestAnAddressThatHoldsASecretIsKnown(t *testing.T) {
	for _, address := range []string{
		"http://user:hunter2@127.0.0.1:1/v1", "https://hunter2@api.example", "https://:hunter2@api.example", "https://us%20er:p%40ss@api.example",
		"socks5://me:pw@proxy.example:1080", "wss://me:pw@voice.example/v1", "//me:pw@api.example", "user:hunter2@api.example/v1", "hunter2@api.example:80",
		"https://me:pw@api.example:port", "https://me:p%zz@api.example", " https://me:pw@api.example",
		"https://api.example?key=hunter2", "https://api.example?a=1&api-key=hunter2", "https://api.example?API_KEY=hunter2", "https://api.example?apikey=hunter2",
		"https://api.example?sig=hunter2", "https://api.example?token=hunter2", "https://api.example?access_token=hunter2", "https://api.example?x-amz-signature=abc",
		"https://api.example?X-Amz-Security-Token=abc", "https://api.example?subscription-key=hunter2", "https://api.example?client_secret=hunter2",
		"https://api.example?%6bey=hunter2", "https://api.example?a=1;key=hunter2", "https://api.example#access_token=hunter2", "https://api.example/#/x?token=hunter2",
		"https://api.example?u=sk-abcdef0123", "https://api.example/v1/sk-abcdef0123/x", "https://api.example/bot123456:AAAAAAAAAAAAAAAAAAAAAAAA/send",
		"sip:alice:pw@pbx.example", "https://${USER}:pw@api.example", "https://me:${PASSWORD}@api.example", "https://api.example?token=a${B}",
		"https://hooks.slack.com/services/T0/B0/abc", "https://discord.com/api/webhooks/1/abc", "https://x.webhook.office.com/webhookb2/abc",
		"https://api.example?auth[token]=hunter2",
	} {
		if !secret.InAddress(address) {
			t.Errorf("%s: no secret was seen", address)
		}
	}
	for _, address := range []string{
		"", "https://api.example/v1", "https://api.example:8443/v1/models?model=gpt-5&trace=1", "http://127.0.0.1:11434", "https://medium.example/@user",
		"https://api.example?monkey=1", "https://api.example?keyboard=qwerty", "https://api.example?page_token=3", "https://api.example?key=", "https://api.example?token",
		"https://api.example?token=$(secrets.T)", "https://api.example?key=${KEY}", "sip:alice@pbx.example", "mailto:a@b.example", "https://api.example/skate-board",
		"http://[::1]:80/x", "${ENDPOINT}", "https://api.example?email=a@b.example", "api.example", "https://hooks.slack.com/", "https://discord.com/channels/1", "https://api.example:port",
	} {
		if secret.InAddress(address) {
			t.Errorf("%s: taken for one with a secret", address)
		}
	}
}

func FuzzAddressesWithAPasswordAreKnown(f *testing.F) {
	f.Add("me", "pw", "/v1?x=1")
	f.Add("", "p@:w", "")
	f.Add("ü", "%", "#x")
	f.Fuzz(func(t *testing.T, user, password, rest string) {
		if strings.ContainsAny(user+password, "/?#\\ \t\r\n$") || strings.ContainsFunc(user+password, unicode.IsSpace) {
			return
		}
		if address := "https://" + user + ":" + password + "@api.example" + rest; !secret.InAddress(address) {
			t.Errorf("%q: no secret was seen", address)
		}
	})
}
