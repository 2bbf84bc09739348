package secret_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// key needs escaping in JSON, in URLs and in HTML.
const key = `sk-"a/b+c&d<é>\ 123`

func TestARedactorRemovesASecretInEveryForm(t *testing.T) {
	r := secret.NewRedactor()
	r.Add(key)
	inJSON, err := json.Marshal(key)
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(key); err != nil {
		t.Fatal(err)
	}
	tests := map[string]string{
		"as it is":                     key,
		"in JSON":                      strings.Trim(string(inJSON), `"`),
		"in JSON without HTML":         strings.Trim(strings.TrimSpace(plain.String()), `"`),
		"in a query":                   url.QueryEscape(key),
		"in a path":                    url.PathEscape(key),
		"in base64":                    base64.StdEncoding.EncodeToString([]byte(key)),
		"in base64 for URLs":           base64.URLEncoding.EncodeToString([]byte(key)),
		"in base64 without =":          base64.RawStdEncoding.EncodeToString([]byte(key)),
		"in base64 for URLs without =": base64.RawURLEncoding.EncodeToString([]byte(key)),
	}
	for name, form := range tests {
		t.Run(name, func(t *testing.T) {
			if got, want := r.String("before "+form+" after "+form), "before [redacted] after [redacted]"; got != want {
				t.Errorf("got %q, want %q", got, want)
			}
		})
	}
}

func TestARedactorRemovesASecretWithinLongerBase64(t *testing.T) {
	const key = "sk-0123456789"
	r := secret.NewRedactor()
	r.Add(key)
	for _, user := range []string{"", "u", "us", "use"} {
		header := base64.StdEncoding.EncodeToString([]byte(user + ":" + key + ":and more"))
		got := r.String("Authorization: Basic " + header)
		if !strings.Contains(got, "[redacted]") {
			t.Errorf("user %q: %s still holds the secret", user, got)
		}
		// What is left must not give back more than a byte at either end.
		for _, rest := range strings.Split(strings.TrimPrefix(got, "Authorization: Basic "), "[redacted]") {
			decoded, err := base64.RawStdEncoding.DecodeString(rest[:len(rest)/4*4])
			if err == nil && strings.Contains(string(decoded), key[1:len(key)-1]) {
				t.Errorf("user %q: %q still holds the secret", user, decoded)
			}
		}
	}
}

func TestTheLongerOfTwoSecretsIsRemovedWhole(t *testing.T) {
	r := secret.NewRedactor()
	r.Add("abcd", "abcdefgh", "efghijkl")
	if got, want := r.String("abcdefgh abcd efghijkl"), "[redacted] [redacted] [redacted]"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestARedactorLeavesAloneWhatItDoesNotKnow(t *testing.T) {
	r := secret.NewRedactor()
	r.Add("", "x", "abc") // too short to be replaced everywhere
	const text = "xabc \xff\x00 text"
	if got := r.String(text); got != text {
		t.Errorf("got %q, want %q", got, text)
	}
}

func TestANilRedactorRedactsNothing(t *testing.T) {
	var r *secret.Redactor
	r.Add("secret")
	if got := r.String("secret"); got != "secret" {
		t.Errorf("String gives %q", got)
	}
	if got := r.Bytes([]byte("secret")); string(got) != "secret" {
		t.Errorf("Bytes gives %q", got)
	}
	var out bytes.Buffer
	if _, err := r.Writer(&out).Write([]byte("secret")); err != nil || out.String() != "secret" {
		t.Errorf("Writer wrote %q, %v", out.String(), err)
	}
}

func TestBytesDoesNotTouchItsArgument(t *testing.T) {
	r := secret.NewRedactor()
	r.Add("secret")
	in := []byte("a secret b")
	got := r.Bytes(in)
	if string(got) != "a [redacted] b" || string(in) != "a secret b" {
		t.Errorf("Bytes gives %q and leaves %q", got, in)
	}
}

func TestAWriterFindsASecretThatIsSplitAnywhere(t *testing.T) {
	r := secret.NewRedactor()
	r.Add("secret", "secretive")
	const text, want = "a secret, a secretive one, and a sec\n", "a [redacted], a [redacted] one, and a sec\n"
	for i := range len(text) {
		for j := i; j < len(text); j++ {
			var out bytes.Buffer
			w := r.Writer(&out)
			for _, piece := range []string{text[:i], text[i:j], text[j:]} {
				if n, err := w.Write([]byte(piece)); n != len(piece) || err != nil {
					t.Fatalf("Write gives %d, %v", n, err)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			if out.String() != want {
				t.Fatalf("split at %d and %d: %q, want %q", i, j, out.String(), want)
			}
		}
	}
}

func TestAWriterHoldsNothingBackAfterALine(t *testing.T) {
	r := secret.NewRedactor()
	r.Add("secret")
	var out bytes.Buffer
	w := r.Writer(&out)
	if _, err := fmt.Fprint(w, "no secr\n"); err != nil || out.String() != "no secr\n" {
		t.Errorf("wrote %q, %v", out.String(), err)
	}
	if _, err := fmt.Fprint(w, "secr"); err != nil || out.String() != "no secr\n" {
		t.Errorf("wrote %q, %v, before it could know", out.String(), err)
	}
	if err := w.Close(); err != nil || out.String() != "no secr\nsecr" {
		t.Errorf("Close left %q, %v", out.String(), err)
	}
}

func TestARedactorIsSafeForConcurrentUse(t *testing.T) {
	r := secret.NewRedactor()
	var out bytes.Buffer
	w := r.Writer(&out)
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			value := fmt.Sprintf("secret-%d", i)
			r.Add(value)
			if got := r.String("my " + value); got != "my [redacted]" {
				t.Errorf("got %q", got)
			}
			if _, err := fmt.Fprintln(w, value); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got, want := out.String(), strings.Repeat("[redacted]\n", 8); got != want {
		t.Errorf("wrote %q, want %q", got, want)
	}
}

func BenchmarkRedactor(b *testing.B) {
	r := secret.NewRedactor()
	r.Add("sk-proj-0123456789abcdef0123456789abcdef", "another-secret-value")
	text := strings.Repeat("The quick brown fox jumps over the lazy dog. ", 50)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		r.String(text)
	}
}

func TestBase64AroundASecretKeepsNoCharacterOfIt(t *testing.T) {
	const key = "sk-0123456789"
	r := secret.NewRedactor()
	r.Add(key)
	// What is left are the characters that hold a bit of the neighbours; with three
	// bytes before the key, and two after it, there are none of the key's alone.
	for before, want := range map[string]string{
		"abc": base64.StdEncoding.EncodeToString([]byte("abc")) + "[redacted]",
		"a":   "YX[redacted]",
		"ab":  "YWJ[redacted]",
	} {
		got := r.String(base64.StdEncoding.EncodeToString([]byte(before + key + ":more")))
		if !strings.HasPrefix(got, want) {
			t.Errorf("after %q: %s, want %s first", before, got, want)
		}
	}
}

// failing is a writer that cannot write.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("no room") }

func TestAWriterThatFailsHasWrittenNothing(t *testing.T) {
	r := secret.NewRedactor()
	r.Add("secret")
	w := r.Writer(failing{})
	if n, err := w.Write([]byte("text")); n != 0 || err == nil {
		t.Errorf("Write: %d, %v", n, err)
	}
	if n, err := w.Write([]byte("sec")); n != 3 || err != nil { // held back
		t.Errorf("Write of what may be a secret: %d, %v", n, err)
	}
	if err := w.Close(); err == nil {
		t.Error("Close does not say that what was held back is lost")
	}
}
