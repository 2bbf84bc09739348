package secret

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
)

var (
	prefixed = regexp.MustCompile(`^(Bearer\s+)?(sk-|rk-|pk-|sess-|gsk_|hf_|ghp_|gho_|github_pat_|glpat-|xox[abp]-|AKIA|AIza|ya29\.|eyJ)[A-Za-z0-9_.+/=-]{4,}$`)
	// botToken matches the path segment in which Telegram's API has its token.
	botToken = regexp.MustCompile(`^bot[0-9]+:[A-Za-z0-9_-]{20,}$`)
	// placeholder matches what is replaced in an address before it is used, such as
	// ${NAME} or $(secrets.NAME).
	placeholder = regexp.MustCompile(`\$\{[^}]*\}|\$\([^)]*\)`)
)

// Prefixed reports whether a text begins as the keys of well-known services do, such
// as sk-, ghp_ or AKIA.
func Prefixed(text string) bool { return prefixed.MatchString(text) }

// InAddress reports whether an address holds a secret itself: a user before its host, a
// parameter that is named as those for credentials are, such as key, sig or access_token,
// a key of a well-known service, or the path of a webhook that is its secret. References
// and other placeholders are none. An address that cannot be read, and may have a user,
// counts as one with a secret.
func InAddress(address string) bool {
	u, err := url.Parse(strings.TrimSpace(placeholder.ReplaceAllString(address, "x")))
	if err != nil {
		return strings.Contains(address, "@")
	}
	if u.User != nil || userWithoutScheme(u) || secretHook(u) || slices.ContainsFunc(strings.Split(u.Path, "/"), keySegment) {
		return true
	}
	u, err = url.Parse(strings.TrimSpace(placeholder.ReplaceAllString(address, "")))
	return err == nil && (inParameters(u.RawQuery) || inParameters(u.RawFragment) || inParameters(u.Fragment))
}

// userWithoutScheme reports whether an address looks as if it had a user and no
// scheme: user:password@host is read as one with the scheme "user".
func userWithoutScheme(u *url.URL) bool {
	if u.Scheme == "" && u.Host == "" {
		host, _, _ := strings.Cut(u.Path, "/")
		return strings.Contains(host, "@")
	}
	user, _, found := strings.Cut(u.Opaque, "@")
	names := slices.Contains([]string{"sip", "sips", "mailto", "xmpp", "im"}, u.Scheme)
	return found && (!names || strings.Contains(user, ":"))
}

// secretHook reports whether an address is that of a webhook whose path is its secret.
func secretHook(u *url.URL) bool {
	host, path := strings.ToLower(u.Hostname()), strings.Trim(u.Path, "/")
	switch host {
	case "hooks.slack.com":
		return strings.HasPrefix(path, "services/") || strings.HasPrefix(path, "workflows/") || strings.HasPrefix(path, "triggers/")
	case "discord.com", "discordapp.com":
		return strings.HasPrefix(path, "api/webhooks/")
	}
	return strings.HasSuffix(host, ".webhook.office.com") && path != ""
}

func keySegment(segment string) bool { return Prefixed(segment) || botToken.MatchString(segment) }

// inParameters reports whether parameters such as a=1&b=2 hold a secret. Those that
// cannot be decoded are looked at as they are.
func inParameters(text string) bool {
	for _, one := range strings.FieldsFunc(text, func(r rune) bool { return r == '&' || r == ';' || r == '?' }) {
		name, value, _ := strings.Cut(one, "=")
		if decoded, err := url.QueryUnescape(name); err == nil {
			name = decoded
		}
		if decoded, err := url.QueryUnescape(value); err == nil {
			value = decoded
		}
		if value = strings.TrimSpace(value); value != "" && (forCredentials(name) || Prefixed(value)) {
			return true
		}
	}
	return false
}

// forCredentials reports whether a parameter is named as one for credentials.
func forCredentials(name string) bool {
	name = strings.NewReplacer("_", "-", ".", "-", " ", "-", "[", "-", "]", "").Replace(strings.ToLower(strings.TrimSpace(name)))
	if slices.Contains([]string{"page-token", "next-token", "next-page-token", "continuation-token", "public-key", "sort-key", "partition-key"}, name) {
		return false
	}
	last := name[strings.LastIndexByte(name, '-')+1:]
	switch last {
	case "key", "token", "secret", "password", "passwd", "pwd", "passphrase", "sig", "signature", "apikey", "accesstoken", "authtoken", "sessiontoken",
		"clientsecret", "accesskey", "subscriptionkey", "authorization", "auth", "credential", "credentials", "jwt", "hmac", "apitoken", "authkey":
		return true
	}
	return false
}
