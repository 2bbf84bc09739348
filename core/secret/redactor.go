package secret

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
)

const (
	replacement = "[redacted]"
	// shortest is the length of the shortest value that is redacted: to
	// replace one or two letters everywhere would destroy the record and
	// protect nothing.
	shortest = 4
	// shortestFragment is the length from which a piece of base64 that does
	// not start or end with the secret is specific enough.
	shortestFragment = 8
)

// Redactor replaces secrets by "[redacted]" in what is written: as they are,
// and escaped for JSON, escaped for URLs, and in base64, also within longer
// base64 such as that of "user:secret". Values of fewer than 4 bytes are left
// alone.
//
// It is safe for concurrent use. A nil Redactor redacts nothing.
type Redactor struct {
	mu    sync.Mutex // held by Add
	forms atomic.Pointer[formTable]
}

// formTable holds the texts to replace by their first byte, the longest first.
type formTable [256][]string

// NewRedactor returns a Redactor that knows no secrets.
func NewRedactor() *Redactor { return &Redactor{} }

// Add makes the values secrets.
func (r *Redactor) Add(values ...string) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	next := &formTable{}
	if old := r.forms.Load(); old != nil {
		for i, forms := range old {
			next[i] = slices.Clone(forms)
		}
	}
	for _, value := range values {
		if len(value) < shortest {
			continue
		}
		for _, form := range formsOf(value) {
			next.add(form)
		}
	}
	r.forms.Store(next)
}

func (t *formTable) add(form string) {
	forms := &t[form[0]]
	if slices.Contains(*forms, form) {
		return
	}
	*forms = append(*forms, form)
	slices.SortFunc(*forms, func(a, b string) int { return len(b) - len(a) })
}

// formsOf lists the ways in which a value may be written.
func formsOf(value string) []string {
	forms := []string{value, url.QueryEscape(value), url.PathEscape(value)}
	for _, escapeHTML := range []bool{true, false} {
		forms = append(forms, jsonEscape(value, escapeHTML))
	}
	for _, encoding := range []*base64.Encoding{base64.StdEncoding, base64.URLEncoding} {
		forms = append(forms, encoding.EncodeToString([]byte(value)))
		forms = append(forms, encoding.WithPadding(base64.NoPadding).EncodeToString([]byte(value)))
		forms = append(forms, base64Within(value, encoding)...)
	}
	return forms
}

func jsonEscape(value string, escapeHTML bool) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(escapeHTML)
	if err := encoder.Encode(value); err != nil {
		return value // strings always encode
	}
	return strings.TrimSuffix(strings.TrimPrefix(strings.TrimSpace(b.String()), `"`), `"`)
}

// base64Within returns what base64 makes of a value wherever it stands in a
// longer text: one form for each alignment to groups of three bytes, without
// the characters at its ends that depend on its neighbours.
func base64Within(value string, encoding *base64.Encoding) []string {
	var forms []string
	raw := encoding.WithPadding(base64.NoPadding)
	for before := range 3 {
		text := raw.EncodeToString([]byte(strings.Repeat("\x00", before) + value))
		first := (before*8 + 5) / 6           // the first character made of the value alone
		last := (before + len(value)) * 8 / 6 // the end of the last such character
		if fragment := text[first:last]; len(fragment) >= shortestFragment {
			forms = append(forms, fragment)
		}
	}
	return forms
}

// String returns s without the secrets.
func (r *Redactor) String(s string) string {
	if r == nil || r.forms.Load() == nil {
		return s
	}
	out, _ := r.forms.Load().replace(nil, []byte(s), true)
	return string(out)
}

// Bytes returns a copy of b without the secrets.
func (r *Redactor) Bytes(b []byte) []byte {
	if r == nil || r.forms.Load() == nil {
		return slices.Clone(b)
	}
	out, _ := r.forms.Load().replace(make([]byte, 0, len(b)), b, true)
	return out
}

// replace appends data to out without the secrets. Unless data is final, it
// stops where a secret may have begun whose end is still to come, and returns
// the rest.
func (t *formTable) replace(out, data []byte, final bool) (replaced, rest []byte) {
	done := 0 // data[:done] is in out
next:
	for i := 0; i < len(data); i++ {
		for _, form := range t[data[i]] {
			remaining := data[i:]
			if bytes.HasPrefix(remaining, []byte(form)) {
				out = append(append(out, data[done:i]...), replacement...)
				done = i + len(form)
				i = done - 1
				continue next
			}
			if !final && len(remaining) < len(form) && strings.HasPrefix(form, string(remaining)) {
				return append(out, data[done:i]...), remaining
			}
		}
	}
	return append(out, data[done:]...), nil
}

// Writer returns a writer that writes to w without the secrets, also where
// one is split between two writes. It holds back an end that looks like the
// beginning of a secret until it knows better; Close writes it, and leaves w
// open. The writer is safe for concurrent use.
func (r *Redactor) Writer(w io.Writer) io.WriteCloser {
	return &writer{redactor: r, to: w}
}

type writer struct {
	redactor *Redactor
	mu       sync.Mutex
	to       io.Writer
	held     []byte
}

// Write reports len(p) where everything was written or held back.
func (w *writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.flush(p, false); err != nil {
		return 0, err
	}
	return len(p), nil
}

// Close writes what was held back.
func (w *writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flush(nil, true)
}

func (w *writer) flush(p []byte, final bool) error {
	out := slices.Concat(w.held, p)
	w.held = nil
	if w.redactor != nil {
		if table := w.redactor.forms.Load(); table != nil {
			var rest []byte
			out, rest = table.replace(make([]byte, 0, len(out)), out, final)
			w.held = slices.Clone(rest)
		}
	}
	if len(out) == 0 {
		return nil
	}
	_, err := w.to.Write(out)
	return err
}
