package access_test

import (
	"net/url"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

func chat() access.Address {
	return access.Address{Key: "endpoint", Service: "a chat service", Example: "https://api.openai.com/v1"}
}

func voice() access.Address {
	return access.Address{Key: "url", WebSocket: true, Service: "a voice service", Example: "wss://voice.example/v1"}
}

func TestAddressesGetTheSchemeOfTheirService(t *testing.T) {
	for _, test := range []struct {
		address  access.Address
		plain    bool
		in, want string
	}{
		{chat(), false, "https://api.example/v1?x=1", "https://api.example/v1?x=1"},
		{chat(), false, "HTTPS://api.example", "https://api.example"},
		{chat(), false, "http://127.0.0.1:8080/v1", "http://127.0.0.1:8080/v1"},
		{chat(), false, "http://127.4.5.6", "http://127.4.5.6"},
		{chat(), false, "http://[::1]:1/", "http://[::1]:1/"},
		{chat(), false, "http://LocalHost.:1", "http://LocalHost.:1"},
		{chat(), true, "http://10.0.0.1/v1", "http://10.0.0.1/v1"},
		{chat(), true, "https://10.0.0.1/v1", "https://10.0.0.1/v1"},
		{voice(), false, "https://voice.example", "wss://voice.example"},
		{voice(), false, "wss://voice.example", "wss://voice.example"},
		{voice(), false, "http://localhost:1", "ws://localhost:1"},
		{voice(), true, "ws://voice.example", "ws://voice.example"},
	} {
		t.Run(test.in, func(t *testing.T) {
			got, err := access.Config{InsecurePlain: test.plain}.Parse(test.address, test.in)
			if err != nil {
				t.Fatal(err)
			}
			if got.String() != test.want {
				t.Errorf("got %s, want %s", got, test.want)
			}
		})
	}
}

func TestAddressesThatCannotBeRightAreRefusedWithoutQuotingThem(t *testing.T) {
	for _, test := range []struct {
		address  access.Address
		in, says string
	}{
		{chat(), "://hunter2", "not a URL"},
		{chat(), "api.example/v1?hunter2", "not a scheme of a chat service"},
		{chat(), "wss://api.example?hunter2", "not a scheme of a chat service"},
		{voice(), "ftp://api.example", "not a scheme of a voice service"},
		{chat(), "https:///v1?hunter2", "no host"},
		{chat(), "https://user:hunter2@api.example", "holds credentials"},
		{chat(), "https://hunter2@api.example", "holds credentials"},
		{chat(), "https://api.example?api-key=hunter2", "holds credentials"},
		{chat(), "https://api.example?Access_Token=hunter2", "holds credentials"},
		{chat(), "https://api.example?key=hunter2", "holds credentials"},
		{chat(), "https://api.example/v1#hunter2", "fragment"},
		{chat(), "http://agent.example/v1?hunter2", "in the clear to agent.example"},
		{chat(), "http://10.0.0.1/v1", "in the clear to 10.0.0.1"},
		{chat(), "http://localhost.example", "in the clear"},
		{chat(), "http://0.0.0.0", "in the clear"},
		{voice(), "ws://voice.example?hunter2", "ws:// would send"},
		{voice(), "http://voice.example", "http:// would send"},
	} {
		t.Run(test.in, func(t *testing.T) {
			_, err := access.Config{}.Parse(test.address, test.in)
			checkProblem(t, err, test.address.Key, test.says)
			if strings.Contains(err.Error()+core.HintOf(err), "hunter2") {
				t.Errorf("the error quotes the address: %v", err)
			}
			if strings.Contains(test.says, "would send") && !strings.Contains(core.HintOf(err), "insecure_plain: true") {
				t.Errorf("the hint does not say how to allow it: %s", core.HintOf(err))
			}
		})
	}
}

func TestAnAddressIsShownWithoutItsQuery(t *testing.T) {
	u, err := url.Parse("https://api.example:1/a%2Fb?token=hunter2")
	if err != nil {
		t.Fatal(err)
	}
	if got := access.Shown(u); got != "https://api.example:1/a%2Fb" {
		t.Errorf("got %s", got)
	}
}

// Whatever is written, an address that is taken names a host, holds no
// credentials, and reaches another machine with TLS only.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"https://api.example/v1", "ws://127.0.0.1:1?x=y#z", "http://u:p@h", "http://[::1%25lo]/", "HTTP://Localhost."} {
		f.Add(seed, true)
		f.Add(seed, false)
	}
	f.Fuzz(func(t *testing.T, text string, socket bool) {
		a := chat()
		a.WebSocket = socket
		u, err := access.Config{}.Parse(a, text)
		if err != nil {
			if core.KindOf(err) != core.ErrorConfig {
				t.Errorf("a %q error", core.KindOf(err))
			}
			return
		}
		again, err := url.Parse(u.String())
		if err != nil || again.Hostname() == "" || again.User != nil {
			t.Errorf("%q became %q (%v)", text, u, err)
		}
		if (u.Scheme == "http" || u.Scheme == "ws") && !strings.HasPrefix(u.Hostname(), "127.") && !strings.HasPrefix(u.Hostname(), "::") &&
			!strings.HasPrefix(strings.ToLower(u.Hostname()), "localhost") && !strings.Contains(u.Hostname(), ":") {
			t.Errorf("%q would be spoken to in the clear", text)
		}
	})
}
