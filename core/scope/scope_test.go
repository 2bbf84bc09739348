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
		"HTTPS://x.example":         {"x.example", "443"},
		"WSS://X.example:8443":      {"x.example", "8443"},
		"http://[::FFFF:127.0.0.1]": {"::ffff:127.0.0.1", "80"},
		"http://[FD00::1]:81":       {"fd00::1", "81"},
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

func TestLoopbackIsThisMachineInEverySpellingAndNoNameThatLooksLikeIt(t *testing.T) {
	for host, want := range map[string]bool{
		"localhost": true, "LOCALHOST": true, "LocalHost.": true,
		"127.0.0.1": true, "127.0.0.1.": true, "127.9.8.7": true, "127.255.255.255": true,
		"::1": true, "0:0:0:0:0:0:0:1": true, "0000::0001": true, "::1%lo": true,
		"::ffff:127.0.0.1": true, "::FFFF:127.0.0.1": true, "::ffff:7f00:1": true, "0:0:0:0:0:ffff:7f00:0001": true,

		"localhost.evil.example": false, "127.0.0.1.evil.example": false, "notlocalhost": false, "localhost..": false,
		"126.255.255.255": false, "128.0.0.1": false, "10.0.0.1": false, "0.0.0.0": false, "::": false, "::2": false,
		"::ffff:10.0.0.1": false, "::ffff:128.0.0.1": false, "::127.0.0.1": false, "": false, ".": false,
		// What some resolvers take for 127.0.0.1 is not looked up.
		"127.1": false, "0177.0.0.1": false, "2130706433": false, "0x7f000001": false,
		"a.localhost": false, "localhost4": false, "[::1]": false,
	} {
		if got := scope.Loopback(scope.Name(host)); got != want {
			t.Errorf("%q is loopback: %v, want %v", host, got, want)
		}
	}
}

func TestAHostIsNamedInLowerCaseWithoutATrailingDot(t *testing.T) {
	for host, want := range map[string]string{
		"API.Example.": "api.example", "api.example": "api.example", "api.example..": "api.example.",
		"10.0.0.1": "10.0.0.1", "10.0.0.1.": "10.0.0.1", "::FFFF:10.0.0.1": "::ffff:10.0.0.1",
		"FD00:0:0::1": "fd00:0:0::1", "fe80::1%ETH0": "fe80::1%eth0",
		"[FD00::1]": "[fd00::1]", "": "",
	} {
		if got := scope.Name(host); got != want {
			t.Errorf("%q is named %q, want %q", host, got, want)
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
		{"[FD00::1]", "fd00::1", "80", true},
		{"FD00::1", "fd00::1", "80", true},
		{"[FD00::1]:81", "fd00::1", "81", true},
		{"fd00:0::1", "fd00::1", "80", false},
		{"::ffff:10.0.0.1", "10.0.0.1", "80", false},
		{"10.0.0.1.", "10.0.0.1", "80", true},
		{"10.0.0.1", "10.0.0.10", "80", false},
		{"api.example.:8443", "api.example", "8443", true},
		{"api.example:8443", "api.example", "", false},
		{"api.example", "api.example", "", true},
		{"api.example:", "api.example", "443", false},
		{"example", "api.example", "443", false},
		{"*.example", "api.example", "443", false},
		{"", "api.example", "443", false},
	} {
		if got := scope.Allows([]string{"other.example", test.entry}, test.host, test.port); got != test.want {
			t.Errorf("%q allows %s port %s: %v, want %v", test.entry, test.host, test.port, got, test.want)
		}
	}
	if scope.Allows(nil, "api.example", "443") {
		t.Error("an empty scope allows a host")
	}
}
