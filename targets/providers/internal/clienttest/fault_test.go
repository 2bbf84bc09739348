package clienttest

import (
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
)

func TestAFaultIsReadWithItsTurn(t *testing.T) {
	known := map[string]bool{"stall": true, "drop": true}
	for text, want := range map[string]Fault{"stall": {Name: "stall"}, "drop@2": {Name: "drop", Turn: 2}} {
		if got, err := ParseFault(text, known); err != nil || got != want {
			t.Errorf("%s is read as %+v, %v", text, got, err)
		}
	}
	for text, says := range map[string]string{"dorp": "the faults are drop, stall", "stall@0": "a number from 1 up", "stall@x": `not "x"`, "": "unknown"} {
		if _, err := ParseFault(text, known); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want an error saying %q", text, err, says)
		}
	}
}

func TestFaultsArePlannedForTheirTurns(t *testing.T) {
	front := NewFront(Options{Faults: []Fault{{Name: "always"}, {Name: "once", Turn: 2}}})
	known := func() map[string]string { return map[string]string{"always": "a", "once": "b", "never": "c"} }
	for i, want := range [][]string{{"a"}, {"a", "b"}, {"a"}} {
		if got := Planned(&front, known); !slices.Equal(got, want) || front.Turns() != i+1 {
			t.Errorf("turn %d, counted as %d: %q, want %q", i+1, front.Turns(), got, want)
		}
	}
}

func TestTheKeyIsTakenFromEitherHeader(t *testing.T) {
	front, open := NewFront(Options{APIKey: "secret"}), NewFront(Options{})
	for _, test := range []struct {
		header, value string
		want          bool
	}{{"Authorization", "Bearer secret", true}, {"X-Key", "secret", true}, {"Authorization", "secret", false}, {"X-Other", "secret", false}, {"X-Key", "", false}} {
		r := httptest.NewRequest(http.MethodPost, "/", nil)
		r.Header.Set(test.header, test.value)
		if got := front.Admits(r, "X-Key"); got != test.want {
			t.Errorf("%s: %s is admitted: %t", test.header, test.value, got)
		}
		if !open.Admits(r, "X-Key") {
			t.Error("a server without a key wants one")
		}
	}
}
