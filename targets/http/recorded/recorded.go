package recorded

import (
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// Options say what a recording is made into.
type Options struct {
	// Name is the target's name in the campaign; "" is "recorded". It also begins the
	// names of the environment variables.
	Name string
	// Prompt is the text that was said when the request was recorded. Where it is
	// found, $(prompt) is inserted. With "", it is looked for in the fields that
	// services usually have for it.
	Prompt string
	// Entry is the number of the entry of a HAR file, from 1; 0 has one chosen.
	Entry int
	// Match is a part of the address of that entry; "" for any.
	Match string
}

// Secret is a secret that was found.
type Secret struct {
	// Name is the environment variable that the definition refers to.
	Name string
	// Value is the secret; "" for one that the recording refers to itself.
	Value core.Secret
	// Where is where it was found, such as "header Authorization".
	Where string
}

// Target is a target of a campaign.
type Target struct {
	// Definition is the target's entry below targets:, as YAML without indentation.
	Definition string
	// Host is the service's host, for the campaign's scope.
	Host string
	// Secrets are the secrets that the definition refers to.
	Secrets []Secret
	// Notes are what the reader should know or do, in whole sentences.
	Notes []string
}

// pair is a name with a value.
type pair struct{ name, value string }

// filePart is a part of a multipart body.
type filePart struct {
	name, value string
	// file says that the part is a file, of a name and type that may be "".
	file           bool
	filename, kind string
}

// request is a request that was recorded, in whatever form.
type request struct {
	method  string
	url     *url.URL
	headers []pair
	cookies []pair
	// user and password are those of HTTP's basic authentication.
	user, password string
	// body is the body as text; parts those of a multipart body.
	body        string
	hasBody     bool
	contentType string
	parts       []filePart
	proxy       string
	// notes are about what could not be taken over.
	notes []string
	// answer is what the service answered, if that was recorded.
	answer     string
	answerType string
	// earlier are what the service had sent before: entry by entry.
	earlier []string
}

// header returns the value of a header.
func (r *request) header(name string) string {
	for _, h := range r.headers {
		if strings.EqualFold(h.name, name) {
			return h.value
		}
	}
	return ""
}

// usualMethod is the method that the target takes if none is given.
func (r *request) usualMethod() string {
	if r.hasBody || len(r.parts) > 0 {
		return "POST"
	}
	return "GET"
}

// wrong returns what is wrong with a recording.
func wrong(format string, args ...any) *core.Error {
	return core.Errorf(core.ErrorInput, format, args...)
}
