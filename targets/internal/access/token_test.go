package access_test

import (
	"context"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

func apiKey(header http.Header, key string) { header.Set("X-Api-Key", key) }

func TestCredentialsAreSetAsTheServiceExpects(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte("from-file\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, test := range map[string]struct {
		config access.Config
		want   http.Header
	}{
		"none":            {access.Config{Headers: map[string]core.Secret{"x-team": "red"}}, http.Header{"X-Team": {"red"}}},
		"a key":           {access.Config{APIKey: "k"}, http.Header{"X-Api-Key": {"k"}}},
		"a token":         {access.Config{AccessToken: "t"}, http.Header{"Authorization": {"Bearer t"}}},
		"a token's file":  {access.Config{AccessTokenFile: file}, http.Header{"Authorization": {"Bearer from-file"}}},
		"a printed token": {access.Config{AccessTokenCommand: []string{"echo", "printed"}}, http.Header{"Authorization": {"Bearer printed"}}},
	} {
		t.Run(name, func(t *testing.T) {
			a := open(t, test.config)
			got, err := a.Authorized(t.Context(), apiKey)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("headers (-want +got):\n%s", diff)
			}
			got.Set("X-Team", "blue")
			if again := a.Header(); again.Get("X-Team") == "blue" || again.Get("Authorization") != "" {
				t.Errorf("the headers were changed: %v", again)
			}
		})
	}
}

func TestATokenIsReadAnewAndRedactedFromThenOn(t *testing.T) {
	file := filepath.Join(t.TempDir(), "token")
	a := open(t, access.Config{AccessTokenFile: file})
	for _, token := range []string{"first-token", "second-token"} {
		if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := a.Token(t.Context())
		if err != nil || got != token {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	if said := a.Hide("not first-token, not second-token"); strings.Contains(said, "-token,") || strings.Contains(said, "second") {
		t.Errorf("shows %q", said)
	}
}

func TestATokenThatIsNoneIsAnErrorOfItsKey(t *testing.T) {
	dir := t.TempDir()
	lines, nothing := filepath.Join(dir, "lines"), filepath.Join(dir, "nothing")
	for file, text := range map[string]string{lines: "hunter2\nhunter3", nothing: "\n"} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	command := func(script string) access.Config {
		return access.Config{AccessTokenCommand: []string{"sh", "-c", script}}
	}
	for name, test := range map[string]struct {
		config    access.Config
		key, hint string
	}{
		"no file":           {access.Config{AccessTokenFile: filepath.Join(dir, "none")}, "access_token_file", ""},
		"two lines":         {access.Config{AccessTokenFile: lines}, "access_token_file", ""},
		"an empty file":     {access.Config{AccessTokenFile: nothing}, "access_token_file", ""},
		"no program":        {access.Config{AccessTokenCommand: []string{filepath.Join(dir, "none")}}, "access_token_command", "by hand"},
		"a program fails":   {command("echo hunter2 >&2; echo hunter2; exit 3"), "access_token_command", "by hand"},
		"it prints nothing": {command(":"), "access_token_command", ""},
		"it never ends":     {command("exec yes hunter2"), "access_token_command", "by hand"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, test.config).Token(t.Context())
			e, _ := errors.AsType[*core.Error](err)
			if e == nil || e.Kind != core.ErrorAuth || e.Field != test.key || !strings.Contains(core.HintOf(err), test.hint) {
				t.Errorf("got %v, hint %q", err, core.HintOf(err))
			}
			if strings.Contains(err.Error(), "hunter") {
				t.Errorf("the error quotes the output: %v", err)
			}
		})
	}
}

// counting returns a program that prints how often it was run, and the file in
// which it counts.
func counting(t *testing.T, then string) (config access.Config, count string) {
	t.Helper()
	count = filepath.Join(t.TempDir(), "count")
	script := `echo x >>"$0"; ` + then + ` echo token-$(wc -l <"$0")`
	return access.Config{AccessTokenCommand: []string{"sh", "-c", script, count}}, count
}

func bearerOf(t *testing.T, a *access.Access) string {
	t.Helper()
	header, err := a.Authorized(t.Context(), apiKey)
	if err != nil {
		t.Fatal(err)
	}
	return header.Get("Authorization")
}

func TestAProgramPrintsATokenForTheRequestsOfAMinute(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		config, _ := counting(t, "")
		a := open(t, config)
		for _, step := range []struct {
			after time.Duration
			want  string
		}{{0, "Bearer token-1"}, {59 * time.Second, "Bearer token-1"}, {2 * time.Second, "Bearer token-2"}} {
			time.Sleep(step.after)
			if got := bearerOf(t, a); got != step.want {
				t.Errorf("after another %s: %q, want %q", step.after, got, step.want)
			}
		}
		anew, err := a.AuthorizedAnew(t.Context(), apiKey)
		if err != nil || anew.Get("Authorization") != "Bearer token-3" {
			t.Errorf("for a connection: %v, %v", anew, err)
		}
		if got := bearerOf(t, a); got != "Bearer token-2" {
			t.Errorf("the connection's token is used for requests: %q", got)
		}
	})
}

