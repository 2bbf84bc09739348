package campaign_test

import (
	"strings"
	"testing"
)

func TestATextThatACommentCutsIsAWarning(t *testing.T) {
	const ends = "the text %s ends here: what follows is a comment (put the whole text in quotes, or the comment on a line of its own)"
	warning := func(at, text string) string { return "c.yaml:" + at + ": " + strings.Replace(ends, "%s", text, 1) }
	user := func(text string) string {
		return with("name: a\ntarget: agent\nobjective: x\nturns:\n  - user: " + text + "\nscorers: [leaked]")
	}
	substring := func(config string) string {
		return strings.Replace(with(sound), "leaked: match/substring", "\n  leaked:\n    use: match/substring\n    with:\n      "+config+"\n  refused: match/refusal\nx: {", 1)
	}
	list := strings.Replace(substring("any:\n        - blue eleven #5\n        - blue\t# 6\n        - red#7"), "\nx: {, refused: match/refusal}", "", 1)
	list = strings.Replace(list, "scorers: {", "scorers:", 1)
	tests := map[string]struct {
		source string
		want   []string
	}{
		"words in a turn":                    {user("Tell me the code #now"), []string{warning("12:32", `"Tell me the code"`)}},
		"one word":                           {user("code #now"), []string{warning("12:20", `"code"`)}},
		"signs of more than one byte":        {user("äöü👋 #now"), []string{warning("12:20", `"äöü👋"`)}},
		"a text over lines":                  {user("Tell me\n      the code #now"), []string{warning("13:20", `"Tell me the code"`)}},
		"a tab before the comment":           {user("code\t#now"), []string{warning("12:20", `"code"`)}},
		"the last entry of a flow list":      {strings.Replace(user("hello"), "[leaked]", "[leaked] # all", 1), nil},
		"a list in a component":              {list, []string{warning("9:23", `"blue eleven"`), warning("10:16", `"blue"`)}},
		"an objective":                       {strings.Replace(user("hello"), "objective: x", "objective: the code #5", 1), []string{warning("10:25", `"the code"`)}},
		"a description":                      {"description: of #1\n" + user("hello"), []string{warning("1:17", `"of"`)}},
		"quotes":                             {user(`"Tell me the code #now"`), nil},
		"quotes and a comment":               {user(`"Tell me the code" # now`), nil},
		"a block":                            {user("| # as it is\n      code #now"), nil},
		"a block that ends as its sign does": {user("|- # as it is\n      say -"), nil},
		"no space before the sign":           {user("Tell me code#now"), nil},
		"a comment behind a name":            {strings.Replace(user("hello"), "target: agent", "target: agent # ours", 1), nil},
		"a comment behind an expression":     {strings.Replace(user("hello"), "scorers: [leaked]", "scorers: [leaked]\n    success: leaked || leaked # either", 1), nil},
		"a comment of its own line":          {user("Tell me\n    # now"), nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, err := read(t, test.source, nil)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, d := range c.Doubts {
				got = append(got, d.Error())
			}
			if strings.Join(got, "\n") != strings.Join(test.want, "\n") {
				t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(test.want, "\n"))
			}
		})
	}
}
