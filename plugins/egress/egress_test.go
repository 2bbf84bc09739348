package egress_test

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/redteam-orchestrator/orchestrator/plugins/egress"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// records keeps what a proxy records.
type records struct {
	mu   sync.Mutex
	all  []egress.Connection
	next chan egress.Connection
}

func (r *records) add(c egress.Connection) {
	r.mu.Lock()
	r.all = append(r.all, c)
	r.mu.Unlock()
	if !c.Ended.IsZero() {
		r.next <- c
	}
}

// ended waits for the next connection to end, and returns its record.
func (r *records) ended(t *testing.T) egress.Connection {
	t.Helper()
	select {
	case c := <-r.next:
		return c
	case <-time.After(10 * time.Second):
		t.Fatal("no connection ends")
		return egress.Connection{}
	}
}

// direct is an Upstream without a proxy.
func direct(*http.Request) (*url.URL, error) { return nil, nil }

func newProxy(t *testing.T, upstream func(*http.Request) (*url.URL, error)) (*egress.Proxy, *records) {
	t.Helper()
	seen := &records{next: make(chan egress.Connection, 100)}
	p := egress.New(egress.Options{Record: seen.add, Upstream: upstream})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p, seen
}

func urlFor(t *testing.T, p *egress.Proxy, plugin string) *url.URL {
	t.Helper()
	u, err := p.URL(plugin)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

// client uses a proxy for everything, and trusts the certificates of the test
// servers.
func client(t *testing.T, proxy *url.URL, servers ...*httptest.Server) *http.Client {
	t.Helper()
	roots := x509.NewCertPool()
	for _, s := range servers {
		if s.Certificate() != nil {
			roots.AddCert(s.Certificate())
		}
	}
	transport := &http.Transport{Proxy: http.ProxyURL(proxy), TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func hostOf(s *httptest.Server) string { return s.Listener.Addr().String() }

// echo is a server that answers with its request.
func echo(t *testing.T, start func(http.Handler) *httptest.Server) *httptest.Server {
	t.Helper()
	s := start(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		fmt.Fprintf(w, "%s %s %s", r.Method, r.URL.RequestURI(), body)
		for _, name := range []string{"X-Forwarded-For", "Proxy-Authorization", "User-Agent"} {
			if value := r.Header.Get(name); value != "" {
				fmt.Fprintf(w, " %s=%s", name, value)
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

func get(t *testing.T, c *http.Client, address string) (int, string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, address, strings.NewReader("hello"))
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("User-Agent", "")
	request.Header.Set("X-Forwarded-For", "the attacker")
	response, err := c.Do(request)
	if err != nil {
		return 0, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

func TestWhatTheCampaignNamesIsLetThroughUnchanged(t *testing.T) {
	for name, start := range map[string]func(http.Handler) *httptest.Server{"https": httptest.NewTLSServer, "http": httptest.NewServer} {
		t.Run(name, func(t *testing.T) {
			p, seen := newProxy(t, direct)
			server := echo(t, start)
			c := client(t, urlFor(t, p, "acme"), server)
			p.Allow(nil, []string{hostOf(server)})
			status, body := get(t, c, server.URL+"/a%2Fb?q=1;2&%zz")
			if want := "POST /a%2Fb?q=1;2&%zz hello X-Forwarded-For=the attacker"; status != http.StatusOK || body != want {
				t.Errorf("%d %q, want %q", status, body, want)
			}
			c.CloseIdleConnections()
			got := seen.ended(t)
			if got.Plugin != "acme" || got.Address != hostOf(server) || !got.Allowed || got.Reason != "" ||
				got.Sent < 5 || got.Received < int64(len(body)) || got.Began.IsZero() {
				t.Errorf("record %+v", got)
			}
			want := got
			want.Ended, want.Sent, want.Received = time.Time{}, 0, 0
			if first := seen.all[0]; first != want {
				t.Errorf("the connection is not recorded when it is made: %+v", first)
			}
		})
	}
}

func TestARefusalSaysWhatWouldBeRight(t *testing.T) {
	server := echo(t, httptest.NewServer)
	_, port, _ := net.SplitHostPort(hostOf(server))
	for _, test := range []struct {
		name, address string
		hosts, local  []string
		want          []string
	}{
		{"a host that is not in scope", "https://api.example/", []string{"other.example"}, nil, []string{"api.example:443 is not in scope.hosts", `add "api.example" to scope.hosts, if the authorization covers it`}},
		{"another port", "https://api.example:8443/", []string{"api.example:443"}, nil, []string{"api.example:8443 is not in scope.hosts"}},
		{"a name that ends in one in scope", "https://evil-api.example/", []string{"api.example"}, nil, []string{"evil-api.example:443 is not in scope.hosts"}},
		{"this machine", server.URL, nil, []string{"127.0.0.1:1"}, []string{hostOf(server) + " is not an address that the campaign names"}},
		{"this machine by another name", "http://localhost:" + port, nil, []string{hostOf(server)}, []string{"localhost:" + port + " is not an address that the campaign names"}},
		{"this machine as IPv6 sees IPv4", "http://[::ffff:127.0.0.1]:" + port, nil, nil, []string{"is not an address that the campaign names"}},
		{"no address at all", "http://0.0.0.0:" + port, []string{"0.0.0.0"}, nil, []string{"its address is 0.0.0.0"}},
		{"the cloud's metadata", "http://169.254.169.254/", nil, nil, []string{"169.254.169.254:80 is not in scope.hosts"}},
	} {
		for _, method := range []string{http.MethodConnect, http.MethodGet} {
			t.Run(test.name+" by "+method, func(t *testing.T) {
				p, seen := newProxy(t, direct)
				proxy := urlFor(t, p, "acme")
				p.Allow(test.hosts, test.local)
				u, err := url.Parse(test.address)
				if err != nil {
					t.Fatal(err)
				}
				u.Scheme = "http"
				if _, _, err := net.SplitHostPort(u.Host); err != nil {
					u.Host += map[bool]string{true: ":443", false: ":80"}[strings.HasPrefix(test.address, "https")]
				}
				status, body := ask(t, proxy, method, u)
				if status != http.StatusForbidden {
					t.Errorf("%d %q, want 403", status, body)
				}
				for _, want := range test.want {
					if !strings.Contains(body, want) {
						t.Errorf("%q, want %q in it", body, want)
					}
				}
				if got := seen.ended(t); got.Allowed || got.Plugin != "acme" || got.Reason == "" || got.Address != u.Host || len(seen.all) != 1 {
					t.Errorf("records %+v", seen.all)
				}
			})
		}
	}
}

// ask sends raw bytes to a proxy and returns its response.
func ask(t *testing.T, proxy *url.URL, method string, u *url.URL) (int, string) {
	t.Helper()
	conn, err := net.Dial("tcp", proxy.Host)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	request := &http.Request{Method: method, URL: u, Host: u.Host, Header: http.Header{}}
	if proxy.User != nil {
		password, _ := proxy.User.Password()
		request.SetBasicAuth(proxy.User.Username(), password)
		request.Header["Proxy-Authorization"] = request.Header["Authorization"]
		request.Header.Del("Authorization")
	}
	if method == http.MethodConnect {
		err = request.Write(conn)
	} else {
		err = request.WriteProxy(conn)
	}
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.ReadResponse(bufio.NewReader(conn), request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(body)
}

// Names such as localhost.localdomain do not stand for this machine in a campaign,
// although some systems resolve them to a loopback address.
func TestANameInScopeThatLeadsToThisMachineIsRefused(t *testing.T) {
	server := echo(t, httptest.NewServer)
	_, port, _ := net.SplitHostPort(hostOf(server))
	name := nameOfThisMachine(t)
	p, seen := newProxy(t, direct)
	proxy := urlFor(t, p, "acme")
	p.Allow([]string{name}, []string{hostOf(server)})
	// However it is written: the second form is another text for the same name.
	for _, host := range []string{name, strings.ToUpper(name)} {
		for _, method := range []string{http.MethodConnect, http.MethodGet} {
			status, body := ask(t, proxy, method, &url.URL{Scheme: "http", Host: host + ":" + port})
			if want := name + " is in scope.hosts, but its address is "; status != http.StatusForbidden || !strings.Contains(body, want) {
				t.Errorf("%s %s: %d %q, want 403 and %q", method, host, status, body, want)
			}
			if got := seen.ended(t); got.Allowed {
				t.Errorf("record %+v", got)
			}
		}
	}
}

// nameOfThisMachine returns a name other than localhost that is a loopback
// address here.
func nameOfThisMachine(t *testing.T) string {
	t.Helper()
	own, _ := os.Hostname()
	for _, name := range []string{own, "rebind.localhost", "localhost.localdomain", "ip6-localhost", "ip6-loopback", "localhost4"} {
		addresses, err := net.DefaultResolver.LookupIPAddr(t.Context(), name)
		if err == nil && len(addresses) > 0 && addresses[0].IP.IsLoopback() {
			return name
		}
	}
	t.Skip("no name but localhost leads to this machine here")
	return ""
}

func TestNothingIsLetThroughBeforeThereIsACampaign(t *testing.T) {
	p, _ := newProxy(t, direct)
	server := echo(t, httptest.NewServer)
	status, body := get(t, client(t, urlFor(t, p, "acme")), server.URL)
	if status != http.StatusForbidden || !strings.Contains(body, "there is no campaign yet") {
		t.Errorf("%d %q", status, body)
	}
}

func TestWhoHasNoCredentialGetsNothing(t *testing.T) {
	p, seen := newProxy(t, direct)
	server := echo(t, httptest.NewServer)
	good := urlFor(t, p, "acme")
	p.Allow(nil, []string{hostOf(server)})
	for name, user := range map[string]*url.Userinfo{
		"none":                      nil,
		"another plugin's name":     url.UserPassword("other", strings.TrimPrefix(good.User.String(), "acme:")),
		"a wrong secret":            url.UserPassword("acme", "guess"),
		"the name and no secret":    url.UserPassword("acme", ""),
		"neither a name nor secret": url.UserPassword("", ""),
	} {
		for _, method := range []string{http.MethodConnect, http.MethodGet} {
			bad := *good
			bad.User = user
			status, body := ask(t, &bad, method, &url.URL{Scheme: "http", Host: hostOf(server)})
			if status != http.StatusProxyAuthRequired || !strings.Contains(body, "only the orchestrator's plugins") {
				t.Errorf("%s: %d %q, want 407", name, status, body)
			}
			if got := seen.ended(t); got.Allowed || got.Plugin != "" {
				t.Errorf("record %+v", got)
			}
		}
	}
}

func TestEachPluginHasACredentialOfItsOwn(t *testing.T) {
	p, seen := newProxy(t, direct)
	server := echo(t, httptest.NewServer)
	p.Allow(nil, []string{hostOf(server)})
	if a, b := urlFor(t, p, "a"), urlFor(t, p, "b"); a.String() == b.String() || a.Host != b.Host || a.String() != urlFor(t, p, "a").String() {
		t.Errorf("%s and %s", a, b)
	}
	for _, plugin := range []string{"a", "b"} {
		get(t, client(t, urlFor(t, p, plugin)), server.URL)
		if got := seen.ended(t); got.Plugin != plugin {
			t.Errorf("attributed to %q, want %q", got.Plugin, plugin)
		}
	}
}

func TestARequestThatIsNoneToAProxyIsRefused(t *testing.T) {
	p, _ := newProxy(t, direct)
	proxy := urlFor(t, p, "acme")
	response, err := http.Get("http://" + proxy.Host + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	response.Body.Close()
	http.DefaultClient.CloseIdleConnections()
	if response.StatusCode != http.StatusBadRequest {
		t.Errorf("%s", response.Status)
	}
	if status, body := ask(t, proxy, http.MethodConnect, &url.URL{Host: "api.example"}); status != http.StatusBadRequest {
		t.Errorf("no port: %d %q", status, body)
	}
}

func TestAHostThatDoesNotAnswerIsNoRefusal(t *testing.T) {
	p, seen := newProxy(t, direct)
	proxy := urlFor(t, p, "acme")
	server := echo(t, httptest.NewServer)
	address := hostOf(server)
	server.Close()
	p.Allow(nil, []string{address})
	for _, method := range []string{http.MethodConnect, http.MethodGet} {
		status, body := ask(t, proxy, method, &url.URL{Scheme: "http", Host: address})
		if status != http.StatusBadGateway || !strings.Contains(body, "connection refused") {
			t.Errorf("%s: %d %q, want 502", method, status, body)
		}
		if got := seen.ended(t); !got.Allowed || !strings.Contains(got.Reason, "connection refused") {
			t.Errorf("%s: record %+v", method, got)
		}
	}
}

func TestAProxyOfTheHostThatCannotBeUsedIsNoRefusal(t *testing.T) {
	for name, upstream := range map[string]func(*http.Request) (*url.URL, error){
		"not an address":    func(*http.Request) (*url.URL, error) { return nil, errors.New("invalid proxy address") },
		"an unknown scheme": func(*http.Request) (*url.URL, error) { return &url.URL{Scheme: "gopher", Host: "127.0.0.1:1"}, nil },
	} {
		p, seen := newProxy(t, upstream)
		p.Allow([]string{"api.example"}, nil)
		for _, method := range []string{http.MethodConnect, http.MethodGet} {
			status, body := ask(t, urlFor(t, p, "acme"), method, &url.URL{Scheme: "http", Host: "api.example:80"})
			if method == http.MethodConnect && !strings.Contains(body, "the proxy in the environment") {
				t.Errorf("%s: %s: %q, want the reason", name, method, body)
			}
			if status != http.StatusBadGateway {
				t.Errorf("%s: %s: %d %q, want 502", name, method, status, body)
			}
			if got := seen.ended(t); !got.Allowed || got.Reason == "" {
				t.Errorf("%s: %s: record %+v", name, method, got)
			}
		}
	}
}

// talker is a WebSocket server that echoes each message.
func talker(t *testing.T) *httptest.Server {
	t.Helper()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		conn, err := (&websocket.Upgrader{}).Upgrade(w, r, nil)
		if err != nil {
			return
		}
		defer conn.Close()
		for {
			kind, message, err := conn.ReadMessage()
			if err != nil || string(message) == "bye" || conn.WriteMessage(kind, message) != nil {
				return
			}
		}
	}))
	t.Cleanup(s.Close)
	return s
}

// sockets are the ways in which clients open a WebSocket through a proxy.
func sockets(t *testing.T, proxy *url.URL, server *httptest.Server) map[string]*websocket.Conn {
	t.Helper()
	all := map[string]*websocket.Conn{}
	for name, dialer := range map[string]*websocket.Dialer{
		"CONNECT": {Proxy: http.ProxyURL(proxy)},
		// Some clients ask for ws:// as they do for http://.
		"GET": {NetDialContext: func(ctx context.Context, network, _ string) (net.Conn, error) {
			conn, err := (&net.Dialer{}).DialContext(ctx, network, proxy.Host)
			return &absolute{Conn: conn, proxy: proxy, host: hostOf(server)}, err
		}},
	} {
		conn, response, err := dialer.DialContext(t.Context(), "ws://"+hostOf(server)+"/", nil)
		if err != nil {
			t.Fatalf("%s: %v (%v)", name, err, response)
		}
		all[name] = conn
	}
	return all
}

// absolute makes the first request of a connection one to a proxy.
type absolute struct {
	net.Conn
	proxy *url.URL
	host  string
	sent  bool
}

func (a *absolute) Write(b []byte) (int, error) {
	if a.sent {
		return a.Conn.Write(b)
	}
	a.sent = true
	password, _ := a.proxy.User.Password()
	credential := &http.Request{Header: http.Header{}}
	credential.SetBasicAuth(a.proxy.User.Username(), password)
	request := strings.Replace(string(b), "GET / ", "GET http://"+a.host+"/ ", 1)
	request = strings.Replace(request, "\r\n", "\r\nProxy-Authorization: "+credential.Header.Get("Authorization")+"\r\n", 1)
	if _, err := io.WriteString(a.Conn, request); err != nil {
		return 0, err
	}
	return len(b), nil
}

func TestAWebSocketWorksEitherWayAndEndsWithEitherSide(t *testing.T) {
	p, seen := newProxy(t, direct)
	server := talker(t)
	p.Allow(nil, []string{hostOf(server)})
	for name, conn := range sockets(t, urlFor(t, p, "acme"), server) {
		for range 3 {
			if err := conn.WriteMessage(websocket.TextMessage, []byte("hello")); err != nil {
				t.Fatal(err)
			}
			if _, message, err := conn.ReadMessage(); err != nil || string(message) != "hello" {
				t.Fatalf("%s: %q, %v", name, message, err)
			}
		}
		if err := conn.WriteMessage(websocket.TextMessage, []byte("bye")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := conn.ReadMessage(); err == nil {
			t.Errorf("%s: the server has gone, and the client does not hear of it", name)
		}
		conn.Close()
		if got := seen.ended(t); got.Sent < 15 || got.Received < 15 {
			t.Errorf("%s: record %+v", name, got)
		}
	}
}

func TestCloseEndsWhatIsOpenAtOnce(t *testing.T) {
	p, seen := newProxy(t, direct)
	server := talker(t)
	p.Allow(nil, []string{hostOf(server)})
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	p.Allow(nil, []string{hostOf(server), silent.Addr().String()})
	proxy := urlFor(t, p, "acme")
	conns := sockets(t, proxy, server)
	waiting := make(chan struct{})
	go func() {
		defer close(waiting)
		if response, err := client(t, proxy).Get("http://" + silent.Addr().String()); err == nil {
			response.Body.Close()
		}
	}()
	accepted, err := silent.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer accepted.Close()

	closed := make(chan error, 1)
	go func() { closed <- p.Close() }()
	select {
	case err := <-closed:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(5 * time.Second):
		t.Fatal("Close hangs")
	}
	for name, conn := range conns {
		if _, _, err := conn.ReadMessage(); err == nil {
			t.Errorf("%s is still open", name)
		}
		conn.Close()
	}
	<-waiting
	if n := len(seen.next); n != 3 {
		t.Errorf("%d connections are recorded as ended, want 3", n)
	}
	if _, err := p.URL("acme"); err == nil {
		t.Error("a closed proxy starts again")
	}
}

func TestAnAnswerIsPassedOnWhileItIsWritten(t *testing.T) {
	p, _ := newProxy(t, direct)
	proceed := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, `{"token":1}`)
		_ = http.NewResponseController(w).Flush()
		<-proceed
		fmt.Fprintln(w, `{"token":2}`)
	}))
	defer server.Close()
	p.Allow(nil, []string{hostOf(server)})
	response, err := client(t, urlFor(t, p, "acme")).Get(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	lines := bufio.NewReader(response.Body)
	first, err := lines.ReadString('\n')
	close(proceed)
	second, _ := lines.ReadString('\n')
	if err != nil || first != "{\"token\":1}\n" || second != "{\"token\":2}\n" {
		t.Errorf("%q, %q, %v", first, second, err)
	}
}

func TestTheHostsOwnProxyIsUsed(t *testing.T) {
	// The upstream proxy is another egress proxy, which allows the test's hosts.
	server, secure := echo(t, httptest.NewServer), echo(t, httptest.NewTLSServer)
	outer, seenOuter := newProxy(t, direct)
	outer.Allow(nil, []string{hostOf(server), hostOf(secure)})
	through := urlFor(t, outer, "host")
	inner, _ := newProxy(t, func(*http.Request) (*url.URL, error) { return through, nil })
	inner.Allow([]string{"api.example"}, []string{hostOf(server)})
	c := client(t, urlFor(t, inner, "acme"), server, secure)

	// This machine is reached directly.
	if status, body := get(t, c, server.URL+"/"); status != http.StatusOK {
		t.Errorf("%d %q", status, body)
	}
	if n := len(seenOuter.all); n != 0 {
		t.Errorf("the host's proxy saw %d connections to this machine", n)
	}
	for _, address := range []string{"http://api.example/", "https://api.example/"} {
		if status, body := get(t, c, address); status == http.StatusOK {
			t.Errorf("%s: %q", address, body)
		}
		if got := seenOuter.ended(t); !strings.HasPrefix(got.Address, "api.example:") || got.Plugin != "host" {
			t.Errorf("%s: the host's proxy saw %+v", address, got)
		}
	}
}
