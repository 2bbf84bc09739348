package campaign_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// asking returns a campaign that asks a text of each row of a file.
func asking(block, text string) string {
	return `version: 1
name: test
targets: {agent: realtime}
scorers: {leaked: match/substring}
datasets: {d: {` + block + `}}
attacks:
  - {name: a, target: agent, objective: o, for_each: d, turns: [{user: '` + text + `'}], scorers: [leaked]}
`
}

func TestDatasetsAreReadAsPeopleHaveThem(t *testing.T) {
	utf16 := func(s string) string {
		out := "\xff\xfe"
		for _, c := range s {
			out += string([]byte{byte(c), byte(c >> 8)})
		}
		return out
	}
	for name, test := range map[string]struct{ block, file, data, text, want string }{
		"semicolons that are said":          {`file: d.csv, delimiter: ";"`, "d.csv", "id;text\n1;a,b\n2;c\n", "{{ .text }}", "a,b|c"},
		"a tab that is said":                {`file: d.csv, delimiter: tab`, "d.csv", "id\ttext\n1\ta,b\n", "{{ .text }}", "a,b"},
		"sep= of Excel":                     {`file: d.csv`, "d.csv", "sep=;\r\nid;text\r\n1;a,b\r\n", "{{ .text }}", "a,b"},
		"TSV":                               {`file: d.tsv`, "d.tsv", "id\ttext\n1\ta,b\n", "{{ .text }}", "a,b"},
		"UTF-16 with its mark":              {`file: d.csv`, "d.csv", utf16("id,text\r\n1,Grüße\r\n"), "{{ .text }}", "Grüße"},
		"UTF-8 with its mark":               {`file: d.json`, "d.json", "\uFEFF[\"a\"]", "{{ .text }}", "a"},
		"a column with a space":             {`file: d.csv`, "d.csv", "Attack Prompt,id\na,1\n", `{{ index . "Attack Prompt" }}`, "a"},
		"a column that is renamed":          {`file: d.csv, rename: {Attack Prompt: prompt}`, "d.csv", "Attack Prompt,id\na,1\n", "{{ .prompt }}", "a"},
		"columns that change places":        {`file: d.csv, rename: {a: b, b: a}`, "d.csv", "a,b\n1,2\n", "{{ .a }}{{ .b }}", "21"},
		"a list in a column nobody uses":    {`file: d.jsonl`, "d.jsonl", `{"text":"a","tags":["x"],"meta":{"k":1},"none":null}`, "{{ .text }}", "a"},
		"the same in YAML":                  {`file: d.yaml`, "d.yaml", "- {text: a, tags: [x], meta: {k: 1}, none: null}\n- {text: b}\n", "{{ .text }}", "a|b"},
		"keys that some rows lack":          {`file: d.jsonl`, "d.jsonl", "{\"text\":\"a\",\"x\":1}\n{\"y\":2,\"text\":\"b\"}\n", "{{ .text }}", "a|b"},
		"a list of objects":                 {`file: d.json`, "d.json", "[\n {\"text\": \"a\"},\n {\"text\": 1.50}\n]\n", "{{ .text }}", "a|1.50"},
		"a list of texts":                   {`file: d.json`, "d.json", `["a", "b\u00e9"]`, "{{ .text }}", "a|bé"},
		"a list of texts in YAML":           {`file: d.yml`, "d.yml", "- a\n- 007\n- \"c: d\"\n", "{{ .text }}", "a|007|c: d"},
		"texts on lines of JSON":            {`file: d.jsonl`, "d.jsonl", "\"a\"\n\n\"b\"\n", "{{ .text }}", "a|b"},
		"a prompt on each line, as garak":   {`file: d.txt`, "d.txt", "a b\r\n\r\n  c\n", "{{ .text }}", "a b|  c"},
		"a list of texts in the campaign":   {`rows: [a, b]`, "", "", "{{ .text }}", "a|b"},
		"rows that are left out":            {`file: d.csv, skip_empty: true`, "d.csv", "text,x\na,1\n,2\n\" \",3\nb,\n", "{{ .text }}", "a|b"},
		"nulls that are left out":           {`file: d.jsonl, skip_empty: true`, "d.jsonl", "{\"text\":null}\n{\"text\":\"b\"}\n{\"x\":1}\n", "{{ .text }}", "b"},
		"seeds of PyRIT":                    {`file: d.prompt`, "d.prompt", "seeds:\n  - value: \"a\"\n  - value: b\n    metadata: {x: 1}\n", "{{ .text }}", "a|b"},
		"seeds with an objective":           {`file: d.yaml`, "d.yaml", "seeds:\n  - {value: a, prompt_group_alias: g}\n  - {value: o, seed_type: objective, prompt_group_alias: g}\n", "{{ .objective }}: {{ .text }}", "o: a"},
		"a column of another script":        {`file: d.csv`, "d.csv", "質問\na\n", "{{ .質問 }}", "a"},
		"a header that has a semicolon":     {`file: d.csv`, "d.csv", "a;b\n1;2\n", `{{ index . "a;b" }}`, "1;2"},
		"quoted line ends":                  {`file: d.csv`, "d.csv", "text,x\n\"a\nb\",1\n", "{{ .text }}", "a\nb"},
		"a semicolon among quotes and sep=": {`file: d.csv, delimiter: ";"`, "d.csv", "sep=;\ntext;x\n\"a;b\";1\n", "{{ .text }}", "a;b"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := read(t, asking(test.block, test.text), map[string]string{test.file: test.data})
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, row := range c.Datasets[0].Rows {
				if !c.Datasets[0].Skipped[i] {
					got = append(got, filled(t, c.Attacks[0].Turns[0].Parts[0].User, row))
				}
			}
			if diff := cmp.Diff(test.want, strings.Join(got, "|")); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestWhatIsWrongWithADatasetIsSaidWithItsPlace(t *testing.T) {
	const iconv = "(save it as UTF-8 (Excel: CSV UTF-8), or run: iconv -f WINDOWS-1252 -t UTF-8 "
	for name, test := range map[string]struct{ block, file, data, text, want string }{
		"Windows-1252":                        {`file: d.csv`, "d.csv", "id,text\n1,Gr\xfc\xdfe\n", "{{ .text }}", `d.csv:2:5: not UTF-8 text: the byte 0xFC is "ü" in Windows-1252 ` + iconv + "d.csv)"},
		"Windows-1252 after UTF-8":            {`file: d.yaml`, "d.yaml", "- é\x80\n", "{{ .text }}", `d.yaml:1:4: not UTF-8 text: the byte 0x80 is "€" in Windows-1252 ` + iconv + "d.yaml)"},
		"a byte that is none of it":           {`file: d.txt`, "d.txt", "a\x81\n", "{{ .text }}", "d.txt:1:2: not UTF-8 text: the byte 0x81 (save it as UTF-8)"},
		"UTF-16 without its mark":             {`file: d.csv`, "d.csv", "t\x00e\x00x\x00t\x00\n\x00", "{{ .text }}", "UTF-16 without a byte-order mark"},
		"UTF-16 that is cut":                  {`file: d.csv`, "d.csv", "\xff\xfet\x00e", "{{ .t }}", "d.csv:1:2: not UTF-16 text: half a character at the end"},
		"half a surrogate pair in UTF-16":     {`file: d.txt`, "d.txt", "\xff\xfea\x00\n\x00\x00\xd8b\x00", "{{ .text }}", "d.txt:2:1: not UTF-16 text"},
		"UTF-32":                              {`file: d.csv`, "d.csv", "\xff\xfe\x00\x00t\x00\x00\x00", "{{ .text }}", "d.csv:1:1: the file is in UTF-32"},
		"half a surrogate pair in JSON":       {`file: d.json`, "d.json", "[\"a\",\n\"\\ud800\"]", "{{ .text }}", "d.json:2: half of a surrogate pair is no text"},
		"semicolons that are not said":        {`file: d.csv`, "d.csv", "id;category;prompt\n1;x;a\n", "{{ .prompt }}", `dataset "d" has no column "prompt" (the columns seem to be separated by ";": write delimiter: ";")`},
		"semicolons, and a comma in a cell":   {`file: d.csv`, "d.csv", "id;prompt\n1;a, b\n", "{{ .prompt }}", `d.csv:2:1: wrong number of fields (the columns seem to be separated by ";": write delimiter: ";")`},
		"two delimiters":                      {`file: d.csv, delimiter: ","`, "d.csv", "sep=;\na;b\n", "x", "leave one of them out"},
		"a delimiter of JSON":                 {`file: d.json, delimiter: ";"`, "d.json", `["a"]`, "x", "delimiter is for files whose names end in .csv"},
		"a delimiter of two characters":       {`file: d.csv, delimiter: ";;"`, "d.csv", "a\n1\n", "x", "delimiter must be one character"},
		"a column with a space after a dot":   {`file: d.csv`, "d.csv", "Attack Prompt\na\n", "{{ .Attack Prompt }}", `(write {{ index . "Attack Prompt" }}, or give the column another name with rename: {"Attack Prompt": attack_prompt})`},
		"a column with a dash after a dot":    {`file: d.csv`, "d.csv", "attack-prompt\na\n", "{{ .attack-prompt }}", `write {{ index . "attack-prompt" }}`},
		"a null that is used":                 {`file: d.jsonl`, "d.jsonl", "{\"text\":\"a\"}\n\n{\"text\":null}\n{}\n", "{{ .text }}", `dataset "d": row 2 (d.jsonl:3): "text" is null, not a text; so it is in 1 other row (skip_empty: true leaves such rows out)`},
		"a list that is used":                 {`file: d.yaml`, "d.yaml", "- {text: [a]}\n", "{{ .text }}", `dataset "d": row 1 (d.yaml:1): "text" is a list, not a text`},
		"a key that a row lacks, and is used": {`file: d.json`, "d.json", "[{\"text\":\"a\"},\n{\"x\":1}]", "{{ .text }}", `row 2 (d.json:2): "text" is missing`},
		"no row is left":                      {`file: d.csv, skip_empty: true`, "d.csv", "text,x\n,1\n", "{{ .text }}", "skip_empty leaves no row"},
		"a column to rename that is not":      {`file: d.csv, rename: {promt: x}`, "d.csv", "prompt\na\n", "{{ .prompt }}", `dataset "d" has no column "promt" (did you mean "prompt"?)`},
		"two columns of one name":             {`file: d.csv, rename: {a: b}`, "d.csv", "a,b\n1,2\n", "{{ .b }}", `two columns are named "b"`},
		"a new name that is none":             {`file: d.csv, rename: {a: "x y"}`, "d.csv", "a\n1\n", "{{ .a }}", `"x y" is no name for {{ .column }}`},
		"a mapping in place of a list":        {`file: d.json`, "d.json", `{"a": 1}`, "x", "d.json:1: not a list"},
		"JSON that is cut":                    {`file: d.json`, "d.json", "[\"a\",\n", "x", "not JSON: it ends too early"},
		"something after the list":            {`file: d.json`, "d.json", "[\"a\"]\n[]", "x", "d.json:2: more than one JSON value"},
		"a conversation as a text":            {`file: d.prompt`, "d.prompt", "seeds:\n  - {value: a, prompt_group_alias: g}\n  - {value: b, prompt_group_alias: g, sequence: 1}\n", "{{ .text }}", "a conversation of 2 messages, which orchestrator new --from pyrit makes an attack of"},
		"an unknown key of a seed":            {`file: d.prompt`, "d.prompt", "seeds:\n  - {value: a, colour: red}\n", "{{ .text }}", `d.prompt:2:24: unknown key "colour" of a seed (PyRIT refuses it, too)`},
		"a group that is set":                 {`file: d.prompt`, "d.prompt", "seeds:\n  - {value: a, prompt_group_id: 1}\n", "{{ .text }}", "prompt_group_id must not be set"},
		"no seeds":                            {`file: d.prompt`, "d.prompt", "seeds: []\n", "{{ .text }}", "there are no seeds"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := read(t, asking(test.block, test.text), map[string]string{test.file: test.data})
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got  %v\nwant %s", err, test.want)
			}
		})
	}
}

func TestAWideOrLongDatasetIsRefusedAtOnce(t *testing.T) {
	var header strings.Builder
	for i := range 200_000 {
		header.WriteString("c" + time.Duration(i).String() + ",")
	}
	object := `{"` + strings.ReplaceAll(strings.TrimSuffix(header.String(), ","), ",", `":1,"`) + `":1}`
	for name, data := range map[string]string{
		"d.csv":   header.String() + "z\n" + strings.Repeat(",", 200_000) + "\n",
		"d.jsonl": object + "\n",
		"d.json":  "[" + object + "]",
		"d.tsv":   strings.ReplaceAll(header.String(), ",", "\t") + "z\n",
	} {
		begun := time.Now()
		_, err := read(t, asking("file: "+name, "{{ .x }}"), map[string]string{name: data})
		if err == nil || !strings.Contains(err.Error(), "there are more than 1000 columns") {
			t.Errorf("%s: %.200v", name, err)
		}
		if took := time.Since(begun); took > 30*time.Second { // it took minutes; a loaded machine may need seconds
			t.Errorf("%s: took %s", name, took)
		}
	}
	header.Reset()
	for i := range 1_000 {
		header.WriteString("," + time.Duration(i).String())
	}
	rows := header.String()[1:] + "\n" + strings.Repeat(strings.Repeat(",", 999)+"\n", 6_000)
	if _, err := read(t, asking("file: d.csv", "{{ .x }}"), map[string]string{"d.csv": rows}); err == nil || !strings.Contains(err.Error(), "there are more than 5000000 cells") {
		t.Errorf("%.200v", err)
	}
}
