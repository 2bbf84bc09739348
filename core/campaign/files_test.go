package campaign_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core/audio"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

func TestFilesThatACampaignRefersTo(t *testing.T) {
	files := map[string]string{
		"prompts/agent.md": "You guard a code.", "empty.md": "", "latin1.md": "caf\xe9", "large.md": strings.Repeat("x", 1<<20+1),
		"clip.wav": wav, "clip.mp3": "ID3", "fake.wav": "RIFF but no wave at all", "short.wav": wav[:len(wav)-2], "header.wav": wav[:20],
		"empty.wav": string(audio.EncodeWAV(audio.Clip{Rate: 8000})), "silent.wav": string(audio.EncodeWAV(audio.Silence(time.Second, 24_000))),
		"faint.wav": string(audio.EncodeWAV(audio.Noise(time.Second, 24_000, -80, 1))), "brief.wav": string(audio.EncodeWAV(audio.Noise(10*time.Millisecond, 24_000, -6, 1))),
		"mpeg.wav": strings.Replace(wav, "fmt \x10\x00\x00\x00\x01", "fmt \x10\x00\x00\x00\x55", 1),
	}
	nothing := func(name string) string {
		return `there is nothing to hear in "` + name + `": no sound of 60 ms or more between 250 and 8,000 Hz is louder than -70 dBFS (record it again; a pause that is meant is {silence: 1s} in parts:)`
	}
	tests := []struct{ name, attack, want string }{
		{"a path that is not clean", "system_prompt: {file: ./prompts//agent.md}", ""},
		{"audio", "turns: [{audio: clip.wav}]", ""},
		{"a typing mistake", "system_prompt: {file: prompts/agnet.md}", `there is no file "prompts/agnet.md" in the campaign's folder (did you mean "prompts/agent.md"?)`},
		{"a folder that is not there", "system_prompt: {file: prompt/agent.md}", `there is no file "prompt/agent.md" in the campaign's folder`},
		{"the folder above", "system_prompt: {file: ../secret}", `"../secret" is outside the campaign's folder (paths are relative to the campaign's folder and stay within it)`},
		{"the folder above, by a detour", "system_prompt: {file: prompts/../../secret}", `"prompts/../../secret" is outside the campaign's folder (paths are relative to the campaign's folder and stay within it)`},
		{"an absolute path", "system_prompt: {file: /etc/passwd}", `"/etc/passwd" is outside the campaign's folder (paths are relative to the campaign's folder and stay within it)`},
		{"the folder itself", "system_prompt: {file: .}", `"." is outside the campaign's folder (paths are relative to the campaign's folder and stay within it)`},
		{"a Windows path", `system_prompt: {file: prompts\agent.md}`, `"prompts\\agent.md" is not a path (separate folders with "/")`},
		{"a folder", "system_prompt: {file: prompts}", `reading "prompts": d/prompts is not a file`},
		{"an empty prompt", "system_prompt: {file: empty.md}", `"empty.md" is empty`},
		{"a prompt that is no UTF-8", "system_prompt: {file: latin1.md}", `"latin1.md" is not UTF-8 text (save it as UTF-8)`},
		{"a prompt that is too large", "system_prompt: {file: large.md}", `"large.md" is larger than 1 MiB`},
		{"audio that is no WAV by its name", "turns: [{audio: clip.mp3}]", `"clip.mp3" is not a WAV file by its name (convert it to WAV first)`},
		{"audio that is no WAV by its contents", "turns: [{audio: fake.wav}]", `"fake.wav": the audio is a RIFF file of another type, not a WAV file`},
		{"audio whose header is cut off", "turns: [{audio: header.wav}]", `"header.wav": the WAV file is cut off: its "fmt " chunk claims 16 bytes, 0 are left`},
		{"audio of a codec that is not known", "turns: [{audio: mpeg.wav}]", `"mpeg.wav": the WAV file holds MP3; PCM, float, A-law and mu-law can be decoded`},
		{"audio that is cut off", "turns: [{audio: short.wav}]", `"short.wav": the WAV file is cut off: its header claims 1600 bytes of audio, 1598 are there (save it again from its source)`},
		{"audio without a sample", "turns: [{audio: empty.wav}]", `"empty.wav" holds no audio`},
		{"a second of silence", "turns: [{audio: silent.wav}]", nothing("silent.wav")},
		{"a second of silence as a part", "turns: [{parts: [{user: hello}, {audio: silent.wav}]}]", nothing("silent.wav")},
		{"audio that is too faint", "turns: [{audio: faint.wav}]", nothing("faint.wav")},
		{"audio that is too brief", "turns: [{audio: brief.wav}]", nothing("brief.wav")},
		{"silence that is meant", "turns: [{parts: [{user: hello}, {silence: 1s}, {noise: {duration: 1s, level: -80}}]}]", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			attack := sound + "\n" + test.attack
			if strings.HasPrefix(test.attack, "turns") {
				attack = strings.Replace(sound, "turns: [{user: hello}]", test.attack, 1)
			}
			// The campaign lies in a folder of its own: what is beside the
			// folder must be out of reach.
			fsys := fstest.MapFS{"secret": {Data: []byte("x")}, "d/c.yaml": {Data: []byte(with(attack))}}
			for name, data := range files {
				fsys["d/"+name] = &fstest.MapFile{Data: []byte(data)}
			}
			_, err := campaign.Read(fsys, "d/c.yaml", "c.yaml")
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			_, got, _ := strings.Cut(first(t, err), ": ")
			if got != test.want {
				t.Errorf("got  %s\nwant %s", got, test.want)
			}
		})
	}
}

