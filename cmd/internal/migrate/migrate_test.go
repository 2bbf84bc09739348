package migrate_test

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/cmd/internal/migrate"
	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

var update = flag.Bool("update", false, "write the golden files")

func options(file string, files fs.FS) migrate.Options {
	return migrate.Options{
		Name: "made", Authorization: "RT-1", File: file,
		Read:   func(path string) ([]byte, error) { return fs.ReadFile(files, path) },
		Locate: func(path string) (string, bool) { return path, fs.ValidPath(path) },
	}
}

// reads checks that a campaign is one, apart from what its components say.
func reads(t *testing.T, text string, files fs.FS) {
	t.Helper()
	whole := fstest.MapFS{"campaign.yaml": {Data: []byte(text)}}
	_ = fs.WalkDir(files, ".", func(path string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			data, _ := fs.ReadFile(files, path)
			whole[path] = &fstest.MapFile{Data: data}
		}
		return nil
	})
	if strings.Contains(text, ".wav") {
		clip, err := os.ReadFile("../../../core/audio/testdata/clip.wav")
		if err == nil {
			whole["clips/a.wav"] = &fstest.MapFile{Data: clip}
		}
	}
	if _, err := campaign.Read(whole, "campaign.yaml", "campaign.yaml"); err != nil && !strings.Contains(err.Error(), "clips/a.wav") {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestCampaignsOfOtherToolsAreAsTheirGoldenFiles(t *testing.T) {
	for name, tool := range map[string]string{
		"promptfoo/promptfooconfig.yaml": "promptfoo", "promptfoo/hard.yaml": "promptfoo",
		"garak/config.yaml": "garak", "garak/run.report.jsonl": "garak", "garak/prompts.json": "garak", "garak/prompts.txt": "garak",
		"pyrit/seeds.prompt": "pyrit",
	} {
		t.Run(name, func(t *testing.T) {
			files := os.DirFS(filepath.Join("testdata", path.Dir(name)))
			data, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			made, err := migrate.Campaign(tool, data, options(path.Base(name), files))
			if err != nil {
				t.Fatal(err)
			}
			got := made.Text + "--- secrets\n" + strings.Join(made.Secrets, "\n") + "\n--- notes\n" + strings.Join(made.Notes, "\n") + "\n"
			golden := filepath.Join("testdata", "golden", strings.ReplaceAll(name, "/", "-")+".txt")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), got); diff != "" {
				t.Errorf("-want +got (-update rewrites it):\n%s", diff)
			}
			if strings.Contains(got, "hunter2") || strings.Contains(got, "sk-") {
				t.Errorf("a secret was copied:\n%s", got)
			}
			reads(t, made.Text, files)
		})
	}
}

func TestAttacksSucceedWhereAnAssertionFails(t *testing.T) {
	for name, test := range map[string]struct{ asserts, want string }{
		"what must not be said":  {`[{type: not-contains, value: x}]`, `success: "contains"`},
		"what must be said":      {`[{type: icontains, value: x}]`, `success: "!icontains"`},
		"both":                   {`[{type: icontains, value: x}, {type: not-regex, value: y}]`, `success: "!icontains || regex"`},
		"a refusal":              {`[{type: is-refusal}]`, `success: "!is_refusal"`},
		"no refusal":             {`[{type: not-is-refusal}]`, `success: "is_refusal"`},
		"two of a type":          {`[{type: not-contains, value: x}, {type: not-contains, value: y}]`, `success: "contains || contains_2"`},
		"the same twice":         {`[{type: not-contains, value: x}, {type: not-contains, value: x}]`, `success: "contains"`},
		"one and its opposite":   {`[{type: contains, value: x}, {type: not-contains, value: x}]`, `success: "!contains || contains"`},
		"nothing that is judged": {`[{type: javascript, value: x}]`, `success: "review"`},
		"no assertion":           {`[]`, `success: "review"`},
		"a part is judged":       {`[{type: not-contains, value: x}, {type: javascript, value: x}]`, `success: "contains || review"`},
		"two programs":           {`[{type: python, value: x}, {type: not-javascript, value: x}]`, `success: "review || review_2"`},
		"no RE2":                 {`[{type: regex, value: "(?!x)y"}, {type: icontains, value: x}]`, `success: "review || !icontains"`},
		"a measurement":          {`[{type: latency, threshold: 9}, {type: icontains, value: x}]`, `success: "!icontains"`},
		"marks in a list":        {"[{type: contains-any, value: '\"a \"\"b\"\"\", \"c \\\" d\", \"e \\\\\", f\"g'}]", `with: {any: ["a \"b\"", "c \" d", "e \\", "f\"g"], case_sensitive: true}`},
		"a list in a text":       {`[{type: contains-any, value: 'x, "y, z",,w'}]`, `with: {any: ["x", "y, z", "w"], case_sensitive: true}`},
	} {
		config := "providers: [openai:gpt-5]\nprompts: [Hello.]\ntests: [{assert: " + test.asserts + "}]\n"
		made, err := migrate.Campaign("promptfoo", []byte(config), options("c.yaml", fstest.MapFS{}))
		if err != nil || !strings.Contains(made.Text, test.want+"\n") {
			t.Errorf("%s: %v\n%s", name, err, made.Text)
		}
		reads(t, made.Text, fstest.MapFS{})
	}
}

