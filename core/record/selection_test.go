package record_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/record"
)

// cases are those of two attacks: one with targets, variants and rows, and one with none.
func cases() []record.Case {
	var all []record.Case
	for _, target := range []string{"agent", "spare"} {
		for _, variant := range []string{"plain", "phone"} {
			for row := 1; row <= 12; row++ {
				all = append(all, record.Case{Attack: "polite", Target: target, Variant: variant, Row: row})
			}
		}
	}
	return append(all, record.Case{Attack: "rude", Target: "agent"}, record.Case{Attack: "rows", Target: "agent", Row: 3})
}

func TestANameSelectsCasesAsTheIDsOfTrialsNameThem(t *testing.T) {
	for name, want := range map[string]int{
		"polite": 48, "polite/phone": 24, "polite/phone/row-2": 2, "polite/phone/2": 2, "polite/agent": 24,
		"polite/agent/phone": 12, "polite/agent/phone/row-12": 1, "rude": 1, "rude/agent": 1, "rows/3": 1, "rows/row-3": 1, "rows/agent/3": 1,
		"": 0, "pol": 0, "polite/": 0, "/polite": 0, "polite/row-2": 0, "polite/agent/row-2": 0, "polite/phone/row-1/1": 0, "polite/phone/1/": 0,
		"rows/1": 0, "rude/row-0": 0, "polite/phone/agent": 0, "row-3": 0, "3": 0, "rows/03": 0,
	} {
		n := 0
		for _, c := range cases() {
			if record.Selects(name, c) {
				n++
			}
		}
		if n != want {
			t.Errorf("%q selects %d cases, want %d", name, n, want)
		}
	}
}

func TestASelectionIsWhatAnyOfItsNamesSelects(t *testing.T) {
	for name, test := range map[string]struct {
		selection record.Selection
		want      int
		words     string
	}{
		"the whole":     {record.Selection{}, 50, ""},
		"only a number": {record.Selection{Trials: 2}, 50, "trials: 2"},
		"two names":     {record.Selection{Only: []string{"rude", "polite/phone/1"}, Trials: 1}, 3, "only rude, polite/phone/1; trials: 1"},
		"one within":    {record.Selection{Only: []string{"polite", "polite/phone"}}, 48, "only polite, polite/phone"},
		"none":          {record.Selection{Only: []string{"nobody"}}, 0, "only nobody"},
	} {
		n := 0
		for _, c := range cases() {
			if test.selection.Has(c) {
				n++
			}
		}
		if n != test.want || test.selection.String() != test.words || test.selection.IsWhole() != (test.words == "") {
			t.Errorf("%s: %d cases, %q, whole %t", name, n, test.selection, test.selection.IsWhole())
		}
	}
}

func TestANameThatSelectsNothingIsKnownAsFarAsItGoes(t *testing.T) {
	for name, test := range map[string]struct {
		known string
		next  []string
	}{
		"polit":                {"", []string{"polite", "rude", "rows"}},
		"polite/fone":          {"polite", []string{"plain", "agent", "phone", "spare"}},
		"polite/agent/fone/2":  {"polite/agent", []string{"plain", "phone"}},
		"rows/7":               {"rows", []string{"row-3", "agent"}},
		"rude/agent/loud":      {"rude/agent", nil},
		"polite/phone/row-1/1": {"polite/phone/row-1", nil},
	} {
		known, next, whole := record.Unselected(name, cases())
		if known != test.known || whole || !slices.Equal(next, test.next) {
			t.Errorf("%s: known %q, next %q, whole %t; want %q, %q", name, known, next, whole, test.known, test.next)
		}
	}
	if _, _, whole := record.Unselected("polite/phone/12", cases()); !whole {
		t.Error("what selects something is said not to")
	}
}

func FuzzSelection(f *testing.F) {
	for _, name := range []string{"", "/", "polite", "polite/phone/row-2", "polite/agent/phone/2", "rows/row-3", "rude//", "polite/\xff"} {
		f.Add(name)
	}
	f.Fuzz(func(t *testing.T, name string) {
		known, next, whole := record.Unselected(name, cases())
		if selects := slices.ContainsFunc(cases(), func(c record.Case) bool { return record.Selects(name, c) }); selects != whole {
			t.Fatalf("%q selects something: %t, and all of it is known: %t", name, selects, whole)
		}
		if !strings.HasPrefix(name, known) {
			t.Fatalf("of %q, %q is known", name, known)
		}
		for _, n := range next {
			if longer := strings.TrimPrefix(known+"/"+n, "/"); known != "" || n != "" {
				if k, _, _ := record.Unselected(longer, cases()); k != longer {
					t.Fatalf("%q may follow %q, and %q is not known", n, known, longer)
				}
			}
		}
	})
}
