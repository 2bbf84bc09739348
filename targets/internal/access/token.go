package access

import (
	"context"
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/bounded"
)

const (
	// maxToken bounds an access token, in bytes.
	maxToken = 64 << 10
	// commandTime is how long a program may take to print a token.
	commandTime = 30 * time.Second
	// printedTime is how long a printed token is used for further requests.
	printedTime = time.Minute
)

// Token returns the access token, or "" if none is configured. It is read from
// its file, or printed by its program, at each call: the last one may have
// expired. It is redacted from then on.
func (a *Access) Token(ctx context.Context) (string, error) {
	var token, key string
	var err error
	switch c := a.config; {
	case c.AccessTokenFile != "":
		key = "access_token_file"
		token, err = readToken(c.AccessTokenFile)
	case len(c.AccessTokenCommand) > 0:
		key = "access_token_command"
		token, err = printToken(ctx, c.AccessTokenCommand)
	default:
		return c.AccessToken.Reveal(), nil
	}
	token = strings.TrimSpace(token)
	switch {
	case ctx.Err() != nil:
		return "", context.Cause(ctx)
	case err != nil:
		return "", core.Errorf(core.ErrorAuth, "getting an access token: %w", err).At(key).WithHint("%s", core.HintOf(err))
	case token == "" || strings.ContainsAny(token, "\r\n"):
		return "", core.Errorf(core.ErrorAuth, "getting an access token: there is not one line with a token").At(key)
	}
	a.Remember(token)
	return token, nil
}

// printed is the token that a program printed last. The zero value has none.
type printed struct {
	mu    sync.Mutex
	token string
	until time.Time
	// running is the program that is printing the next one; nil if none is.
	running *printing
}

// printing is a program that is printing a token. Its result is set before done is
// closed.
type printing struct {
	done  chan struct{}
	token string
	err   error
	// left says that whoever ran the program gave up, so that its error is no one
	// else's.
	left bool
}

// currentToken is [Access.Token], but has a program run at most once a minute, for
// all that ask.
func (a *Access) currentToken(ctx context.Context) (string, error) {
	if len(a.config.AccessTokenCommand) == 0 {
		return a.Token(ctx)
	}
	for {
		a.printed.mu.Lock()
		if time.Now().Before(a.printed.until) {
			defer a.printed.mu.Unlock()
			return a.printed.token, nil
		}
		others := a.printed.running
		if others == nil {
			mine := &printing{done: make(chan struct{})}
			a.printed.running = mine
			a.printed.mu.Unlock()
			a.print(ctx, mine)
			return mine.token, mine.err
		}
		a.printed.mu.Unlock()
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-others.done:
		}
		if !others.left {
			return others.token, others.err
		}
	}
}

// print runs the program, and keeps its token.
func (a *Access) print(ctx context.Context, p *printing) {
	p.token, p.err = a.Token(ctx)
	p.left = ctx.Err() != nil
	a.printed.mu.Lock()
	defer a.printed.mu.Unlock()
	a.printed.running = nil
	if p.err == nil {
		a.printed.token, a.printed.until = p.token, time.Now().Add(printedTime)
	}
	close(p.done)
}

func readToken(name string) (string, error) {
	file, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer func() { _ = file.Close() }()
	data, err := io.ReadAll(io.LimitReader(file, maxToken))
	return string(data), err
}

// lastWords is how much is shown of what a program that failed wrote to its standard
// error, in bytes.
const lastWords = 1 << 10

// printToken runs a program that prints a token. Where it fails, the error has its last
// words, without anything that it printed as a token or that looks like one.
func printToken(ctx context.Context, command []string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	out, words := bounded.NewBuffer(maxToken, nil), bounded.NewTail(lastWords)
	cmd := exec.CommandContext(ctx, command[0], command[1:]...)
	cmd.Stdout, cmd.Stderr = out, words
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		said := ""
		if text := withoutTokens(whole(words), string(out.Bytes())); text != "" {
			said = ": " + text
		}
		return "", core.Errorf(core.ErrorAuth, "%s: %w%s", command[0], err, said).
			WithHint("run it by hand to see why; in the sandbox it has not your home, and reaches only scope.hosts: let it write a file outside, for access_token_file")
	}
	return string(out.Bytes()), nil
}

// tokenLike matches what may be a token or a part of one: long, without spaces, and with a
// digit.
var tokenLike = regexp.MustCompile(`[A-Za-z0-9_.+/=~-]*[0-9][A-Za-z0-9_.+/=~-]*`)

// whole returns the words of a tail on one line, without the one that the tail may have cut:
// a part of a token is known by nothing.
func whole(tail *bounded.Tail) string {
	words := strings.Fields(tail.Text())
	if tail.Cut() && len(words) > 0 {
		words = words[1:]
	}
	return strings.Join(words, " ")
}

// withoutTokens hides in a text of one line the words that were printed, and what looks like
// a token of at least 20 characters. A printed word of fewer than 4 bytes is hidden only where
// it stands by itself.
func withoutTokens(text, printed string) string {
	const hidden, long, short = "[hidden]", 20, 4
	words := strings.Fields(printed)
	slices.SortFunc(words, func(a, b string) int { return len(b) - len(a) }) // a word before its beginning
	var anywhere []string
	alone := map[string]bool{}
	for _, word := range words {
		if len(word) < short {
			alone[word] = true
		} else {
			anywhere = append(anywhere, word, hidden)
		}
	}
	said := strings.Fields(strings.NewReplacer(anywhere...).Replace(text))
	for i, word := range said {
		if alone[word] {
			said[i] = hidden
		}
	}
	return tokenLike.ReplaceAllStringFunc(strings.Join(said, " "), func(s string) string {
		if len(s) < long {
			return s
		}
		return hidden
	})
}
