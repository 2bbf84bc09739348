package jsoncut_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/jsoncut"
)

const document = `{"a": 12, "choices" : [ {"b":null,"message":{"content":"Zo\u00eb \ud83d\ude00 said \"no\" 漢\\","x":true}, "n":-1.5e3}, [] ], "z":"\n"}`

func TestEveryBeginningOfADocumentBecomesJSON(t *testing.T) {
	for n := 1; n <= len(document); n++ {
		closed := jsoncut.Close([]byte(document[:n]))
		if !json.Valid(closed) {
			t.Fatalf("%q becomes %q, which is not JSON", document[:n], closed)
		}
		var got struct {
			Choices []json.RawMessage
		}
		if err := json.Unmarshal(closed, &got); err != nil {
			t.Fatalf("%q: %v", closed, err)
		}
	}
}

func TestWhatArrivedOfAStringIsKept(t *testing.T) {
	content := func(doc []byte) string {
		var c struct {
			Choices []struct{ Message struct{ Content string } }
		}
		_ = json.Unmarshal(doc, &c)
		if len(c.Choices) == 0 {
			return ""
		}
		return c.Choices[0].Message.Content
	}
	whole := content([]byte(document))
	for n := range document {
		if got := content(jsoncut.Close([]byte(document[:n]))); !strings.HasPrefix(whole, got) {
			t.Fatalf("%q says %q, which %q does not begin with", document[:n], got, whole)
		}
	}
	for cut, want := range map[string]string{
		`{"choices":[{"message":{"content":"one tw`:          "one tw",
		`{"choices":[{"message":{"content":"one \`:           "one ",
		`{"choices":[{"message":{"content":"one \u00`:        "one ",
		`{"choices":[{"message":{"content":"one \ud83d`:      "one ",
		`{"choices":[{"message":{"content":"one \ud83d\ude`:  "one ",
		"{\"choices\":[{\"message\":{\"content\":\"one \xe6": "one ",
		`{"choices":[{"message":{"content":"one","ro`:        "one",
		`{"choices":[{"message":{"content":"one","role":`:    "one",
		`{"choices":[{"message":{"content":"one","n":1`:      "one",
	} {
		if got := content(jsoncut.Close([]byte(cut))); got != want {
			t.Errorf("%s says %q, want %q", cut, got, want)
		}
	}
}

func FuzzClose(f *testing.F) {
	f.Add([]byte(document), 20)
	f.Add([]byte(`["a",{"b":[1,2,{"c":"\\\""}]}]`), 9)
	f.Fuzz(func(t *testing.T, doc []byte, n int) {
		if n < 1 || n > len(doc) {
			return
		}
		closed := jsoncut.Close(doc[:n])
		if !json.Valid(doc) || (doc[0] != '{' && doc[0] != '[') {
			return // it must only not fail
		}
		if !json.Valid(closed) {
			t.Errorf("%q becomes %q, which is not JSON", doc[:n], closed)
		}
		if n == len(doc) && string(closed) != strings.TrimRight(string(doc), " \t\r\n") {
			t.Errorf("the whole document %q becomes %q", doc, closed)
		}
	})
}