// dataset returns a campaign with a dataset from a file.
func dataset(file string) string {
	return strings.Replace(with(sound), "{rows: [{text: hello, other: x}]}", "{file: "+file+"}", 1)
}

func TestDatasetsComeInThreeForms(t *testing.T) {
	want := []map[string]string{{"text": "hello", "n": "007"}, {"text": "a, \"b\"\nc", "n": ""}}
	for name, data := range map[string]string{
		"rows.csv":    "\uFEFFtext,n\r\nhello,007\r\n\"a, \"\"b\"\"\nc\",\r\n",
		"rows.jsonl":  "{\"text\":\"hello\",\"n\":\"007\"}\n\n{\"n\":\"\",\"text\":\"a, \\\"b\\\"\\nc\"}",
		"rows.ndjson": "{\"text\":\"hello\",\"n\":\"007\"}\r\n{\"n\":\"\",\"text\":\"a, \\\"b\\\"\\nc\"}\r\n",
		"rows.yaml":   "- {text: hello, n: 007}\n- text: \"a, \\\"b\\\"\\nc\"\n  n: \"\"\n",
		"rows.yml":    "[{text: hello, n: 007}, {n: '', text: \"a, \\\"b\\\"\\nc\"}]",
	} {
		t.Run(name, func(t *testing.T) {
			c, err := read(t, dataset(name), map[string]string{name: data})
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, c.Datasets[0].Rows); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestScalarsOfADatasetAreKeptAsTheyAreWritten(t *testing.T) {
	want := map[string]string{"a": "1.50", "b": "true", "c": "12345678901234567890"}
	for name, data := range map[string]string{
		"rows.jsonl": `{"a":1.50,"b":true,"c":12345678901234567890}`,
		"rows.yaml":  `- {a: 1.50, b: true, c: 12345678901234567890}`,
	} {
		c, err := read(t, dataset(name), map[string]string{name: data})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, c.Datasets[0].Rows[0]); diff != "" {
			t.Errorf("%s: -want +got:\n%s", name, diff)
		}
	}
}

func TestADatasetThatIsWrongIsReportedAtItsReference(t *testing.T) {
	const jsonHint = ` (a line looks like {"text": "…"} or "…")`
	tests := []struct{ name, file, data, want string }{
		{"another kind of file", "rows.xml", "x", `"rows.xml": unknown kind of file (a dataset's name ends in .csv, .tsv, .jsonl, .ndjson, .json, .yaml, .yml, .prompt, .txt)`},
		{"an empty file", "rows.csv", "", `"rows.csv" is empty`},
		{"CSV of a header alone", "rows.csv", "text\n", "rows.csv: there are no rows"},
		{"CSV with a nameless column", "rows.csv", "text,\na,b\n", "rows.csv:1: column 2 has no name (the first line names the columns)"},
		{"CSV with a column twice", "rows.csv", "text,text\na,b\n", `rows.csv:1: two columns are named "text"`},
		{"CSV with a ragged row", "rows.csv", "a,b\n1,2\n3\n", "rows.csv:3:1: wrong number of fields"},
		{"CSV with a stray quote", "rows.csv", "a,b\n1,2\"x\n", `rows.csv:2:4: bare " in non-quoted-field`},
		{"CSV with too many rows", "rows.csv", "a\n" + strings.Repeat("x\n", 100_001), "rows.csv: there are more than 100000 rows (split the file)"},
		{"JSON that is none", "rows.jsonl", "{\"a\":1}\n{\"a\":\n", "rows.jsonl:2: not JSON: it ends too early" + jsonHint},
		{"JSON of another kind", "rows.jsonl", "[1]\n", "rows.jsonl:1: neither an object nor a text" + jsonHint},
		{"JSON with a key twice", "rows.jsonl", "{\"a\":1,\"a\":2}\n", `rows.jsonl:1: key "a" appears twice` + jsonHint},
		{"two JSON objects on a line", "rows.jsonl", "{\"a\":1} {\"a\":2}\n", "rows.jsonl:1: more than one JSON value" + jsonHint},
		{"JSON that is no UTF-8", "rows.jsonl", "{\"a\":\"\xff\"}\n", `rows.jsonl:1:7: not UTF-8 text: the byte 0xFF is "ÿ" in Windows-1252 (save it as UTF-8 (Excel: CSV UTF-8), or run: iconv -f WINDOWS-1252 -t UTF-8 rows.jsonl)`},
		{"JSON without keys", "rows.jsonl", "{}\n", "rows.jsonl: the rows have no keys"},
		{"YAML of another kind", "rows.yaml", "a: b\n", "rows.yaml:1:1: rows must be a list, not a mapping"},
		{"YAML with an anchor", "rows.yaml", "- a: &x b\n", "rows.yaml:1:6: anchors (&x) are not supported (write the value out where it is needed, and put a text that begins with \"&\" in quotes)"},
		{"YAML that is too large", "rows.yaml", strings.Repeat("#", 8<<20+1), `"rows.yaml" is larger than 8 MiB`},
		{"JSON whose key is a number", "rows.jsonl", "{1: 2}\n", "rows.jsonl:1: not JSON: invalid character '1'" + jsonHint},
		{"YAML in UTF-16", "rows.yaml", "\xff\xfea\x00", "rows.yaml:1:1: rows must be a list, not \"a\" (write [a])"},
		{"YAML that is none", "rows.yaml", "- a: 'b\n", "rows.yaml:1:6: not YAML: found unexpected end of stream (look at the indentation, the brackets and the quotes up to here)"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			_, err := read(t, dataset(test.file), map[string]string{test.file: test.data})
			if got, want := first(t, err), "6:28: "+test.want; got != want {
				t.Errorf("got  %s\nwant %s", got, want)
			}
		})
	}
}

func FuzzDataset(f *testing.F) {
	f.Add("rows.csv", "a,b\n1,\"2\n3\"\n")
	f.Add("rows.jsonl", "{\"a\":1}\n{\"a\":\"b\"}\n")
	f.Add("rows.yaml", "- {a: b}\n- {a: c}\n")
	f.Add("rows.json", "[{\"a\":[1],\"b\":null},\"x\"]")
	f.Add("rows.tsv", "a\tb\n1\t2\n")
	f.Add("rows.prompt", "seeds:\n  - value: \"a {{ b }}\"\n    prompt_group_alias: x\n")
	f.Add("rows.csv", "\xff\xfea\x00\n\x00b\x00")
	f.Fuzz(func(t *testing.T, file, data string) {
		if !strings.HasPrefix(file, "rows.") || strings.ContainsAny(file, "\"\\/\n{}[],:#&*!|>'%@` \t") {
			return
		}
		c, err := read(t, dataset(file), map[string]string{file: data})
		if err != nil {
			return
		}
		for _, row := range c.Datasets[0].Rows {
			for column, cell := range row {
				if !utf8.ValidString(column) || !utf8.ValidString(cell) {
					t.Errorf("not UTF-8: %q: %q", column, cell)
				}
			}
		}
	})
}

// A run that was held with a silent clip can be judged again, which finds no defence in it.
func TestASilentClipOfARecordedRunIsNoMistake(t *testing.T) {
	source := with(strings.Replace(sound, "turns: [{user: hello}]", "turns: [{audio: silent.wav}]", 1))
	silent := audio.EncodeWAV(audio.Silence(time.Second, 24_000))
	c, err := campaign.ReadRecorded([]byte(source), []campaign.File{{Name: "silent.wav", Data: silent}}, "c.yaml", campaign.Given{})
	if err != nil || len(c.Attacks) != 1 || len(c.Attacks[0].Turns) != 1 {
		t.Errorf("%v", err)
	}
}
