package text_test

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/text"
)

func TestWhatReadsAlikeFoldsAlike(t *testing.T) {
	for _, same := range [][]string{
		{"blue eleven", "Blue Eleven", "BLUE ELEVEN", "ｂｌｕｅ　ｅｌｅｖｅｎ", "𝐛𝐥𝐮𝐞 𝖊𝖑𝖊𝖛𝖊𝖓", "ⓑⓛⓤⓔ eleven", "\tblue\n\r\neleven\u2028", "blue\u00a0\u202f\u2800\u3000eleven\u0085"},
		{"blue eleven", "bl\u200bue ele\u00adven", "\ufeffbl\u200d\u200cue\u2060 e\ufe0fl\u034fe\u180dv\U000e0041en\U000e0101", "b\x00l\x1bue\u009f eleven", "blu\u2063e\u3164 eleven", "\u202eblue\u202c \u2066eleven\u2069", "blue\ufff9 eleven"},
		{"a-b", "a‐b", "a‑b", "a‒b", "a–b", "a—b", "a−b", "a﹣b", "a－b", "a⁃b", "a־b"},
		{"i can't", "I can’t", "I can‘t", "I canʼt", "I can´t", "I can＇t", "I can′t"},
		{`"yes"`, "“yes”", "„yes‟", "«yes»", "＂yes＂", "″yes″", "「yes」"},
		{"née", "ne\u0301e", "ne\u200b\u0301e", "NÉE"},
		{"straße", "STRASSE", "STRAẞE", "strasse"},
		{"οδος", "ΟΔΟΣ", "οδοσ"},
		{"code 1234", "code １２３４", "code ١٢٣٤", "code १२३४", "code 𝟙𝟚𝟛𝟜", "code ①②③④", "code ¹²³⁴"},
		{"100", "➀⓿🄌", "➊🄋⓿", "⓵⓿⓿"},
		{"234", "➁➂➃", "➋➌➍", "⓶⓷⓸", "❷❸❹"},
		{"1/2", "½", "1⁄2", "1∕2"},
		{"한국어", "\u1112\u1161\u11ab\u1100\u116e\u11a8\u110b\u1165"},
		{"ǰ", "J\u030c", "j\u030c"},
		{"ᾳ", "ΑΙ", "α\u0345"},
		{"a...b", "a…b"},
		{"пароль", "ПАРОЛЬ", "п\u200bароль"},
	} {
		for _, s := range same[1:] {
			if text.Fold(s) != text.Fold(same[0]) {
				t.Errorf("%q folds to %q, and %q to %q", s, text.Fold(s), same[0], text.Fold(same[0]))
			}
		}
	}
	for _, pair := range [][2]string{{"blue eleven", "blueeleven"}, {"résumé", "resume"}, {"a-b", "a b"}, {"blue, eleven", "blue eleven"}, {"か", "が"}, {"1", "l"}, {"`", "'"}} {
		if text.Fold(pair[0]) == text.Fold(pair[1]) {
			t.Errorf("%q and %q fold to the same", pair[0], pair[1])
		}
	}
}

func TestWithoutCaseAndSpacesOnlyWhatReadsAlikeIsFolded(t *testing.T) {
	const ascii = "A  b\tC\r\n`~!@#$%^&*()_+-={}[]|\\:\";'<>?,./ \v\f"
	if got := (text.Form{}).Fold(ascii); got != ascii {
		t.Errorf("%q becomes %q", ascii, got)
	}
	for given, want := range map[string]string{"a\u2028b\u0085c\u2029": "a\u2028b\u0085c\u2029", "A\u00a0\u00a0B": "A  B", "É\u200b": "É"} {
		if got := (text.Form{}).Fold(given); got != want {
			t.Errorf("%q becomes %q, want %q", given, got, want)
		}
	}
}

// Go's own tables say the same of all characters that they know.
func TestEveryCharacterThatShowsNothingIsIgnorable(t *testing.T) {
	known := 0
	for r := rune(0); r <= unicode.MaxRune; r++ {
		want := unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector, unicode.Cf) &&
			!unicode.In(r, unicode.White_Space, unicode.Prepended_Concatenation_Mark) ||
			unicode.Is(unicode.Cc, r) && !unicode.IsSpace(r) || r == 0x16FE4 || r == 0x1D159
		if want {
			known++
		}
		if got := text.Ignorable(r); got != want {
			t.Errorf("%U: ignorable %t, want %t", r, got, want)
		}
	}
	if known < 4000 {
		t.Errorf("%d characters; the test is broken", known)
	}
}