func TestRequestsAtTheSameTimeShareATokenAndAFailure(t *testing.T) {
	for name, test := range map[string]struct {
		then, want string
	}{"a token": {"sleep 0.1;", "Bearer token-1"}, "a failure": {"sleep 0.1; exit 3;", ""}} {
		t.Run(name, func(t *testing.T) {
			config, count := counting(t, test.then)
			a := open(t, config)
			var all sync.WaitGroup
			for range 20 {
				all.Go(func() {
					header, err := a.Authorized(t.Context(), apiKey)
					if header.Get("Authorization") != test.want || (err == nil) != (test.want != "") {
						t.Errorf("%v, %v", header, err)
					}
				})
			}
			all.Wait()
			runs, err := os.ReadFile(count)
			if err != nil {
				t.Fatal(err)
			}
			// Whoever asks after a failure has the program run again.
			if n := len(runs) / 2; test.want != "" && n != 1 || n > 20 {
				t.Errorf("the program was run %d times", n)
			}
		})
	}
}

func TestOneRequestThatGivesUpDoesNotFailTheOthers(t *testing.T) {
	gate := filepath.Join(t.TempDir(), "gate")
	config, count := counting(t, `while [ ! -e "`+gate+`" ]; do sleep 0.01; done;`)
	a := open(t, config)
	first, giveUp := context.WithCancel(t.Context())
	var impatientOnes, patientOnes sync.WaitGroup
	impatientOnes.Go(func() {
		if _, err := a.Authorized(first, apiKey); !errors.Is(err, context.Canceled) {
			t.Errorf("the first one: %v", err)
		}
	})
	for counted, _ := os.ReadFile(count); len(counted) == 0; counted, _ = os.ReadFile(count) {
		time.Sleep(time.Millisecond) // until the first one's program runs
	}
	impatient, cancel := context.WithTimeout(t.Context(), time.Millisecond)
	defer cancel()
	if _, err := a.Authorized(impatient, apiKey); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("while the first one's program runs: %v", err)
	}
	patientOnes.Go(func() {
		if got, err := a.Authorized(t.Context(), apiKey); err != nil || got.Get("Authorization") != "Bearer token-2" {
			t.Errorf("the second one: %v, %v", got, err)
		}
	})
	giveUp()
	impatientOnes.Wait()
	if err := os.WriteFile(gate, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	patientOnes.Wait()
}

func TestAProgramThatPrintsATokenEndsWithTheContext(t *testing.T) {
	why := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(why)
	if _, err := open(t, access.Config{AccessTokenCommand: []string{"sleep", "60"}}).Authorized(ctx, apiKey); !errors.Is(err, why) {
		t.Errorf("got %v", err)
	}
}

func TestTheLastWordsOfAProgramThatPrintsNoTokenAreInTheError(t *testing.T) {
	for name, test := range map[string]struct{ script, says, hides string }{
		"a reason":                  {"echo 'ERROR: AADSTS70043: The refresh token has expired' >&2; exit 1", "exit status 1: ERROR: AADSTS70043: The refresh token has expired", ""},
		"the end of many":           {"yes x | head -c 100000 >&2; echo 'no subscription' >&2; exit 1", "no subscription", ""},
		"a token that was printed":  {"echo hunter2; echo 'cannot use hunter2' >&2; exit 1", "cannot use [hidden]", "hunter2"},
		"what looks like one":       {"echo 'refresh eyJhbGciOiJIUzI1NiJ9.e30.abc-def is bad' >&2; exit 1", "refresh [hidden] is bad", "eyJ"},
		"a token that the end cuts": {"echo hunter2word; printf 'hunter2word %01016d' 0 | tr 0 - >&2; exit 1", "exit status 1", "word"},
		"a token and its beginning": {"echo hunter hunter2word; echo 'hunter2word is bad' >&2; exit 1", ": [hidden] is bad", "word"},
		"a token behind a name":     {"echo hunter2; echo 'token=hunter2, expired' >&2; exit 1", ": token=[hidden], expired", "hunter2"},
		"short words":               {"echo a e 42; echo 'a page expired, code 42' >&2; exit 1", ": [hidden] page expired, code [hidden]", ""},
		"a path of the user's home": {"echo 'cannot read /home/somebody/azure' >&2; exit 1", "/home/somebody/azure", ""},
		"nothing":                   {"exit 3", "exit status 3", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := open(t, access.Config{AccessTokenCommand: []string{"sh", "-c", test.script}}).Token(t.Context())
			if err == nil || !strings.Contains(err.Error(), test.says) || test.hides != "" && strings.Contains(err.Error(), test.hides) || len(err.Error()) > 2000 {
				t.Errorf("the error is %v, want %q in it", err, test.says)
			}
		})
	}
}
