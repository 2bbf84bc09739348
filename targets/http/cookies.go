package httptarget

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"slices"
	"strings"
	"sync"
)

// jars are the cookies of a conversation. A cookie goes to the origin that set it,
// and to the hosts of the domain that its service names for it.
type jars struct {
	mu sync.Mutex
	// own are the cookies of each origin, shared those with a domain.
	own    map[string]http.CookieJar
	shared http.CookieJar
}

var _ http.CookieJar = (*jars)(nil)

func newJar() http.CookieJar {
	jar, _ := cookiejar.New(&cookiejar.Options{PublicSuffixList: topLevel{}}) // it never fails
	return jar
}

// SetCookies implements [http.CookieJar].
func (j *jars) SetCookies(u *url.URL, cookies []*http.Cookie) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.shared == nil {
		j.shared = newJar()
	}
	origin := originOf(u)
	if j.own[origin] == nil {
		j.own[origin] = newJar()
	}
	isShared := func(c *http.Cookie) bool { return c.Domain != "" && !strings.EqualFold(c.Domain, u.Hostname()) }
	j.own[origin].SetCookies(u, slices.DeleteFunc(slices.Clone(cookies), isShared))
	j.shared.SetCookies(u, slices.DeleteFunc(slices.Clone(cookies), func(c *http.Cookie) bool { return !isShared(c) }))
}

// Cookies implements [http.CookieJar].
func (j *jars) Cookies(u *url.URL) []*http.Cookie {
	j.mu.Lock()
	defer j.mu.Unlock()
	var all []*http.Cookie
	if own := j.own[originOf(u)]; own != nil {
		all = own.Cookies(u)
	}
	if j.shared != nil {
		all = append(all, j.shared.Cookies(u)...)
	}
	return all
}

// topLevel keeps a service from setting a cookie for a whole top-level domain.
type topLevel struct{}

// PublicSuffix returns the last label of a domain.
func (topLevel) PublicSuffix(domain string) string {
	return domain[strings.LastIndexByte(domain, '.')+1:]
}

// String names the list.
func (topLevel) String() string { return "top-level domains" }
