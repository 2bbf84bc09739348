package notify_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/notify"
)

func TestAWebhookIsEncryptedUnlessItIsOnThisMachine(t *testing.T) {
	for address, wrong := range map[string]string{
		"https://hooks.example.com/s3cret":     "",
		"https://hooks.example.com:8443":       "",
		"http://localhost:9000/s3cret":         "",
		"http://LOCALHOST./s3cret":             "",
		"http://127.0.0.1/s3cret":              "",
		"http://[::1]:9000/s3cret":             "",
		"http://hooks.example.com/s3cret":      "the address begins with http://, and has to begin with https:// unless it is on this machine",
		"http://10.0.0.1/s3cret":               "the address begins with http://",
		"ftp://localhost/s3cret":               "the address begins with ftp://",
		"hooks.example.com/s3cret":             "the address is not a URL such as https://",
		"//hooks.example.com/s3cret":           "the address is not a URL such as https://",
		"https:///s3cret":                      "the address is not a URL such as https://",
		"https://:443/s3cret":                  "the address is not a URL such as https://",
		"https://hooks.example.com/%zzs3cret":  "the address is not a URL such as https://",
		"":                                     "the address is not a URL such as https://",
		"https://me:s3cret@hooks.example.com/": "the address has a user or password before the host, which webhooks do not take",
		"https://s3cret@hooks.example.com/":    "the address has a user or password",
	} {
		u, err := notify.CheckURL(address)
		switch {
		case wrong == "" && (err != nil || u == nil || u.String() != address):
			t.Errorf("%s: %v, %v", address, u, err)
		case wrong != "" && (err == nil || !strings.HasPrefix(err.Error(), wrong) || strings.Contains(err.Error(), "s3cret")):
			t.Errorf("%s: %v, want %s", address, err, wrong)
		}
	}
}

func TestThePlaceOfAWebhookHasNothingThatMayBeSecret(t *testing.T) {
	for address, want := range map[string]string{
		"${HOOK}/s3cret":                           "${HOOK}",
		"https://hooks.example.com/s3cret":         "https://hooks.example.com/…",
		"https://hooks.example.com?s3cret":         "https://hooks.example.com/…",
		"https://hooks.example.com#s3cret":         "https://hooks.example.com/…",
		"https:///s3cret":                          "https:///…",
		"https://hooks.example.com":                "https://hooks.example.com/…",
		"http://127.0.0.1:9000/hook/${file:token}": "http://127.0.0.1:9000/…",
	} {
		if got := (notify.Webhook{URL: address}).Place(); got != want {
			t.Errorf("%s is shown as %s, want %s", address, got, want)
		}
	}
}
