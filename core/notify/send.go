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
	"strconv"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// The bounds of sending.
const (
	// oneTry bounds the wait for an answer.
	oneTry = 10 * time.Second
	// mostTries is how often a notice is sent at most.
	mostTries = 6
	// maxAnswer bounds what is read of an answer, and shownAnswer what an error
	// quotes of it.
	maxAnswer   = 64 << 10
	shownAnswer = 200
)

// Sender sends notices. The zero value is ready for use.
type Sender struct {
	// Pause is that before the second try, and grows from there; 0 stands for a
	// second.
	Pause time.Duration
	// Patience bounds all tries together; 0 stands for two minutes.
	Patience time.Duration
	// Transport makes the connections; nil stands for [http.DefaultTransport].
	Transport http.RoundTripper
}

// Send posts a body of JSON to an address, and returns how often it tried. It
// tries again where the service cannot be reached, is overloaded (429) or fails
// (5xx), and waits as long as that asks for. It follows no redirect: the body and
// the address are meant for that service alone. Its errors do not repeat the address.
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
	if permanent, ok := errors.AsType[*backoff.PermanentError](err); ok { // it was the last try
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
	defer func() { _ = response.Body.Close() }() // it was only read
	answer, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil && response.StatusCode/100 != 2 {
		answer = nil
	}
	return judge(response, answer)
}

// judge says what an answer means. That it is a success is all that is asked of
// its status.
func judge(response *http.Response, answer []byte) error {
	status := response.StatusCode
	if status/100 == 2 {
		return nil
	}
	err := fmt.Errorf("the webhook answered %d %s", status, http.StatusText(status))
	if text := bytes.TrimSpace(answer); len(text) > 0 {
		err = fmt.Errorf("%w: %q", err, text[:min(len(text), shownAnswer)])
	}
	switch {
	case status/100 == 3:
		return backoff.Permanent(fmt.Errorf("%w; redirects are not followed: write the address that it redirects to", err))
	case status != http.StatusTooManyRequests && status < http.StatusInternalServerError:
		return backoff.Permanent(err)
	}
	if pause, ok := retryAfter(response.Header); ok {
		return fmt.Errorf("%w; %w", err, &backoff.RetryAfterError{Duration: pause})
	}
	return err
}

// retryAfter reads how long a service wants us to wait, in seconds or as a date by
// its own clock. Who waits decides whether that is too long.
func retryAfter(h http.Header) (time.Duration, bool) {
	const longest = 24 * time.Hour
	value := h.Get("Retry-After")
	if seconds, err := strconv.Atoi(value); err == nil {
		return time.Duration(min(max(seconds, 0), int(longest/time.Second))) * time.Second, true
	}
	at, err := http.ParseTime(value)
	if err != nil {
		return 0, false
	}
	now, err := http.ParseTime(h.Get("Date"))
	if err != nil {
		now = time.Now()
	}
	return min(max(at.Sub(now), 0), longest), true
}

// withoutAddress takes the address out of what net/http says.
func withoutAddress(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
