package gemini

import (
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/reply"
)

func TestRawSoundOfTheUsualRateBecomesAWAVFile(t *testing.T) {
	for given, want := range map[string]string{
		"audio/L16;codec=pcm;rate=24000": reply.PCM,
		"audio/l16; rate=24000":          reply.PCM,
		"audio/pcm":                      reply.PCM,
		"audio/L16;rate=16000":           "audio/L16;rate=16000",
		"audio/mp3":                      "audio/mp3",
	} {
		if got := soundType(given); got != want {
			t.Errorf("%s is taken as %s, want %s", given, got, want)
		}
	}
}
