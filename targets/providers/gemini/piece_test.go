package gemini

import (
	"encoding/json"
	"strings"
	"testing"
)

// text is a piece of a text at a path.
func text(path, text string) piece { return piece{Path: path, Text: &text} }

func TestPiecesOfArgumentsMakeATree(t *testing.T) {
	for _, test := range []struct {
		want   string
		pieces []piece
	}{
		{`{"a":"bc"}`, []piece{text("$.a", "b"), text("$.a", "c")}},
		{`{"a":{"b":[{"c":"x"},"y"]}}`, []piece{text("$.a.b[0].c", "x"), text("$.a.b[1]", "y")}},
		{`{"it's":"x","q\"":"y"}`, []piece{text(`$['it\'s']`, "x"), text(`$["q\""]`, "y")}},
		{`{"a":7,"b":true,"c":null}`, []piece{{Path: "$.a", Number: []byte("7")}, {Path: "$.b", Bool: []byte("true")}, {Path: "$.c"}}},
		{`{"a":"x"}`, []piece{{Path: "$.a", Number: []byte("7")}, text("$.a", "x")}},
	} {
		var tree any = map[string]any{}
		for _, p := range test.pieces {
			var ok bool
			if tree, ok = p.put(tree); !ok {
				t.Errorf("%s has no place", p.Path)
			}
		}
		if got, err := json.Marshal(tree); err != nil || string(got) != test.want {
			t.Errorf("%v make %s, %v; want %s", test.pieces, got, err, test.want)
		}
	}
}

func TestAPieceWithoutAPlaceChangesNothing(t *testing.T) {
	for _, path := range []string{"", "$", "a", "$a", "$.", "$..a", "$.a[", "$.a[x]", "$.a[1]", "$.b.c", "$[0]", "$.list.x", "$.list[2]", "$.list[99999]", "$.a.b.", "$" + strings.Repeat("[0]", 10_000_000)} {
		var tree any = map[string]any{"b": "x", "list": []any{"y"}}
		after, ok := text(path, "z").put(tree)
		if got, err := json.Marshal(after); ok || err != nil || string(got) != `{"b":"x","list":["y"]}` {
			t.Errorf("%.99q: %t, %s, %v", path, ok, got, err)
		}
	}
}

func FuzzPiece(f *testing.F) {
	for _, seed := range []string{"$.a.b[0]", `$['x'].y`, "$[0][1]", "$.a[0].a[0]"} {
		f.Add(seed, seed)
	}
	f.Fuzz(func(t *testing.T, first, second string) {
		var tree any = map[string]any{}
		for _, path := range []string{first, second} {
			after, _ := text(path, "x").put(tree)
			tree = after
		}
		if _, err := json.Marshal(tree); err != nil {
			t.Errorf("%q and %q: %v", first, second, err)
		}
	})
}
