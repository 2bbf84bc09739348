package core_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
)

type voiceConfig struct {
	Voice   string        `json:"voice"`
	Words   []string      `json:"words"`
	Timeout core.Duration `json:"timeout"`
	Key     core.Secret   `json:"key"`
}

func (c voiceConfig) Validate() error {
	if c.Voice == "silent" {
		return fmt.Errorf("a silent voice says nothing")
	}
	return nil
}

type echo struct{ config voiceConfig }

func (e echo) Convert(_ context.Context, in core.Value) (core.Value, error) { return in, nil }

func voiceComponent() core.Component {
	defaults := voiceConfig{Voice: "rms", Words: []string{"one", "two"}}
	return core.NewConverter(core.Info{Name: "voice"}, defaults, func(_ context.Context, c voiceConfig) (core.Converter, error) {
		return echo{c}, nil
	})
}

func TestOpeningAComponentDecodesItsConfigurationOverTheDefaults(t *testing.T) {
	for _, test := range []struct {
		name, config string
		want         voiceConfig
	}{
		{"nothing given", ``, voiceConfig{Voice: "rms", Words: []string{"one", "two"}}},
		{"empty object", `{}`, voiceConfig{Voice: "rms", Words: []string{"one", "two"}}},
		{"some keys", `{"voice":"slt","timeout":"1m30s"}`, voiceConfig{Voice: "slt", Words: []string{"one", "two"}, Timeout: core.Duration(90e9)}},
		{"a list replaces the default list", `{"words":["three"]}`, voiceConfig{Voice: "rms", Words: []string{"three"}}},
		{"a secret", `{"key":"k-123"}`, voiceConfig{Voice: "rms", Words: []string{"one", "two"}, Key: "k-123"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			opened, err := core.Open[core.Converter](t.Context(), voiceComponent(), []byte(test.config))
			if err != nil {
				t.Fatal(err)
			}
			got := opened.(echo).config
			if diff := cmp.Diff(test.want, got, cmp.Comparer(func(a, b core.Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
				t.Errorf("config (-want +got):\n%s", diff)
			}
		})
	}
}

func TestOneInstanceDoesNotWriteIntoTheDefaultsOfTheNext(t *testing.T) {
	c := voiceComponent()
	if _, err := core.Open[core.Converter](t.Context(), c, []byte(`{"words":["changed"]}`)); err != nil {
		t.Fatal(err)
	}
	second, err := core.Open[core.Converter](t.Context(), c, nil)
	if err != nil {
		t.Fatal(err)
	}
	if got := second.(echo).config.Words; !cmp.Equal(got, []string{"one", "two"}) {
		t.Errorf("words of the second instance = %q, want the defaults", got)
	}
}

func TestOpeningAComponentRefusesWrongConfigurationAndNamesTheKey(t *testing.T) {
	for _, test := range []struct{ name, config, field, message string }{
		{"unknown key", `{"voise":"slt"}`, "voise", "unknown key"},
		{"wrong type", `{"voice":7}`, "voice", "number"},
		{"malformed", `{"voice":`, "", "unexpected EOF"},
		{"two values", `{} {}`, "", "more than one"},
		{"refused by Validate", `{"voice":"silent"}`, "", "says nothing"},
		{"not a duration", `{"timeout":"soon"}`, "", "not a duration"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := core.Open[core.Converter](t.Context(), voiceComponent(), []byte(test.config))
			e, ok := errors.AsType[*core.Error](err)
			if !ok {
				t.Fatalf("error = %v, want a core.Error", err)
			}
			if e.Kind != core.ErrorConfig || e.Field != test.field || !strings.Contains(e.Error(), test.message) {
				t.Errorf("got kind %q, field %q, message %q; want config, %q, …%s…", e.Kind, e.Field, e, test.field, test.message)
			}
		})
	}
}

func TestAComponentOpensOnlyAsWhatItIs(t *testing.T) {
	_, err := core.Open[core.Target](t.Context(), voiceComponent(), nil)
	if core.KindOf(err) != core.ErrorUnsupported {
		t.Errorf("opening a converter as a target: %v, want an unsupported error", err)
	}
}

func TestASecretShowsItselfNowhere(t *testing.T) {
	const value = "sk-very-secret"
	config := voiceConfig{Key: value}
	encoded, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	shown := []string{
		string(encoded),
		fmt.Sprint(config), fmt.Sprintf("%v %+v %#v", config, config, config),
		fmt.Sprintf("%s %q %x %d", config.Key, config.Key, config.Key, config.Key),
		fmt.Errorf("key %v", config.Key).Error(),
	}
	for _, s := range shown {
		if strings.Contains(s, value) || strings.Contains(s, fmt.Sprintf("%x", value)) {
			t.Errorf("the secret shows in %q", s)
		}
		if !strings.Contains(s, "[redacted]") {
			t.Errorf("%q does not say that something is hidden", s)
		}
	}
	if config.Key.Reveal() != value {
		t.Error("Reveal does not give the secret back")
	}
}

type strictConfig struct {
	Voice string      `json:"voice"`
	Key   core.Secret `json:"key"`
}

func (c strictConfig) Validate() error {
	var problems []error
	if c.Voice == "" {
		problems = append(problems, core.Errorf(core.ErrorConfig, "it is empty").At("voice").WithHint("name one"))
	}
	if c.Key == "" {
		problems = append(problems, errors.New("there is no key"))
	}
	return errors.Join(problems...)
}

func TestAConfigurationIsCheckedWithoutOpening(t *testing.T) {
	c := core.NewTarget(core.Info{Name: "strict"}, strictConfig{}, func(context.Context, strictConfig) (core.Target, error) {
		t.Error("the component was opened")
		return nil, nil
	})
	if err := c.Check([]byte(`{"voice": "rms", "key": "k"}`)); err != nil {
		t.Errorf("a right configuration: %v", err)
	}
	wrong, ok := errors.AsType[core.Errors](c.Check(nil))
	if !ok || len(wrong) != 2 {
		t.Fatalf("got %v, want two errors", wrong)
	}
	if wrong[0].Field != "voice" || wrong[0].Hint != "name one" || wrong[1].Kind != core.ErrorConfig {
		t.Errorf("got %#v and %#v", wrong[0], wrong[1])
	}
	if got := wrong.Error(); got != "voice: it is empty; there is no key" {
		t.Errorf("together: %q", got)
	}
	if e, ok := errors.AsType[*core.Error](c.Check([]byte(`{"voise": "rms"}`))); !ok || e.Field != "voise" {
		t.Errorf("an unknown key: %v", e)
	}
}

// lying opens everything as a converter.
type lying struct{ asked core.Kind }

func (l *lying) Open(ctx context.Context, kind core.Kind, _ string, config []byte) (any, error) {
	l.asked = kind
	return voiceComponent().Open(ctx, config)
}

func TestAComponentIsOpenedByNameAsWhatItIs(t *testing.T) {
	l := &lying{}
	if _, err := core.OpenAs[core.Converter](t.Context(), l, "voice", nil); err != nil || l.asked != core.KindConverter {
		t.Errorf("a converter was asked for as a %s: %v", l.asked, err)
	}
	for kind, open := range map[core.Kind]func() error{
		core.KindTarget: func() error { _, err := core.OpenAs[core.Target](t.Context(), l, "voice", nil); return err },
		core.KindScorer: func() error { _, err := core.OpenAs[core.Scorer](t.Context(), l, "voice", nil); return err },
	} {
		if err := open(); core.KindOf(err) != core.ErrorInternal || l.asked != kind {
			t.Errorf("a %s was asked for as a %s, and came as a converter: %v", kind, l.asked, err)
		}
	}
	if _, err := core.OpenAs[core.Converter](t.Context(), l, "voice", []byte(`{"no": 1}`)); core.KindOf(err) != core.ErrorConfig {
		t.Errorf("error %v, want the component's own", err)
	}
}

func TestAComponentOfNoConstructorCannotBeOpened(t *testing.T) {
	bare := core.Component{Info: core.Info{Kind: core.KindScorer, Name: "bare"}}
	if _, err := core.Open[core.Scorer](t.Context(), bare, nil); core.KindOf(err) != core.ErrorUnsupported {
		t.Errorf("error %v, want one of kind unsupported", err)
	}
}
