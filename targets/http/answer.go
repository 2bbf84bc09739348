package httptarget

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/encoding/unicode"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/jsoncut"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// maxWords is how much of a service's words is shown, in bytes.
const maxWords = 2 << 10

// maxPage is how much of a web page is shown, in bytes.
const maxPage = 300

// answer is what a service answered to a request.
type answer struct {
	status int
	header http.Header
	// mediaType is that of the body, in lower case; "" if none is said.
	mediaType, charset string
	body               []byte
	// event is the name of the server-sent event that the body is; "" for none.
	event string
	// cut is why the body broke off; nil for a whole one.
	cut error
	// long says that the body was longer than the bound, and was cut there.
	long bool
	// unframed says that nothing but the end of the connection ended the body.
	unframed bool
	timing   core.Timing

	// parsed and failed keep what json returned.
	parsed   any
	failed   error
	isParsed bool
}

// newAnswer returns the answer with the response's header.
func newAnswer(r *http.Response) *answer {
	a := &answer{status: r.StatusCode, header: r.Header}
	mediaType, parameters, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err == nil || errors.Is(err, mime.ErrInvalidMediaParameter) {
		a.mediaType, a.charset = mediaType, strings.ToLower(parameters["charset"])
	}
	a.unframed = r.ContentLength < 0 && len(r.TransferEncoding) == 0 && r.ProtoMajor < 2 && !r.Uncompressed
	return a
}

// read reads the body, up to a number of bytes.
func (a *answer) read(body io.Reader, most int) {
	var err error
	if a.body, err = io.ReadAll(io.LimitReader(body, int64(most)+1)); err != nil {
		a.cut = err
	}
	if len(a.body) > most {
		a.body, a.long = a.body[:most], true
	}
}

// isText reports whether the body is text.
func (a *answer) isText() bool {
	return strings.HasPrefix(a.mediaType, "text/") || a.isJSON() || strings.HasSuffix(a.mediaType, "xml") ||
		a.mediaType == typeForm || a.mediaType == "application/javascript" || a.mediaType == "" && utf8.Valid(a.body)
}

// isPage reports whether the body is a page of HTML.
func (a *answer) isPage() bool {
	return a.mediaType == "text/html" || a.mediaType == "application/xhtml+xml"
}

func (a *answer) isJSON() bool {
	return a.mediaType == core.MediaJSON || strings.HasSuffix(a.mediaType, "+json") || a.mediaType == "text/json"
}

// text returns the body as text in UTF-8.
func (a *answer) text() string {
	text, _ := a.decode()
	return text
}

// decode returns the body as text in UTF-8. It fails for a charset that is not
// known; the text is then that of the bytes.
func (a *answer) decode() (string, error) {
	body := string(a.body)
	e, ok := charsetOf(a.charset)
	switch {
	case strings.HasPrefix(body, "\xff\xfe"), strings.HasPrefix(body, "\xfe\xff"):
		e = unicode.UTF16(unicode.BigEndian, unicode.UseBOM)
	case !ok:
		return body, core.Errorf(core.ErrorProtocol, "the answer is in the charset %q, which is not known here", a.charset)
	case e == nil:
		return strings.TrimPrefix(body, "\xef\xbb\xbf"), nil
	}
	text, err := e.NewDecoder().String(body)
	if err != nil {
		return body, core.Errorf(core.ErrorProtocol, "the answer is not in its charset %q: %w", a.charset, err)
	}
	return text, nil
}

// charsetOf returns the encoding of a charset; nil for UTF-8, which is that of
// answers that name none.
func charsetOf(name string) (encoding.Encoding, bool) {
	switch name {
	case "", "utf-8", "utf8", "us-ascii", "ascii":
		return nil, true
	case "iso-8859-1", "latin1", "iso8859-1", "windows-1252", "cp1252": // as browsers read them
		return charmap.Windows1252, true
	case "utf-16", "utf-16be":
		return unicode.UTF16(unicode.BigEndian, unicode.UseBOM), true
	case "utf-16le":
		return unicode.UTF16(unicode.LittleEndian, unicode.UseBOM), true
	}
	for _, e := range charmap.All {
		m, ok := e.(*charmap.Charmap)
		if ok && strings.ReplaceAll(strings.ToLower(m.String()), " ", "-") == name {
			return m, true
		}
	}
	return nil, false
}

// json returns the body as a JSON value; a body that is no JSON at all as text where
// it is a piece of a stream.
func (a *answer) json() (any, error) {
	if !a.isParsed {
		body := []byte(a.text())
		a.parsed, a.failed = template.Unmarshal(body)
		if a.failed != nil && (a.cut != nil || a.long) {
			a.parsed, a.failed = template.Unmarshal(jsoncut.Close(body))
		}
		a.isParsed = true
	}
	return a.parsed, a.failed
}

// headers returns the headers for jq, with names in lower case.
func (a *answer) headers() map[string]any {
	all := make(map[string]any, len(a.header))
	for name, values := range a.header {
		all[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return all
}

// words returns what the service says about an error: the message of a JSON body
// where there is one, or the beginning of its text. Of a web page that is its title,
// or what it shows.
func (a *answer) words() string {
	if v, err := a.json(); err == nil {
		if message := messageIn(v); message != "" {
			return phrase.ShortenBytes(message, maxWords)
		}
	} else if a.mediaType == "text/html" {
		page := a.text()
		for _, tag := range []string{"title", "body"} {
			if shown, _ := (&selector{tag: tag}).lastText(page); shown != "" {
				return phrase.ShortenBytes(phrase.OneLine(shown), maxPage)
			}
		}
		return ""
	}
	if !a.isText() {
		return ""
	}
	return phrase.ShortenBytes(strings.TrimSpace(phrase.OneLine(a.text())), maxWords)
}

// messageIn returns the message in an error object, as most services write it.
func messageIn(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case map[string]any:
		for _, key := range []string{"error", "message", "detail", "msg", "error_description", "title", "errors"} {
			if message := messageIn(v[key]); message != "" {
				if code, ok := v["code"].(string); ok && key == "message" {
					return code + ": " + message
				}
				return message
			}
		}
	case []any:
		if len(v) > 0 {
			return messageIn(v[0])
		}
	}
	return ""
}

// describe names the answer for errors: its status, and the service's words.
func (a *answer) describe() string {
	text := fmt.Sprintf("HTTP %d", a.status)
	if name := http.StatusText(a.status); name != "" {
		text += " (" + name + ")"
	}
	if words := a.words(); words != "" {
		text += ": " + words
	}
	return text
}
