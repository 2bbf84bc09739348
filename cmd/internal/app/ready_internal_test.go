package app

import "testing"

func TestAProgramIsNamedWhereItsNameIsAWord(t *testing.T) {
	for text, want := range map[string]bool{
		`there is no program sh: exec: "sh": not found`: true,
		"program sh, which speaks":                      true,
		"the run is finished":                           false,
		"/bin/sh was found":                             false,
		"":                                              false,
	} {
		if got := hasWord(text, "sh"); got != want {
			t.Errorf("%q: %t", text, got)
		}
	}
}