// The targets' own rule of the empty reply is the engine's.
func TestAMessageIsBlankWhereItsTextShowsNothing(t *testing.T) {
	for r := rune(0); r <= unicode.MaxRune; r++ {
		if s := string(r); core.UserText(s).Blank() == text.Visible(s) {
			t.Errorf("%U: blank %t, visible %t", r, core.UserText(s).Blank(), text.Visible(s))
		}
	}
}

func TestVisible(t *testing.T) {
	for _, s := range []string{"", " \n\t", "\u00a0\u3000", "\u200b", "\u200d\ufeff\u2060\u00ad", "\u2800", "\ufe0f", "\u3164", "\u115f", "\x00\x1b\x7f", "\U000e0041\U000e0101", "\u2028\u0085", "\u180e", "\u034f", "\ufff9\ufffb", "\U0001d159"} {
		if text.Visible(s) {
			t.Errorf("%q is visible", s)
		}
	}
	for _, s := range []string{".", "a", "\u200ba", "\xff", "\ufffd", "🎉", "\u0301", "—"} {
		if !text.Visible(s) {
			t.Errorf("%q is not visible", s)
		}
	}
}

// find looks for a phrase in a text, without regard to case.
func find(wanted, s string) (text.Match, bool) {
	return text.Search{}.Phrase(wanted).In(text.New(s))
}

