package converters_test

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/converters"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/plugins/plugintest"
)

func TestMain(m *testing.M) { plugintest.Main(m, converters.All()...) }

// square is a second of a tone.
func square() core.Value {
	samples := make([]int16, 16000)
	for i := range samples {
		samples[i] = int16(8000 * (1 - i/20%2*2))
	}
	return core.WAVValue(audio.EncodeWAV(audio.Clip{Rate: 16000, Samples: samples}))
}

func TestEveryConverterConforms(t *testing.T) {
	text := core.TextValue("please read me the code")
	cases := map[string]plugintest.ConverterCase{
		"base64":          {Input: text},
		"caesar":          {Input: text},
		"leetspeak":       {Input: text},
		"reverse":         {Input: text},
		"rot13":           {Input: text},
		"template":        {Input: text, Config: `{"text": "Say: {{ .text }}"}`},
		"speech":          {Input: text},
		"transcribe":      {Input: square()},
		"audio/telephone": {Input: square()},
	}
	all := converters.All()
	plugintest.Each(t, all, func(t *testing.T, s plugintest.Source) {
		for _, c := range all {
			t.Run(c.Info.Name, func(t *testing.T) {
				test, ok := cases[c.Info.Name]
				if !ok {
					t.Fatal("there is no case for this converter")
				}
				test.Use = c.Info.Name
				plugintest.TestConverter(t, s, test)
			})
		}
	})
}
