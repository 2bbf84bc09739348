package text_test

import (
	"fmt"
	"reflect"
	"regexp"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/text"
)

func TestAPatternIsFound(t *testing.T) {
	for _, test := range []struct {
		pattern, in, shown string
		rule               text.Rule
	}{
		{`blue[\s-]+(11|eleven)`, "It is blue\u00a0eleven.", "blue\u00a0eleven", text.Folded},
		{`blue[\s-]+(11|eleven)`, "It is blue\u202feleven.", "blue\u202feleven", text.Folded},
		{`blue[\s-]+(11|eleven)`, "It is blue\u3000𝟏𝟏.", "blue\u3000𝟏𝟏", text.Folded},
		{`blue[\s-]+(11|eleven)`, "It is blue—١١.", "blue—١١", text.Folded},
		{`blue[\s-]+(11|eleven)`, "It is 𝐛𝐥𝐮𝐞 eleven.", "𝐛𝐥𝐮𝐞 eleven", text.Folded},
		{`\beleven\b`, "ele\u200bven\u00ad", "ele\u200bven", text.Folded},
		{`I can't`, "I can’t", "I can’t", text.Folded},
		{`(?m)^eleven$`, "blue\neleven\nmore", "eleven", text.Folded},
		{`(?m)^eleven$`, "blue eleven more", "", "?"},
		{`blue.eleven`, "blue\neleven", "", "?"},
		{`blue\r\neleven`, "bl\u200bue\r\neleven", "bl\u200bue\r\neleven", text.Folded},
		{"blue\u2028eleven", "blue\u2028eleven", "blue\u2028eleven", text.Folded},
		{`“blue”`, "“blue”", "“blue”", text.Folded},
		{`blue \d\d`, "**blue** 11", "blue** 11", text.Markup},
		{`blue \w+`, "blυe eleven", "blυe eleven", text.Lookalikes},
		{`\bcop\b`, "старый сор", "сор", text.Lookalikes + "?"},
		{`\bcop\b`, "a сoр", "сoр", text.Lookalikes},
		{`cop`, "сорок", "", "?"},
	} {
		p := text.NewPattern(regexp.MustCompile(test.pattern))
		m, ok := p.In(text.New(test.in))
		if test.rule == "?" {
			if ok {
				t.Errorf("%s matches %q: %+v", p, test.in, m)
			}
			continue
		}
		rule := m.Rule
		if m.Doubt != "" {
			rule += "?"
		}
		if !ok || test.in[m.Start:m.End] != test.shown || rule != test.rule {
			t.Errorf("%s in %q: %t, %q by %q, want %q by %q", p, test.in, ok, test.in[m.Start:m.End], rule, test.shown, test.rule)
		}
	}
}

func TestCharactersThatOnlyTheRawTextHasAreNamed(t *testing.T) {
	for pattern, want := range map[string][]text.Changed{
		`I can’t`:            {{"’", "'"}},
		`a—b|c\x{a0}d`:       {{"—", "-"}, {"\u00a0", " "}},
		`blue\x{200b}eleven`: {{"\u200b", ""}},
		"e\u0301":            {{"e\u0301", "é"}},
		`ｂｌ`:                 {{"ｂ", "b"}, {"ｌ", "l"}},
		`[’‘]`:               {{"‘", "'"}, {"’", "'"}},
		`[’']`:               nil,
		`[-–—]`:              nil,
		`(’|')`:              nil,
		`’?x`:                nil,
		`’+x`:                {{"’", "'"}},
		`(?:’x){2}`:          {{"’", "'"}},
		`[^’]`:               nil,
		`\d\s\w.`:            nil,
		`é ß пароль 漢`:       nil,
		`(`:                  nil,
	} {
		if got := text.ChangedIn(pattern); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %q, want %q", pattern, got, want)
		}
	}
}

func ExamplePattern() {
	p := text.NewPattern(regexp.MustCompile(`blue[ -](11|eleven)`))
	said := "The code is blue\u00a0ele\u200bven."
	m, ok := p.In(text.New(said))
	fmt.Printf("%t %q\n", ok, said[m.Start:m.End])
	// Output: true "blue\u00a0ele\u200bven"
}
