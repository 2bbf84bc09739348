// Package service is the way from an SDK's client to a provider: it adds the
// credentials, which the SDK never gets, to requests to the service's own host only,
// follows no redirect, and bounds what a refusal may hold.
package service

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

// maxRefusal bounds the body of a response that is no success, in bytes.
const maxRefusal = 256 << 10

// Options say which service it is.
type Options struct {
	// Name names the service in errors, such as "chat service".
	Name   string
	Access access.Config
	// Address is the service's base address. Requests go to its scheme and host.
	Address *url.URL
	// SetKey sets the API key in a header; nil is [access.Bearer].
	SetKey func(header http.Header, key string)
}

// Service is a provider's service. Its connections are shared by all
// conversations. It is safe for concurrent use, and to be closed.
type Service struct {
	options   Options
	access    *access.Access
	transport *http.Transport
	// header has the credentials as of the last login.
	header atomic.Pointer[http.Header]
}

// Open reads the configuration. Nothing is connected to.
func Open(o Options) (*Service, error) {
	opened, err := o.Access.Open()
	if err != nil {
		return nil, err
	}
	if o.SetKey == nil {
		o.SetKey = access.Bearer
	}
	return &Service{options: o, access: opened, transport: opened.Transport()}, nil
}

// Client returns the HTTP client for an SDK. The SDK must have no credentials of
// its own.
func (s *Service) Client() *http.Client { return access.Client(s) }

// Close closes the connections that nothing uses.
func (s *Service) Close() error {
	s.transport.CloseIdleConnections()
	return nil
}

// Login fetches the credentials. It is called at the start of each conversation: a
// token may have expired since the last one.
func (s *Service) Login(ctx context.Context) error {
	if s.header.Load() != nil && !s.fetches() {
		return nil
	}
	return s.use(s.access.Authorized(ctx, s.options.SetKey))
}

// use has further requests sent with a header.
func (s *Service) use(header http.Header, err error) error {
	if err == nil {
		s.header.Store(&header)
	}
	return err
}

// fetches reports whether the credentials can be others from one login to the next.
func (s *Service) fetches() bool {
	return s.options.Access.AccessTokenFile != "" || len(s.options.Access.AccessTokenCommand) > 0
}

// RoundTrip implements [http.RoundTripper]. A request that the service refuses
// because a fetched token has expired is sent again with another one.
func (s *Service) RoundTrip(request *http.Request) (*http.Response, error) {
	if request.URL.Scheme != s.options.Address.Scheme || request.URL.Host != s.options.Address.Host {
		return nil, core.Errorf(core.ErrorInternal, "a request to %s, which is not the service's host", request.URL.Host)
	}
	header := s.header.Load()
	if header == nil {
		return nil, core.Errorf(core.ErrorInternal, "a request before the first login")
	}
	response, err := s.transport.RoundTrip(s.authorized(request, *header))
	if err != nil {
		return nil, err
	}
	if response.StatusCode == http.StatusUnauthorized && s.fetches() && request.GetBody != nil {
		if again, err := s.again(request); again != nil || err != nil {
			_ = response.Body.Close()
			return again, err
		}
	}
	if response.StatusCode/100 != 2 {
		response.Body = bounded{io.LimitReader(response.Body, maxRefusal), response.Body}
	}
	return response, nil
}

// again sends a request with other credentials; the response is nil where there
// are none.
func (s *Service) again(request *http.Request) (*http.Response, error) {
	before := s.header.Load()
	if err := s.use(s.access.AuthorizedAnew(request.Context(), s.options.SetKey)); err != nil {
		return nil, err
	}
	now := s.header.Load()
	if now.Get("Authorization") == before.Get("Authorization") {
		return nil, nil
	}
	body, err := request.GetBody()
	if err != nil {
		return nil, err
	}
	request = s.authorized(request, *now)
	request.Body = body
	return s.transport.RoundTrip(request)
}

// authorized returns a copy of a request with the configured headers and without
// those in which SDKs describe the machine.
func (s *Service) authorized(request *http.Request, header http.Header) *http.Request {
	all := make(http.Header, len(request.Header)+len(header))
	for name, values := range request.Header {
		if !strings.HasPrefix(name, "X-Stainless-") {
			all[name] = values
		}
	}
	maps.Copy(all, header)
	request = request.WithContext(request.Context())
	request.Header = all
	return request
}

// bounded is the beginning of a body.
type bounded struct {
	io.Reader
	io.Closer
}

// Unreachable explains why a request had no response.
func (s *Service) Unreachable(ctx context.Context, err error) error {
	return s.access.Unreachable(ctx, "sending the request", err)
}

// Explain says which service an error is about, and removes secrets that the
// service may have repeated.
func (s *Service) Explain(err error) error {
	return s.access.Redacted(fmt.Errorf("%s at %s: %w", s.options.Name, access.Shown(s.options.Address), err))
}

// Clean removes secrets from what the service says about a reply.
func (s *Service) Clean(r *core.Reply) { s.access.HideIn(r) }

// AboutTheAnswer returns an error of a request that the service had received:
// where it would speak of reachability by its kind, it speaks of the answer.
func AboutTheAnswer(err error) error {
	if err == nil || core.SubjectOf(err) != core.SubjectReachability {
		return err
	}
	if e, ok := errors.AsType[*core.Error](err); ok && e.Subject != "" {
		return err
	}
	return &core.Error{Kind: core.KindOf(err), Subject: core.SubjectAnswer, Err: err}
}

// Present prepares what a conversation returns of a turn: a reply without secrets, and an
// error that is explained.
func (s *Service) Present(reply core.Reply, err error) (core.Reply, error) {
	s.Clean(&reply)
	if err != nil {
		err = s.Explain(err)
	}
	return reply, err
}
