package scope_test

import (
	"net/url"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/scope"
)

func TestAnAddressNamesAHostAndAPort(t *testing.T) {
	for address, want := range map[string][2]string{
		"https://API.Example./v1":   {"api.example", "443"},
		"wss://api.example":         {"api.example", "443"},
		"http://api.example":        {"api.example", "80"},
		"ws://[::1]":                {"::1", "80"},
		"ws://api.example:8080":     {"api.example", "8080"},
		"socks5://api.example":      {"api.example", ""},
		"https://user:pw@x.example": {"x.example", "443"},
	} {
		u, err := url.Parse(address)
		if err != nil {
			t.Fatal(err)
		}
		if host, port := scope.HostOf(u); host != want[0] || port != want[1] {
			t.Errorf("%s: %q, %q; want %q", address, host, port, want)
		}
	}
}

func TestLoopbackIsThisMachineAndNoNameThatLooksLikeIt(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "127.0.0.1": true, "127.9.8.7": true, "::1": true, "::ffff:127.0.0.1": true,
		"localhost.evil.example": false, "127.0.0.1.evil.example": false, "10.0.0.1": false, "0.0.0.0": false, "": false,
	} {
		if got := scope.Loopback(host); got != want {
			t.Errorf("Loopback(%q) = %v, want %v", host, got, want)
		}
	}
}

func TestAnEntryAllowsAHostOnEveryPortOrOnItsOwn(t *testing.T) {
	for _, test := range []struct {
		entry, host, port string
		want              bool
	}{
		{"api.example", "api.example", "443", true},
		{"API.Example.", "api.example", "8080", true},
		{"api.example:8443", "api.example", "8443", true},
		{"api.example:8443", "api.example", "443", false},
		{"api.example", "evil-api.example", "443", false},
		{"api.example", "api.example.evil", "443", false},
		{"[fd00::1]", "fd00::1", "80", true},
		{"fd00::1", "fd00::1", "80", true},
		{"[fd00::1]:81", "fd00::1", "81", true},
		{"[fd00::1]:81", "fd00::1", "80", false},
	} {
		if got := scope.Allows([]string{"other.example", test.entry}, test.host, test.port); got != test.want {
			t.Errorf("%q allows %s port %s: %v, want %v", test.entry, test.host, test.port, got, test.want)
		}
	}
	if scope.Allows(nil, "api.example", "443") {
		t.Error("an empty scope allows a host")
	}
}
