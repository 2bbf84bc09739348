package extract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestAProgramOfJQIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for source, says := range map[string]string{
			"range(20000)": "more than 10000 outputs",
			"error(\"x\")": "jq: error: x",
		} {
			p, err := JQ(source, []string{"prompt"})
			if err != nil {
				t.Fatal(err)
			}
			err = p.Run(t.Context(), nil, []any{"x"}, func(any) bool { return true })
			if err == nil || !strings.Contains(err.Error(), says) || core.KindOf(err) != core.ErrorProtocol {
				t.Errorf("%s: got %v, want %q", source, err, says)
			}
		}
	})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	endless, err := JQ("def f: f; f", []string{"prompt"})
	if err != nil {
		t.Fatal(err)
	}
	if err := endless.Run(ctx, nil, []any{"x"}, func(any) bool { return true }); err == nil {
		t.Error("an endless program ended")
	}
}

func TestAProgramOfJQSeesNeitherEnvironmentNorFiles(t *testing.T) {
	t.Setenv("EXTRACT_SECRET", "sesame")
	for _, source := range []string{"env | length", "$ENV | length"} {
		p, err := JQ(source, []string{"prompt"})
		if err != nil {
			t.Fatal(err)
		}
		if v, err := p.First(t.Context(), nil, []any{"x"}); err != nil || v != 0 {
			t.Errorf("%s gives %v, %v", source, v, err)
		}
	}
	for _, source := range []string{`import "a" as a; 1`, `include "a"; 1`, "input", "inputs", "input_filename | error"} {
		p, err := JQ(source, []string{"prompt"})
		if err != nil {
			continue
		}
		if v, err := p.First(t.Context(), nil, []any{"x"}); err == nil {
			t.Errorf("%s gives %v", source, v)
		}
	}
}

func TestACallerWhoLeavesWhileJQWorksIsToldSo(t *testing.T) {
	endless, err := JQ("last(repeat(.))", []string{"prompt"})
	if err != nil {
		t.Fatal(err)
	}
	why := errors.New("the caller has left")
	ctx, leave := context.WithCancelCause(t.Context())
	leave(why)
	if _, err := endless.First(ctx, "x", []any{"x"}); !errors.Is(err, why) {
		t.Errorf("the error is %v, want the reason of the caller", err)
	}
}

func TestAProgramIsStoppedAtItsLimit(t *testing.T) {
	endless, err := JQ("last(repeat(.))", []string{"prompt"})
	if err != nil {
		t.Fatal(err)
	}
	endless.limit = 20 * time.Millisecond
	_, err = endless.First(t.Context(), "x", []any{"x"})
	if core.KindOf(err) != core.ErrorProtocol || !strings.Contains(err.Error(), "needs more than 20ms") || IsFailure(err) {
		t.Errorf("the error is %v (a failure: %t), want that of the limit, which is no failure", err, IsFailure(err))
	}
}

func TestTheOutputsOfAProgram(t *testing.T) {
	for source, want := range map[string]struct {
		outputs string
		fails   bool
	}{
		"1, null, 2":                {"[1 <nil> 2]", false},
		"empty":                     {"[]", false},
		"1, halt, 2":                {"[1]", false},
		`1, ("x" | halt_error), 2`:  {"[1]", true},
		`1, error("x"), 2`:          {"[1]", true},
		".a":                        {"[]", true},
		"$prompt":                   {"[hello]", false},
		"range(10000)":              {"10000 outputs", false},
		"range(10001)":              {"10000 outputs", true},
		`"\u0024prompt", "$prompt"`: {"[$prompt $prompt]", false},
	} {
		p, err := JQ(source, []string{"prompt"})
		if err != nil {
			t.Fatal(err)
		}
		var all []any
		err = p.Run(t.Context(), "a text", []any{"hello"}, func(v any) bool { all = append(all, v); return true })
		got := fmt.Sprint(all)
		if len(all) > 10 {
			got = fmt.Sprintf("%d outputs", len(all))
		}
		if got != want.outputs || IsFailure(err) != want.fails || want.fails != (err != nil) {
			t.Errorf("%s gives %s and %v, want %s and a failure: %t", source, got, err, want.outputs, want.fails)
		}
	}
}

func TestWhatAProgramHoldsFor(t *testing.T) {
	for source, want := range map[string]bool{
		"true": true, "0": true, `""`: true, "false": false, "null": false, "empty": false, "halt": false, "null, true": false, "true, error": true,
	} {
		p, err := JQ(source, nil)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := p.Holds(t.Context(), nil, nil); err != nil || got != want {
			t.Errorf("%s holds: %t, %v; want %t", source, got, err, want)
		}
	}
}

func TestWhatIsNoProgramIsToldWithWhatWouldBe(t *testing.T) {
	for source, want := range map[string]string{
		".a |":    "not a jq program",
		"$promt":  `there is no variable "promt" here (did you mean "prompt"?)`,
		"nofunc":  "not a jq program",
		"$taken.": "not a jq program",
	} {
		p, err := JQ(source, []string{"prompt", "taken"})
		if core.KindOf(err) != core.ErrorConfig || !strings.Contains(fmt.Sprintf("%v (%s)", err, core.HintOf(err)), want) || p != nil {
			t.Errorf("%s: %v, want %q", source, err, want)
		}
	}
	if p, err := JQ("", nil); p != nil || err != nil {
		t.Errorf("no program is %v, %v", p, err)
	}
}

func TestAProgramSaysWhichVariablesItUses(t *testing.T) {
	p, err := JQ("$taken.a + $prompt", []string{"prompt", "taken", "seed"})
	if err != nil || !slices.Equal(p.Uses(), []string{"taken", "prompt"}) {
		t.Errorf("%v, %v", p.Uses(), err)
	}
}

func TestAMatchGivesItsFirstGroup(t *testing.T) {
	for source, want := range map[string]string{"b(.)(.)": "c", "b.": "bc"} {
		r, err := Regex(source)
		if err != nil {
			t.Fatal(err)
		}
		if got := Matched(r.FindStringSubmatch("abcd")); got != want {
			t.Errorf("%s gives %q, want %q", source, got, want)
		}
	}
	if _, err := Regex("("); core.KindOf(err) != core.ErrorConfig || core.HintOf(err) != "the syntax is RE2's" {
		t.Errorf("%v", err)
	}
	if r, err := Regex(""); r != nil || err != nil {
		t.Errorf("no expression is %v, %v", r, err)
	}
}
