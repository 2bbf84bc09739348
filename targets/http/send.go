package httptarget

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/template"
)

// client sends the requests of a conversation, with the conversation's cookies.
type client struct {
	target *target
	http   *http.Client
	// header has the configured headers and the credentials, for the service only.
	header http.Header
}

// newClient returns a client with the cookies that conversations begin with.
func (t *target) newClient(ctx context.Context) (*client, error) {
	header, err := t.access.Authorized(ctx, access.Bearer)
	if err != nil {
		return nil, err
	}
	jar := &jars{own: map[string]http.CookieJar{}}
	var cookies []*http.Cookie
	for _, name := range slices.Sorted(maps.Keys(t.config.Cookies)) {
		cookies = append(cookies, &http.Cookie{Name: name, Value: t.config.Cookies[name].Reveal(), Path: "/"}) //nolint:gosec // a client sends no attributes
	}
	jar.SetCookies(t.plan.base, cookies)
	c := access.Client(t.transport)
	c.Jar = jar
	return &client{target: t, http: c, header: header}, nil
}

// rendered is a request that is filled in.
type rendered struct {
	method, contentType string
	url                 *url.URL
	header              http.Header
	// content is the body; nil for none.
	content []byte
	// away says that a redirect led to another origin: neither credentials nor
	// headers go there.
	away bool
}

// render fills in a request.
func (r *request) render(ctx context.Context, s *state) (*rendered, error) {
	address, err := r.url.Render(s.value)
	if err != nil {
		return nil, err
	}
	separator := "?"
	if strings.Contains(address, "?") {
		separator = "&"
	}
	for _, f := range r.query {
		text, err := f.template.Render(s.value)
		if err != nil {
			return nil, err
		}
		address += separator + url.QueryEscape(f.name) + "=" + text
		separator = "&"
	}
	out := &rendered{method: r.method, header: http.Header{}}
	if out.url, err = url.Parse(address); err != nil {
		return nil, core.Errorf(core.ErrorInput, "the address of %s is no URL once it is filled in", r.at)
	}
	if r.body.contentType != "" {
		if out.content, out.contentType, err = r.body.render(ctx, s); err != nil {
			return nil, err
		}
		if out.content == nil {
			out.content = []byte{}
		}
	}
	for _, f := range r.headers {
		text, err := f.template.Render(s.value)
		if err != nil {
			return nil, template.About(err, "header "+f.name)
		}
		out.header.Set(f.name, text)
	}
	return out, nil
}

// open sends a request, follows its redirects, and returns the response with its
// body still to be read. trip has the times of the last hop.
func (c *client) open(ctx context.Context, r *rendered) (*http.Response, *trip, error) {
	for hops := 0; ; hops++ {
		t := &trip{start: time.Now()}
		response, err := c.once(httptrace.WithClientTrace(ctx, t.trace()), r)
		if err != nil {
			return nil, nil, c.target.access.Unreachable(ctx, r.method+" "+access.Shown(r.url), err)
		}
		next, err := c.redirected(r, response, hops)
		if err == nil && next == nil {
			if err = unpack(response); err == nil {
				return response, t, nil
			}
		}
		_, _ = io.Copy(io.Discard, io.LimitReader(response.Body, maxWords)) // so that the connection can be used again
		_ = response.Body.Close()
		if err != nil {
			return nil, nil, err
		}
		r = next
	}
}

// once sends one request. Headers of the configuration go to the service only.
func (c *client) once(ctx context.Context, r *rendered) (*http.Response, error) {
	var content io.Reader
	if r.content != nil {
		content = bytes.NewReader(r.content)
	}
	request, err := http.NewRequestWithContext(ctx, r.method, r.url.String(), content)
	if err != nil {
		return nil, err
	}
	if r.contentType != "" {
		request.Header.Set("Content-Type", r.contentType)
	}
	if originOf(r.url) == c.target.plan.service {
		for name, values := range c.header {
			request.Header[name] = slices.Clone(values)
		}
	}
	if !r.away {
		for name, values := range r.header {
			request.Header[name] = values
		}
	}
	return c.http.Do(request)
}

// redirected returns the request that a redirect asks for; nil if the response is
// no redirect, or none is followed.
func (c *client) redirected(r *rendered, response *http.Response, hops int) (*rendered, error) {
	location := response.Header.Get("Location")
	code := response.StatusCode
	if !slices.Contains([]int{301, 302, 303, 307, 308}, code) || location == "" || c.target.config.MaxRedirects == 0 {
		return nil, nil
	}
	if hops >= c.target.config.MaxRedirects {
		return nil, core.Errorf(core.ErrorProtocol, "the service redirects more than %d times", c.target.config.MaxRedirects)
	}
	to, err := r.url.Parse(location)
	if err != nil || to.Host == "" {
		return nil, core.Errorf(core.ErrorProtocol, "the service redirects to no address")
	}
	to.User = nil
	next := &rendered{method: r.method, url: to, header: r.header, content: r.content, contentType: r.contentType, away: r.away}
	if code == 303 && r.method != http.MethodHead || code <= 302 && r.method == http.MethodPost {
		next.method, next.content, next.contentType = http.MethodGet, nil, ""
	}
	from, origin := originOf(r.url), originOf(to)
	switch {
	case origin == from, origin == c.target.plan.service && !r.away:
		return next, nil
	case !slices.Contains(c.target.plan.others, origin) && origin != c.target.plan.service:
		return nil, core.Errorf(core.ErrorConfig, "the service redirects to %s", origin).
			WithHint("if that is meant and in scope, name it in redirects_to, or begin there")
	case next.content != nil:
		return nil, core.Errorf(core.ErrorConfig, "the service redirects to %s with HTTP %d, which would take the body of the request there", origin, code).
			WithHint("send the request there in the first place, with its url")
	}
	next.away = true
	return next, nil
}

// trip has the times of one request and its response.
type trip struct {
	start, connected, first time.Time
}

func (t *trip) trace() *httptrace.ClientTrace {
	return &httptrace.ClientTrace{
		GotConn: func(i httptrace.GotConnInfo) {
			if !i.Reused {
				t.connected = time.Now()
			}
		},
		GotFirstResponseByte: func() { t.first = time.Now() },
	}
}

// timing returns the times up to now.
func (t *trip) timing() core.Timing {
	var timing core.Timing
	if !t.connected.IsZero() {
		timing.Connect = t.connected.Sub(t.start)
	}
	if !t.first.IsZero() {
		timing.FirstEvent = max(t.first.Sub(t.start), time.Nanosecond)
	}
	timing.Total = max(time.Since(t.start), time.Nanosecond)
	return timing
}
