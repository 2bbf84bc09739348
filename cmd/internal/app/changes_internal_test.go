package app

import (
	"io/fs"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
	"github.com/redteam-orchestrator/orchestrator/core/store"
)

func TestTheFilesOfACampaignThatChangedAreNamedWithTheFirstLine(t *testing.T) {
	const pipe = "a pipe"
	recorded := &campaign.Campaign{
		File: "/c/demo.yaml", Source: []byte("version: 1\nname: demo\n"),
		Files: []campaign.File{{Name: "hello.wav", Data: []byte("RIFF\xff")}, {Name: "prompts/long.txt", Data: []byte("one\ntwo\nthree")}},
	}
	for name, test := range map[string]struct {
		// now are the files that are not as they were; "" stands for none.
		now  map[string]string
		want []string
		warn bool
		err  bool
	}{
		"nothing": {},
		"the campaign": {
			now:  map[string]string{"demo.yaml": "version: 1\nname: other\n"},
			want: []string{"demo.yaml has changed, from line 2 on; recorded was: name: demo"},
		},
		"a line more": {
			now:  map[string]string{"prompts/long.txt": "one\ntwo\nthree\nfour"},
			want: []string{"prompts/long.txt has changed, from line 3 on; recorded was: three"},
		},
		"a sound, and a text that is gone": {
			now:  map[string]string{"hello.wav": "RIFF", "prompts/long.txt": ""},
			want: []string{"hello.wav has changed: 5 bytes were recorded, and 4 are there", "prompts/long.txt is not there any more"},
		},
		"the campaign is gone": {now: map[string]string{"demo.yaml": ""}, warn: true},
		"one is a pipe now":    {now: map[string]string{"hello.wav": pipe}, err: true},
	} {
		t.Run(name, func(t *testing.T) {
			files := fstest.MapFS{"demo.yaml": {Data: recorded.Source}}
			for _, f := range recorded.Files {
				files[f.Name] = &fstest.MapFile{Data: f.Data}
			}
			for name, data := range test.now {
				switch data {
				case "":
					delete(files, name)
				case pipe:
					files[name] = &fstest.MapFile{Mode: fs.ModeNamedPipe}
				default:
					files[name] = &fstest.MapFile{Data: []byte(data)}
				}
			}
			said := &notes{}
			got, err := recorder{files: memory{files}, log: said}.changedFiles(recorded)
			if !slices.Equal(got, test.want) || (err != nil) != test.err {
				t.Errorf("%q, %v; want %q", got, err, test.want)
			}
			if (len(said.warned) > 0) != test.warn {
				t.Errorf("warned %q", said.warned)
			}
		})
	}
}

func TestThePluginsOfARunThatChangedAreNamedWithWhatTheyWere(t *testing.T) {
	acme := store.Plugin{Name: "acme", Version: "v1", SHA256: "ab", Sandbox: "landlock"}
	other := store.Plugin{Name: "other", Version: "v1"}
	changed := func(change func(*store.Plugin)) store.Plugin {
		p := acme
		change(&p)
		return p
	}
	for name, test := range map[string]struct {
		was, now []store.Plugin
		want     []string
	}{
		"nothing":     {[]store.Plugin{acme, other}, []store.Plugin{other, acme}, nil},
		"one is gone": {[]store.Plugin{acme, other}, []store.Plugin{other}, []string{"plugin acme is not there any more; recorded was v1, SHA-256 ab"}},
		"one is new":  {[]store.Plugin{acme}, []store.Plugin{acme, other}, []string{"plugin other v1, SHA-256 unknown is new"}},
		"the version": {
			[]store.Plugin{acme},
			[]store.Plugin{changed(func(p *store.Plugin) { p.Version = "v2" })},
			[]string{"plugin acme has changed: recorded was v1, SHA-256 ab; now it is v2, SHA-256 ab"},
		},
		"the program": {
			[]store.Plugin{acme},
			[]store.Plugin{changed(func(p *store.Plugin) { p.SHA256 = "cd" })},
			[]string{"plugin acme has changed: recorded was v1, SHA-256 ab; now it is v1, SHA-256 cd"},
		},
		"the sandbox": {
			[]store.Plugin{acme},
			[]store.Plugin{changed(func(p *store.Plugin) { p.Sandbox = "none" })},
			[]string{"plugin acme is held to something else: recorded was landlock; now it is none"},
		},
	} {
		if got := changedPlugins(test.was, test.now); !slices.Equal(got, test.want) {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
