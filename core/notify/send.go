package notify

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/phrase"
)

// The limits of sending.
const (
	// oneTry is the timeout of one try.
	oneTry = 10 * time.Second
	// mostTries is the largest number of tries.
	mostTries = 6
	// maxAnswer is the number of bytes that are read of a response, and
	// shownAnswer the number of characters that an error quotes.
	maxAnswer   = 64 << 10
	shownAnswer = 200
	// longestPause is the longest pause that a service can ask for.
	longestPause = 24 * time.Hour
)

// Sender sends notices. The zero value is ready for use.
type Sender struct {
	// Pause is the pause before the second try; it grows exponentially. 0 stands
	// for one second.
	Pause time.Duration
	// Patience bounds all tries together; 0 stands for two minutes.
	Patience time.Duration
	// Transport makes the connections; nil stands for [http.DefaultTransport].
	Transport http.RoundTripper
}

// Send posts a JSON body to an address, and returns the number of tries. It retries
// if the service cannot be reached or answers 429 or 5xx, after the time in
// Retry-After if there is one; at most six times in all. It does not follow
// redirects, which would send the body to another service. Its errors do not contain
// the address, which is a secret.
func (s *Sender) Send(ctx context.Context, address string, body []byte) (tries int, err error) {
	client := &http.Client{
		Transport: s.Transport, Timeout: oneTry,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval = cmp.Or(s.Pause, time.Second)
	patience := cmp.Or(s.Patience, 2*time.Minute)
	post := func() (struct{}, error) {
		tries++
		return struct{}{}, post(ctx, client, address, body)
	}
	_, err = backoff.Retry(ctx, post, backoff.WithBackOff(pauses), backoff.WithMaxTries(mostTries), backoff.WithMaxElapsedTime(patience))
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok { // returned as it is on the last try
		err = permanent.Unwrap()
	}
	return tries, err
}

// post tries once.
func post(ctx context.Context, client *http.Client, address string, body []byte) error {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
	if err != nil {
		return backoff.Permanent(withoutAddress(err))
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "orchestrator")
	response, err := client.Do(request)
	if err != nil {
		return withoutAddress(err)
	}
	defer func() { _ = response.Body.Close() }() // opened for reading only
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil && response.StatusCode/100 != 2 {
		answer = nil
	}
	return judge(response, answer)
}

// judge returns nil for a 2xx response, and otherwise the error, which says whether
// to retry and when.
func judge(response *http.Response, answer []byte) error {
	status := response.StatusCode
	if status/100 == 2 {
		return nil
	}
	err := fmt.Errorf("the webhook answered %d %s", status, http.StatusText(status))
	if text := bytes.TrimSpace(answer); len(text) > 0 {
		err = fmt.Errorf("%w: %q", err, phrase.Shorten(string(text), shownAnswer))
	}
	switch {
	case status/100 == 3:
		return backoff.Permanent(fmt.Errorf("%w; redirects are not followed: write the address that it redirects to", err))
	case status != http.StatusTooManyRequests && status < http.StatusInternalServerError:
		return backoff.Permanent(err)
	}
	if pause, ok := core.ParseRetryAfter(response.Header.Get("Retry-After"), response.Header.Get("Date"), longestPause); ok {
		return fmt.Errorf("%w; %w", err, &backoff.RetryAfterError{Duration: pause})
	}
	return err
}

// withoutAddress returns the error inside a [url.Error], whose text contains the
// address.
func withoutAddress(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
