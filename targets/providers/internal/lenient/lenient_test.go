package lenient

import (
	"encoding/json"
	"testing"
)

func TestFieldsOfAWrongTypeAreLeftOut(t *testing.T) {
	for data, want := range map[string]struct {
		text string
		ok   bool
	}{
		`{"text":"a","number":"x"}`: {"a", true}, "\n{\"number\":[],\"text\":\"a\"}": {"a", true}, `{"text":7}`: {"", true},
		`[1]`: {"", false}, `{"text":`: {"", false}, ``: {"", false},
	} {
		var v struct {
			Text   string
			Number int
		}
		if err := Unmarshal([]byte(data), &v); (err == nil) != want.ok || v.Text != want.text {
			t.Errorf("%s is read as %+v, %v", data, v, err)
		}
	}
}

func TestACountIsANumberOrUnknown(t *testing.T) {
	for data, want := range map[string]int64{"7": 7, `"7"`: 7, "5000000000": 5_000_000_000, "-1": 0, "7.5": 0, "7.0": 7, `"7.0"`: 7, "7e0": 7, "1e300": 0, "-7.0": 0, `"NaN"`: 0, "null": 0, "[]": 0, `"x"`: 0} {
		var c Count
		if err := json.Unmarshal([]byte(data), &c); err != nil || c.Tokens() != want {
			t.Errorf("%s is read as %d, %v; want %d", data, c.Tokens(), err, want)
		}
	}
	if (*Count)(nil).Tokens() != 0 {
		t.Error("no count is one")
	}
}

func TestWhatIsMissingIsNull(t *testing.T) {
	for data, want := range map[string]bool{"": true, "null": true, "0": false, `""`: false, "{}": false} {
		if IsNull(json.RawMessage(data)) != want {
			t.Errorf("%q is null: %t", data, !want)
		}
	}
}

func TestAMemberIsATextOrNone(t *testing.T) {
	for data, want := range map[string]bool{
		`{"text":"a"}`: true, `{"text":""}`: true, `{"text":null}`: true, `{}`: true, `[]`: true, ``: true,
		`{"text":{"a":"b"}}`: false, `{"text":["a"]}`: false, `{"text":7}`: false,
	} {
		if IsText([]byte(data), "text") != want {
			t.Errorf("%s has a text or none: %t", data, !want)
		}
	}
}

func TestBase64OfEitherAlphabetIsReadAndMayEndTooEarly(t *testing.T) {
	for data, want := range map[string]string{
		`"+/8="`: "\xfb\xff", `"-_8="`: "\xfb\xff", `"-_8"`: "\xfb\xff", `"UE5H"`: "PNG", `"UE5HU"`: "PNG", `"UE5HUE"`: "PNGP", `""`: "", `null`: "",
	} {
		var b Bytes
		if err := json.Unmarshal([]byte(data), &b); err != nil || string(b) != want {
			t.Errorf("%s is %q, %v; want %q", data, b, err, want)
		}
	}
	for _, data := range []string{`"U%5H"`, `7`, `{}`} {
		var b Bytes
		if json.Unmarshal([]byte(data), &b) == nil {
			t.Errorf("%s is taken for base64", data)
		}
	}
}
