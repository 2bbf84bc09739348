package access_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/schema"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// checkProblem checks that an error names a key, says something, and has a hint.
func checkProblem(t *testing.T, err error, key, says string) {
	t.Helper()
	if core.KindOf(err) != core.ErrorConfig || !strings.HasPrefix(err.Error(), key+": ") || !strings.Contains(err.Error(), says) {
		t.Errorf("got a %q error, want a config error of %s that says %q: %v", core.KindOf(err), key, says, err)
	}
	if core.HintOf(err) == "" {
		t.Errorf("%v: there is no hint", err)
	}
}

func TestAConfigurationSaysAllThatIsWrongWithIt(t *testing.T) {
	xKey := func(name string) (string, bool) { return "give it as api_key", strings.EqualFold(name, "X-Api-Key") }
	for name, test := range map[string]struct {
		config access.Config
		want   map[string]string // key -> part of the error
	}{
		"nothing":         {access.Config{}, nil},
		"a key":           {access.Config{APIKey: "${KEY}"}, nil},
		"a key and token": {access.Config{APIKey: "k", AccessToken: "t"}, map[string]string{"access_token": "both api_key and access_token"}},
		"two tokens": {
			access.Config{AccessTokenFile: "f", AccessTokenCommand: []string{"c"}},
			map[string]string{"access_token_command": "both access_token_file and access_token_command"},
		},
		"a command without a name": {access.Config{AccessTokenCommand: []string{""}}, map[string]string{"access_token_command": "no name"}},
		"headers that replace the key": {
			access.Config{APIKey: "k", Headers: map[string]core.Secret{"authorization": "x", "api-key": "y"}},
			map[string]string{"headers.authorization": "cannot be set", "headers.api-key": "cannot be set"},
		},
		"credentials of another kind": {access.Config{Headers: map[string]core.Secret{"Authorization": "Basic eA=="}}, nil},
		"headers of the connection": {
			access.Config{Headers: map[string]core.Secret{"Host": "x", "content-length": "1", "Proxy-Authorization": "Basic eA=="}},
			map[string]string{"headers.Host": "cannot be set", "headers.content-length": "cannot be set", "headers.Proxy-Authorization": "cannot be set"},
		},
		"a header of the target's own": {
			access.Config{Headers: map[string]core.Secret{"x-api-key": "k", "X-Team": "red"}},
			map[string]string{"headers.x-api-key": "cannot be set"},
		},
		"names that no header has": {
			access.Config{Headers: map[string]core.Secret{"X Team": "red", "": "y", "Größe": "z"}},
			map[string]string{"headers": "not the name of a header"},
		},
		"a proxy of another kind":           {access.Config{Proxy: "telnet://hunter2"}, map[string]string{"proxy": "not the URL of a proxy"}},
		"a proxy without a host":            {access.Config{Proxy: "http://"}, map[string]string{"proxy": "not the URL of a proxy"}},
		"a proxy that is no URL":            {access.Config{Proxy: "http://%zz"}, map[string]string{"proxy": "not the URL of a proxy"}},
		"proxies":                           {access.Config{Proxy: "socks5://127.0.0.1:1080", ProxyUser: "u", ProxyPassword: "hunter2"}, nil},
		"a proxy's password in the address": {access.Config{Proxy: "http://u:hunter2@p.example"}, map[string]string{"proxy": "holds credentials"}},
		"a proxy's user in the address":     {access.Config{Proxy: "http://hunter2@p.example"}, map[string]string{"proxy": "holds credentials"}},
		"a password without its user":       {access.Config{Proxy: "http://p.example", ProxyPassword: "hunter2"}, map[string]string{"proxy_user": "without its user"}},
		"a user without a proxy":            {access.Config{ProxyUser: "u"}, map[string]string{"proxy": "without a proxy"}},
		"a certificate without a key":       {access.Config{ClientCertificate: "${file:c}"}, map[string]string{"client_key": "without its private key"}},
		"a key without a certificate":       {access.Config{ClientKey: "${file:k}"}, map[string]string{"client_certificate": "without its certificate"}},
		"a certificate and its key":         {access.Config{ClientCertificate: "${file:c}", ClientKey: "${file:k}"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			found := map[string]bool{}
			for _, err := range test.config.Check(xKey) {
				e, ok := errors.AsType[*core.Error](err)
				if !ok {
					t.Fatalf("not an error of core: %v", err)
				}
				found[e.Field] = true
				says, ok := test.want[e.Field]
				if !ok {
					t.Errorf("unexpected: %v", err)
				} else if name != "a command without a name" {
					checkProblem(t, err, e.Field, says)
				}
				if strings.Contains(err.Error()+core.HintOf(err), "hunter2") {
					t.Errorf("a password is quoted: %v", err)
				}
			}
			for key := range test.want {
				if !found[key] {
					t.Errorf("nothing is said of %s", key)
				}
			}
		})
	}
}

func TestWithoutAKeyOrATokenAConfigurationIsKeyless(t *testing.T) {
	for name, test := range map[string]struct {
		config access.Config
		want   bool
	}{
		"nothing":        {access.Config{Headers: map[string]core.Secret{"X-Team": "red"}}, true},
		"a key":          {access.Config{APIKey: "k"}, false},
		"a token":        {access.Config{AccessToken: "t"}, false},
		"a file of it":   {access.Config{AccessTokenFile: "f"}, false},
		"a way to print": {access.Config{AccessTokenCommand: []string{"c"}}, false},
	} {
		if got := test.config.Keyless(); got != test.want {
			t.Errorf("%s: %v, want %v", name, got, test.want)
		}
	}
}

// embedding is a target's configuration.
type embedding struct {
	Endpoint string `json:"endpoint" doc:"Address."`
	access.Config
	Model string `json:"model" doc:"Model."`
}

func TestTheKeysStandBesideTheTargetsOwn(t *testing.T) {
	s, err := schema.Of(embedding{})
	if err != nil {
		t.Fatal(err)
	}
	config := []byte(`{"endpoint":"e","api_key":"k","access_token":"t","access_token_file":"f","access_token_command":["c"],"headers":{"a":"b"},` +
		`"proxy":"http://p","proxy_user":"u","proxy_password":"w","ca_certificates":"c","client_certificate":"c","client_key":"k","insecure_plain":true,"model":"m"}`)
	if wrong := s.Check(config); len(wrong) > 0 {
		t.Errorf("the schema refuses it: %v", wrong)
	}
	var got embedding
	component := core.NewTarget(core.Info{Name: "x"}, embedding{}, func(_ context.Context, c embedding) (core.Target, error) {
		got = c
		return nil, nil
	})
	if _, err := component.Open(t.Context(), config); err != nil {
		t.Fatal(err)
	}
	if got.APIKey != "k" || got.ClientKey != "k" || !got.InsecurePlain || got.AccessTokenCommand[0] != "c" || got.Model != "m" {
		t.Errorf("decoded %+v", got)
	}
	for _, file := range s.Files([]byte(`{"access_token_file":"token"}`)) {
		if file.Value == "token" {
			return
		}
	}
	t.Error("the file of the token is no file that the component reads")
}
