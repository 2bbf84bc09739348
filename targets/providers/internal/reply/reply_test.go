package reply_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/targets/providers/internal/reply"
)

// parts are the parts of a reply, as "modality: text".
func parts(t *testing.T, b *reply.Builder) []string {
	t.Helper()
	m, err := b.Message()
	if err != nil {
		t.Fatal(err)
	}
	if m.Role != core.Assistant {
		t.Errorf("the role is %q", m.Role)
	}
	var all []string
	for _, p := range m.Parts {
		name := string(p.Modality)
		if p.Transcript {
			name = "transcript"
		}
		all = append(all, name+": "+p.Text())
	}
	return all
}

func TestPiecesBecomeThePartsOfAMessage(t *testing.T) {
	for name, test := range map[string]struct {
		fill func(*reply.Builder)
		want []string
	}{
		"nothing":          {func(*reply.Builder) {}, nil},
		"pieces of a text": {func(b *reply.Builder) { b.Text("", "one "); b.Text("", ""); b.Text("", "two") }, []string{"text: one two"}},
		"texts by their keys": {
			func(b *reply.Builder) { b.Text("0", "a"); b.Text("1", "b"); b.Text("0", "c") },
			[]string{"text: ac", "text: b"},
		},
		"thoughts in between": {
			func(b *reply.Builder) { b.Reasoning("", "hm"); b.Text("", "a"); b.Reasoning("", "!") },
			[]string{"reasoning: hm!", "text: a"},
		},
		"a call": {
			func(b *reply.Builder) {
				c := b.Call("0")
				c.ID, c.Name = "i", "n"
				c.Argue(`{"a"`)
				b.Call("0").Argue(`:1`)
			},
			[]string{`tool_call: {"call_id":"i","name":"n","arguments":"{\"a\":1"}`},
		},
		"what it thinks in its text": {
			func(b *reply.Builder) {
				b.Text("", "hm|no")
				b.Split("", func(string) (string, string) { return "hm", "no" })
			},
			[]string{"reasoning: hm", "text: no"},
		},
		"blank thoughts": {
			func(b *reply.Builder) {
				b.Text("", "no")
				b.Split("", func(string) (string, string) { return " \n", "no" })
			},
			[]string{"text: no"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b reply.Builder
			test.fill(&b)
			if diff := cmp.Diff(test.want, parts(t, &b)); diff != "" {
				t.Errorf("parts (-want +got):\n%s", diff)
			}
			if b.Full() != "" || b.Empty() != (test.want == nil) {
				t.Errorf("full %q, empty %t", b.Full(), b.Empty())
			}
		})
	}
}

func TestAReplyIsCutAtItsLimitBetweenCharacters(t *testing.T) {
	b := reply.Builder{Limit: 8}
	b.Text("", "one 漢字")
	b.Text("", "more")
	b.Call("0").Argue("{}")
	m, err := b.Message()
	if err != nil || m.Text() != "one 漢" || !strings.Contains(b.Full(), "max_reply_bytes (8)") {
		t.Errorf("%q, %q, %v", m.Text(), b.Full(), err)
	}
}

func TestSoundBecomesAFile(t *testing.T) {
	var b reply.Builder
	b.Sound("", reply.PCM, []byte{1, 0, 2})
	b.Sound("", reply.PCM, []byte{0, 3})
	b.Transcript("", "hm")
	b.Sound("mp3", "audio/mpeg", []byte("ID3"))
	m, err := b.Message()
	if err != nil || len(m.Parts) != 3 {
		t.Fatalf("%d parts, %v", len(m.Parts), err)
	}
	clip, warnings, err := audio.FromValue(m.Parts[0].Value)
	if err != nil || len(warnings) > 0 || clip.Rate != 24000 || len(clip.Samples) != 2 || clip.Samples[1] != 2 {
		t.Errorf("%v, %v, %v", clip, warnings, err)
	}
	if got := m.Parts[2].Value; got.MediaType != "audio/mpeg" || string(got.Data) != "ID3" || !m.Parts[1].Transcript {
		t.Errorf("%v", m.Parts)
	}
}

func TestTooManyPartsAreLeftOut(t *testing.T) {
	var b reply.Builder
	for i := range 600 {
		b.Text(strings.Repeat("k", i), "x")
	}
	if got := len(parts(t, &b)); got != 512 || b.Full() == "" {
		t.Errorf("%d parts, %q", got, b.Full())
	}
	b.Call("late").Argue("{}")
}
