package reply

import "testing"

func TestThoughtsAreSplitOnlyAtTheBeginning(t *testing.T) {
	for _, test := range []struct {
		text            string
		unopened        bool
		reasoning, said string
	}{
		{"no", false, "", "no"},
		{"<think>hm</think>no", false, "hm", "no"},
		{"\n <think>hm\n</think>\n\nno", false, "hm\n", "no"},
		{"<think>hm", false, "hm", ""},
		{"no <think>hm</think>", false, "", "no <think>hm</think>"},
		{"hm</think>no", false, "", "hm</think>no"},
		{"hm</think>no", true, "hm", "no"},
		{"no", true, "", "no"},
		{"<think></think>no", false, "", "no"},
		{"<think>a</think>b</think>c", false, "a", "b</think>c"},
	} {
		if reasoning, said := SplitThought(test.text, test.unopened); reasoning != test.reasoning || said != test.said {
			t.Errorf("%q: thinks %q and says %q, want %q and %q", test.text, reasoning, said, test.reasoning, test.said)
		}
	}
}