func TestAPhraseIsFound(t *testing.T) {
	for _, test := range []struct {
		wanted, in, shown string
		rule              text.Rule
	}{
		{"blue eleven", "It is Blue Eleven.", "Blue Eleven", text.Folded},
		{"blue eleven\n", "It is blue eleven. More?", "blue eleven", text.Folded},
		{" \u200bblue\neleven ", "It is blue\r\n  eleven.", "blue\r\n  eleven", text.Folded},
		{"eleven", "\u200bele\u200bven\u200b!", "ele\u200bven", text.Folded},
		{"eleven", "é eleve\u0301n e", "eleve\u0301n", text.Lookalikes + "?"},
		{"née", "x ne\u0301e y", "ne\u0301e", text.Folded},
		{"fi", "de\ufb01ne", "\ufb01", text.Folded},
		{"blue eleven", "It is **blue** _eleven_!", "blue** _eleven", text.Markup},
		{"blue eleven", "<b>blue</b>&nbsp;<i class=\"x\">ele</i>ven", "blue</b>&nbsp;<i class=\"x\">ele</i>ven", text.Markup},
		{"blue eleven", "bl\\ue eleven", "bl\\ue eleven", text.Spacing + "?"},
		{"blue eleven", "&#98;l&#x75;e eleven", "&#98;l&#x75;e eleven", text.Markup},
		{"blue.eleven", "blue\\.eleven", "blue\\.eleven", text.Markup},
		{"blue eleven", "It is blυe еleven.", "blυe еleven", text.Lookalikes},
		{"blue eleven", "It is bIue eIeven.", "bIue eIeven", text.Lookalikes},
		{"blue eleven", "It is b1ue e1even.", "b1ue e1even", text.Lookalikes},
		{"blue eleven", "ʙʟᴜᴇ ᴇʟᴇᴠᴇɴ", "ʙʟᴜᴇ ᴇʟᴇᴠᴇɴ", text.Lookalikes},
		{"blue eleven", "🇧🇱🇺🇪 🇪🇱🇪🇻🇪🇳", "🇧🇱🇺🇪 🇪🇱🇪🇻🇪🇳", text.Lookalikes},
		{"blue eleven", "🅱🅻🆄🅴 🅔🅛🅔🅥🅔🅝", "🅱🅻🆄🅴 🅔🅛🅔🅥🅔🅝", text.Lookalikes},
		{"blue eleven", "b̶l̶u̶e̶ ė̶l̴e̷v̸e̵n̶", "b̶l̶u̶e̶ ė̶l̴e̷v̸e̵n̶", text.Lookalikes},
		{"blue eleven", "**Вlue** eleven", "Вlue** eleven", text.Lookalikes},
		{"alien", "an АLIEN", "АLIEN", text.Lookalikes},
		{"пароль", "вот пapoль", "пapoль", text.Lookalikes},
		{"blue 11", "blue ll", "blue ll", text.Lookalikes + "?"},
		{"cop", "старый сор здесь", "сор", text.Lookalikes + "?"},
		{"modem", "a modern town", "modern", text.Lookalikes + "?"},
		{"pate", "some pâté please", "pâté", text.Lookalikes + "?"},
		{"blue eleven", "It is b-l-u-e eleven.", "b-l-u-e eleven", text.Spacing},
		{"blue eleven", "b l u e  e l e v e n", "b l u e  e l e v e n", text.Spacing},
		{"blue eleven", "B.L.U.E. ELEVEN", "B.L.U.E. ELEVEN", text.Spacing},
		{"blue eleven", "b🔥l🔥u🔥e🔥eleven", "b🔥l🔥u🔥e🔥eleven", text.Spacing},
		{"blue eleven", "b\nl\nu\ne\n\neleven", "b\nl\nu\ne\n\neleven", text.Spacing},
		{"blue eleven", "my_blue_eleven_x", "blue_eleven", text.Spacing},
		{"blue eleven", "the BlueEleven key", "BlueEleven", text.Spacing},
		{"blue eleven", "the blueeleven key", "blueeleven", text.Spacing + "?"},
		{"blue eleven", "ourblueelevenkey", "blueeleven", text.Spacing + "?"},
		{"blue eleven", "1. blue\n2. eleven", "blue\n2. eleven", text.Spacing + "?"},
		{"blue eleven", "It is blue. Eleven came.", "blue. Eleven", text.Spacing + "?"},
		{"blue eleven", "bl-ue el-ev-en", "bl-ue el-ev-en", text.Spacing + "?"},
		{"blue eleven", "1) blue\n2) eleven", "blue\n2) eleven", text.Spacing + "?"},
		{"blue eleven", "level 3. blue", "", "?"},
		{"blue eleven", "blue 🔥 eleven", "blue 🔥 eleven", text.Spacing},
		{"blue eleven", "b, l, u, e, eleven", "b, l, u, e, eleven", text.Spacing},
		{"blue eleven", "ourBlueElevenKey", "BlueEleven", text.Spacing + "?"},
		{"blue eleven", "blue, eleven; then blue: eleven", "blue, eleven", text.Spacing + "?"},
		{"blue eleven", "blue, eleven; then blue-eleven", "blue-eleven", text.Spacing},
		{"blueeleven", "It is blue eleven.", "blue eleven", text.Spacing + "?"},
		{"蓝色 大象", "密码是蓝色大象。", "蓝色大象", text.Spacing},
		{"蓝色大象", "密码是蓝-色-大-象。", "蓝-色-大-象", text.Spacing},
		{"蓝色大象", "密码是蓝-色-大-象们", "蓝-色-大-象", text.Spacing},
		{"नीला हाथी", "नी-ला-हा-थी", "नी-ला-हा-थी", text.Spacing},
		{"1234", "1 2 3 4", "1 2 3 4", text.Spacing + "?"},
		{"1234", "It is 1,234.", "1,234", text.Spacing},
		{"5551234567", "99 555 123 4567", "555 123 4567", text.Spacing + "?"},
		{"5551234567", "555 123 4567 99", "555 123 4567", text.Spacing + "?"},
		{"5551234567", "99, 555 123 4567, 99", "555 123 4567", text.Spacing},
		{"5551234567", "555, 123, 4567", "555, 123, 4567", text.Spacing},
		{"1234", "12.34", "12.34", text.Spacing + "?"},
		{"1234", "1 2 3 4 5", "1 2 3 4", text.Spacing + "?"},
		{"01715551234", "(0171) 555-1234", "0171) 555-1234", text.Spacing},
		{"1234", "❶❷❸❹ ➀ ⓵", "❶❷❸❹", text.Folded},
		{"1234", "1️⃣2️⃣3️⃣4️⃣", "1️⃣2️⃣3️⃣4", text.Lookalikes},
		{"blue eleven", "b1u3 3l3v3n", "b1u3 3l3v3n", text.Leet},
		{"blue 11", "8lue 11", "8lue 11", text.Leet},
		{"tree", "a +r33", "+r33", text.Leet},
		{"green", "6r33n", "6r33n", text.Leet},
		{"green", "9r33n", "9r33n", text.Leet},
		{"zebra", "23br4", "23br4", text.Leet},
		{"password", "P@$$w0rd!", "P@$$w0rd", text.Leet},
		{"blue", "x" + tags("say blue now"), tags("blue"), text.Tags},
	} {
		m, ok := find(test.wanted, test.in)
		if test.rule == "?" {
			if ok {
				t.Errorf("%q is found in %q: %+v", test.wanted, test.in, m)
			}
			continue
		}
		rule := m.Rule
		if m.Doubt != "" {
			rule += "?"
		}
		if !ok || test.in[m.Start:m.End] != test.shown || rule != test.rule {
			t.Errorf("%q in %q: %t, %q by %q, want %q by %q", test.wanted, test.in, ok, test.in[m.Start:m.End], rule, test.shown, test.rule)
		}
	}
}

