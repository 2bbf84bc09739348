//go:build linux

package sandbox

import (
	"testing"

	"github.com/landlock-lsm/go-landlock/landlock"
)

func TestTheConfigurationIsTheStrictestThatTheSystemHas(t *testing.T) {
	for _, test := range []struct {
		abi  int
		want landlock.Config
		ok   bool
	}{
		{-1, landlock.Config{}, false},
		{0, landlock.Config{}, false},
		{1, landlock.V1, true},
		{4, landlock.V4, true},
		{11, landlock.V11, true},
		{12, landlock.V11, true}, // a kernel that is newer than this program
	} {
		if got, ok := strictest(test.abi); ok != test.ok || got.String() != test.want.String() {
			t.Errorf("ABI %d: %v, %v; want %v, %v", test.abi, got, ok, test.want, test.ok)
		}
	}
}
