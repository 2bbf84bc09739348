package campaign_test

import (
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/campaign"
)

func TestATurnIsATemplateOverTheRow(t *testing.T) {
	row := map[string]string{"text": "hello {{ .n }}", "n": "7"}
	for template, want := range map[string]string{
		"plain":                          "plain",
		"{{ .text }}":                    "hello {{ .n }}",
		"{{.n}}{{.n}} {{- .n }}":         "777",
		`a {{ "{{" }} b }}`:              "a {{ b }}",
		"{{/* nothing */}}x":             "x",
		"Say:\n{{ .n }}\n":               "Say:\n7\n",
		"{% x %} ${n} %s":                "{% x %} ${n} %s",
		"<b>{{ .text }}</b> \x00\xff ok": "<b>hello {{ .n }}</b> \x00\xff ok",
	} {
		if got, err := (campaign.Text{Written: template}).Fill(row); got != want || err != nil {
			t.Errorf("%q gives %q, %v, want %q", template, got, err, want)
		}
	}
}

func TestWithoutARowATurnIsLiteral(t *testing.T) {
	for _, text := range []string{"{{ .text }}", "{{7*7}}", "{{", "plain"} {
		if got, err := (campaign.Text{Written: text}).Fill(nil); got != text || err != nil {
			t.Errorf("%q gives %q, %v", text, got, err)
		}
	}
}

func TestATemplateIsNoProgram(t *testing.T) {
	row := map[string]string{"text": "hello"}
	for _, template := range []string{
		"{{ .text | len }}", "{{ len .text }}", "{{ range .text }}{{ end }}", "{{ if .text }}{{ end }}", "{{ with .text }}{{ end }}",
		"{{ . }}", "{{ .text.more }}", "{{ $x := .text }}", "{{ template \"a\" }}", "{{ define \"a\" }}{{ end }}{{ .text", "{{ 1 }}", "x{{ define \"a\" }}lost{{ end }}y", "{{ block \"a\" .text }}{{ end }}", "{{ define \"text\" }}lost{{ end }}", "{{", "{{ }}",
	} {
		if got, err := (campaign.Text{Written: template}).Fill(row); err == nil {
			t.Errorf("%q gives %q, want an error", template, got)
		}
	}
	_, err := (campaign.Text{Written: "{{ .missing }}"}).Fill(row)
	if err == nil || !strings.Contains(err.Error(), `no column "missing"`) {
		t.Errorf("error %v, want one that names the column", err)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add("a {{ .text }} {{ \"{{\" }} {{- .text -}}", "hello")
	f.Add("{{/* x */}}{{ if .text }}{{ end }}", "")
	f.Fuzz(func(t *testing.T, template, cell string) {
		got, err := (campaign.Text{Written: template}).Fill(map[string]string{"text": cell})
		if err == nil && !strings.Contains(template, "{{") && got != template {
			t.Errorf("%q gives %q", template, got)
		}
	})
}