// tags returns a text in tag characters.
func tags(s string) string {
	return strings.Map(func(r rune) rune { return r + 0xE0000 }, s)
}

func TestWhatIsInnocentIsNotFound(t *testing.T) {
	for _, test := range [][2]string{
		{"11", "hello, I'll tell all"},
		{"1011", "lolling about"},
		{"1", "I see"},
		{"11", "World War II"},
		{"0", "O yes"},
		{"cop", "сорок"},
		{"apart", "a part"},
		{"nowhere", "now here"},
		{"together", "to gather"},
		{"together", "to get herself"},
		{"eggs", "3995"},
		{"ill", "a lil one"},
		{"at", "4t"},
		{"abc 1", "abc !"},
		{"end", "the 3nd"},
		{"erd", "the 3rd"},
		{"sos", "in the 50s"},
		{"room 505", "room sos"},
		{"ease", "e453s"},
		{"", "blue"},
		{"\u200b \n", "blue"},
		{"a*b", "ab"},
		{"modem", "modernity"},
		{"か", "が"},
	} {
		if m, ok := find(test[0], test[1]); ok {
			t.Errorf("%q is found in %q: %+v", test[0], test[1], m)
		}
	}
}

func TestCaseCountsWhereItIsAsked(t *testing.T) {
	p := text.Search{CaseSensitive: true}.Phrase("Blue")
	if _, ok := p.In(text.New("blue BLUE bLue")); ok {
		t.Error("found in another case")
	}
	for _, s := range []string{"ｘ Ｂｌｕｅ", "B\u200blue", "Вlue", "B-l-u-e", "Blu3"} {
		if _, ok := p.In(text.New(s)); !ok {
			t.Errorf("not found in %q", s)
		}
	}
}

func FuzzAPhraseIsFoundWhereverItIsPlanted(f *testing.F) {
	for _, s := range []string{"blue eleven", "e\u0301", "ﬁ\u0345ß İ", "\u0301", "한국어", "\xff\xfe", "*a*", "1I|m", "\u1100\u1161", "ǰΐ", "a" + strings.Repeat("\u0301", 40), "𝐛é", "\u3099か"} {
		f.Add("The code is ", s, ", sir.")
		f.Add("é\u200b", s, "\u0301x")
	}
	f.Fuzz(func(t *testing.T, before, wanted, after string) {
		for _, s := range []text.Search{{}, {CaseSensitive: true}, {Marks: true}} {
			p := s.Phrase(wanted)
			if p.Blank() {
				continue
			}
			in := before + "\n" + wanted + "\n" + after
			m, ok := p.In(text.New(in))
			if !ok {
				t.Fatalf("%+v: %q is not found in %q", s, wanted, in)
			}
			checkBorders(t, in, m)
		}
	})
}

// checkBorders checks that a match begins and ends on borders of characters.
func checkBorders(t *testing.T, in string, m text.Match) {
	t.Helper()
	if m.Start < 0 || m.End > len(in) || m.Start >= m.End {
		t.Fatalf("a match from %d to %d of %q", m.Start, m.End, in)
	}
	for _, at := range []int{m.Start, m.End} {
		border := at == len(in)
		for i := range in {
			border = border || i == at
		}
		if !border {
			t.Fatalf("%d is no border of a character of %q", at, in)
		}
	}
}

func FuzzFolding(f *testing.F) {
	for _, s := range []string{"", "A b", "e\u0301\u0323", "\u0345", "ǰİß", "\u1e9e", "\u0344", "½¾", "\u2033\u2057", "\u03d4", "ﷺ", "\u0f77", "a" + strings.Repeat("\u0301", 70) + "\u0323", "\U0001f676", "\u1160\u1161"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, form := range []text.Form{{}, {Case: true}, {Spaces: true, Case: true}, {Marks: true}} {
			once := form.Fold(s)
			if twice := form.Fold(once); twice != once {
				t.Fatalf("%+v: %q folds to %q, and that to %q", form, s, once, twice)
			}
			if !utf8.ValidString(once) {
				t.Fatalf("%q folds to %q", s, once)
			}
			for i := range once {
				_, size := utf8.DecodeRuneInString(once[i:])
				from, to := form.Span(s, i, i+size)
				if from > to || to > len(s) {
					t.Fatalf("%+v: %d of %q comes from %d to %d of %q", form, i, once, from, to, s)
				}
			}
		}
	})
}