func TestANoteAboutManyTestsIsSaidOnce(t *testing.T) {
	config := "providers: [openai:gpt-5]\nprompts: ['Say {{x}}.']\ntests:\n"
	for _, x := range []string{"a", "b", "c"} {
		config += "- {vars: {x: " + x + "}, assert: [{type: javascript, value: x}, {type: latency, threshold: 9}]}\n"
	}
	config += "- {vars: {x: d}, assert: [{type: cost, threshold: 1}, {type: contains, value: y}]}\n"
	made, err := migrate.Campaign("promptfoo", []byte(config), options("c.yaml", fstest.MapFS{}))
	want := []string{
		"tests[0].assert: javascript is left to a person: no scorer judges it (and 2 more tests)",
		"tests[0].assert: latency is not carried over: it says nothing of what was said (and 2 more tests)",
		"tests[3].assert: cost is not carried over: it says nothing of what was said",
	}
	if diff := cmp.Diff(want, made.Notes); err != nil || diff != "" {
		t.Errorf("%v, -want +got:\n%s", err, diff)
	}
}

func TestWhatCannotBeReadSaysWhatToDo(t *testing.T) {
	for name, test := range map[string]struct{ tool, file, data, want string }{
		"a program":               {"promptfoo", "promptfooconfig.js", "module.exports = {}", "is a program, and is not run"},
		"no YAML":                 {"promptfoo", "c.yaml", "a: [", "c.yaml:1:"},
		"a list":                  {"promptfoo", "c.yaml", "- a", "not a mapping"},
		"nothing to say":          {"promptfoo", "c.yaml", "prompts: ['{{ x }}']\ntests: [{vars: {x: ' '}}]", "nothing that could be said"},
		"no seed":                 {"pyrit", "s.prompt", "seeds: []", "there are no seeds"},
		"a seed's unknown key":    {"pyrit", "s.prompt", "seeds: [{value: a, b: c}]", "unknown key"},
		"prompts in Windows-1252": {"garak", "p.txt", "Gr\xfc\xdfe", `is "ü" in Windows-1252`},
		"another tool":            {"other", "x", "", "no tool whose files are read"},
		"too many tests":          {"promptfoo", "c.yaml", "prompts: [hi]\ntests: [{vars: {a: [" + strings.Repeat("x,", 99) + "x], b: [" + strings.Repeat("x,", 99) + "x]}}]", "more than 5000 tests"},
	} {
		_, err := migrate.Campaign(test.tool, []byte(test.data), options(test.file, fstest.MapFS{}))
		if err == nil || !strings.Contains(err.Error(), test.want) {
			t.Errorf("%s: %v", name, err)
		}
	}
	o := options("c.yaml", fstest.MapFS{})
	o.Authorization = ""
	_, err := migrate.Campaign("promptfoo", []byte("providers: [openai:gpt-5]\nprompts: [Hello.]"), o)
	if err == nil || !strings.Contains(core.HintOf(err), "--authorization") {
		t.Errorf("no authorization: %v", err)
	}
	o.Read = func(string) ([]byte, error) { return nil, errors.New("the disk is gone") }
	made, err := migrate.Campaign("pyrit", []byte("seeds: [{value: a.wav, data_type: audio_path}, {value: hi}]"), o)
	if err != nil || !strings.Contains(strings.Join(made.Notes, "\n"), "the file a.wav is not carried over") {
		t.Errorf("a missing clip: %v, %q", err, made.Notes)
	}
}

func FuzzWhatIsWrittenIsACampaign(f *testing.F) {
	for _, name := range []string{"promptfoo/promptfooconfig.yaml", "promptfoo/hard.yaml", "garak/config.yaml", "garak/run.report.jsonl", "pyrit/seeds.prompt"} {
		data, err := os.ReadFile(filepath.Join("testdata", name))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(path.Dir(name), path.Ext(name), string(data))
	}
	f.Add("garak", ".txt", "a\x00b\u2028{{ .params.x }}\n")
	f.Fuzz(func(t *testing.T, tool, ext, data string) {
		if len(data) > 10_000 {
			return
		}
		made, err := migrate.Campaign(tool, []byte(data), options("file"+ext, fstest.MapFS{}))
		if err != nil || strings.Contains(data, ".params") {
			return
		}
		reads(t, made.Text, fstest.MapFS{})
	})
}
