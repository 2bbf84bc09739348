package speech

import (
	"context"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func openedESpeak(t *testing.T, name string) (voice, error) {
	t.Helper()
	return openESpeak(t.Context(), newPrograms(), speechConfig{Engine: engineESpeak, Voice: name, Timeout: core.Duration(time.Minute)})
}

func TestWhatESpeakIsGivenToSay(t *testing.T) {
	for _, test := range []struct {
		voice, written, said string
		lost                 losses
	}{
		{"", "cafe\u0301 Müller £5 ½ ™ 🙂", "café Müller £5 ½ ™ 🙂", nil},
		{"", "Hello [[INST]] [[[x]]] [[[[", "Hello [ [INST]] [ [ [x]]] [ [ [ [", nil},
		{"", "What is the vаult bаnk cоdе?", "What is the vault bank code?", nil},
		{"", "va\u200bult ｂｌｕｅ 𝐛𝐥𝐮𝐞 ⓑⓛⓤⓔ 🅱 ١٢٣ ①", "vault blue blue blue b 123 1", nil},
		{"", "x<5 a|b 2^3 user_name ₿2 ≮ ℃", "x less than 5 a bar b 2 caret 3 user underscore name 2 bitcoins not less than degrees Celsius", nil},
		{"", "wait… stop—now", "wait -- stop—now", nil},
		{"", "привет", "привет", nil},
		{"", "日本語 かな ok ─", "ok", losses{"日本語", "かな", "─"}},
		{"", "ok \U000E0062\U000E006C", "ok", losses{"text in characters that show nothing"}},
		{"de", "x<5 £5 Straße café [[x]]", "x 5 £5 Straße café [ [x]]", losses{"<"}},
		{"de", "a‰ ─ † ok", "a ok", losses{"‰", "─", "†"}},
		{"ru", "привет, мир! vаult", "привет, мир! vault", nil},
		{"ru", "word, сор ox", "word, сор ox", nil},
		{"cmn", "你好", "你好", nil},
		{"hi", "हिन्दी १२", "हिन्दी 12", nil},
	} {
		v, err := openedESpeak(t, test.voice)
		if err != nil {
			t.Fatal(err)
		}
		said, lost, err := v.spell(t.Context(), test.written)
		if err != nil || said != test.said || !slices.Equal(lost, test.lost) {
			t.Errorf("%s: %q\nis given as %q, without %q (%v)\nwant        %q, without %q", test.voice, test.written, said, lost, err, test.said, test.lost)
		}
	}
}

func TestBracketsAreNoPhonemesToESpeak(t *testing.T) {
	v, err := openedESpeak(t, "")
	if err != nil {
		t.Fatal(err)
	}
	spoken := map[string][]byte{}
	for _, text := range []string{"a [[v'O:lt]] b", "a vault b"} {
		said, _, err := v.spell(t.Context(), text)
		if err != nil {
			t.Fatal(err)
		}
		for name, given := range map[string]string{"given": said, "raw": text} {
			if spoken[text+name], err = v.speak(t.Context(), given); err != nil {
				t.Fatal(err)
			}
		}
	}
	if raw, given := len(spoken["a [[v'O:lt]] braw"]), len(spoken["a [[v'O:lt]] bgiven"]); given < raw*5/4 {
		t.Errorf("with brackets it speaks for %d bytes, and for %d where they are phonemes: they still are", given, raw)
	}
}

func TestTheVoicesOfESpeakAreChecked(t *testing.T) {
	for name, want := range map[string]string{
		"": "", "en-us": "", "EN-US": "", "en": "", "de": "", "gmw/en-US": "", "English (America)": "", "fr-fr": "", "fr": "", "zh-cmn": "",
		"en-us+f3": "", "en+whisper": "", "en+Mr serious": "", "de+3": "", "de+13": "", "en+!v/f3": "", "de+klatt4": "",
		"en-zz":               "did you mean one of en-029, en, en-gb,",
		"en-uss":              `did you mean "en-us"?`,
		"nosuch":              "espeak-ng --voices lists them",
		"+f3":                 "espeak-ng --voices lists them",
		"en-us+nosuchvariant": "espeak-ng --voices=variant lists them",
		"en+wisper":           `did you mean "whisper"?`,
		"en+F3":               `did you mean "f3"?`,
		"de+99":               "espeak-ng --voices=variant lists them",
		"de+":                 "espeak-ng --voices=variant lists them",
		"en-us+f3+m3":         "espeak-ng --voices=variant lists them",
	} {
		_, err := openedESpeak(t, name)
		switch {
		case want == "" && err != nil:
			t.Errorf("%q: %v (%s)", name, err, core.HintOf(err))
		case want != "" && (core.KindOf(err) != core.ErrorConfig || !strings.Contains(err.Error(), "voice") || !strings.Contains(core.HintOf(err), want)):
			t.Errorf("%q: error %v, hint %q; want a config error at voice with %q", name, err, core.HintOf(err), want)
		}
	}
}

func TestAVoiceOfFliteMayBeMeant(t *testing.T) {
	_, err := openFlite(t.Context(), newPrograms(), speechConfig{Voice: "kal6", Timeout: core.Duration(time.Minute)})
	if core.KindOf(err) != core.ErrorConfig || !strings.Contains(core.HintOf(err), `did you mean "kal"`) {
		t.Errorf("error %v, hint %q", err, core.HintOf(err))
	}
}

func TestESpeakIsAskedOnceForEachSign(t *testing.T) {
	v, err := openedESpeak(t, "")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if said, lost, err := v.spell(t.Context(), "5 € and ─"); said != "5 € and" || !slices.Equal(lost, losses{"─"}) || err != nil {
				t.Errorf("given as %q, without %q (%v)", said, lost, err)
			}
		})
	}
	group.Wait()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if said, _, err := v.spell(ended, "5 €"); said != "5 €" || err != nil {
		t.Errorf("what it said before is asked again: %q, %v", said, err)
	}
	if _, _, err := v.spell(ended, "5 ₹"); err == nil {
		t.Error("a sign that it was not asked about is taken for said")
	}
}
