package recorded

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// secretWords are the words of names whose values are taken for secrets.
func secretWords() []string {
	return []string{
		"auth", "authorization", "authentication", "token", "tokens", "key", "apikey", "keys", "secret", "secrets", "csrf", "xsrf", "csrfmiddlewaretoken",
		"session", "sessionid", "sid", "ssid", "sessid", "phpsessid", "jsessionid", "password", "passwd", "pwd", "pass", "passphrase", "passcode",
		"credential", "credentials", "creds", "signature", "sig", "hmac", "jwt", "bearer", "otp", "totp", "pin", "cookie", "cookies", "nonce", "verifier",
		"ticket", "assertion", "saml", "oauth", "accesskey", "captcha", "recaptcha", "turnstile", "viewstate", "eventvalidation", "dtsg", "ssn", "iban",
	}
}

// isSecretName reports whether a name is one of a secret: one of its words is, or
// its end without the separators.
func isSecretName(name string) bool {
	words := nameWords(name)
	known := secretWords()
	if slices.ContainsFunc(words, func(w string) bool { return slices.Contains(known, w) }) {
		return true
	}
	joined := strings.Join(words, "")
	return slices.ContainsFunc([]string{"token", "apikey", "secret", "password", "session", "sessionid", "csrf", "xsrf", "authorization", "accesskey", "jwt", "signature"}, func(w string) bool {
		return strings.HasSuffix(joined, w)
	})
}

// nameWords splits a name into its words, in lower case: at what is no letter, and
// before a capital that follows a small letter.
func nameWords(name string) []string {
	var words []string
	var word []rune
	end := func() {
		if len(word) > 0 {
			words = append(words, string(word))
			word = nil
		}
	}
	var before rune
	for _, r := range name {
		switch {
		case !unicode.IsLetter(r):
			end()
		case unicode.IsUpper(r) && unicode.IsLower(before):
			end()
			word = append(word, unicode.ToLower(r))
		default:
			word = append(word, unicode.ToLower(r))
		}
		before = r
	}
	end()
	return words
}

var (
	// reRun is what a secret within a text may look like.
	reRun = regexp.MustCompile(`[A-Za-z0-9+/=_.~%-]{12,}`)
	// reKnown are forms of secrets.
	reKnown = regexp.MustCompile(`^(?:sk-|rk-|pk-|pk_|sk_|rk_|whsec_|sess-|gsk_|hf_|ghp_|gho_|ghs_|ghu_|ghr_|github_pat_|glpat-|xox[abeprs]-|AKIA|ASIA|AIza|ya29\.|eyJ|SG\.|npm_|dop_v1_|shpat_|AGE-SECRET-KEY-|-----BEGIN)`)
	reUUID  = regexp.MustCompile(`[0-9a-fA-F]{8}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{4}-[0-9a-fA-F]{12}`)
)

// secretsIn returns the parts of a text that look like secrets, from left to right.
func secretsIn(text string) [][2]int {
	var found [][2]int
	for _, run := range reRun.FindAllStringIndex(text, -1) {
		part := text[run[0]:run[1]]
		switch {
		case reKnown.MatchString(part), isRandom(part):
			found = append(found, [2]int{run[0], run[1]})
			continue
		case reUUID.MatchString(part):
			for _, at := range reUUID.FindAllStringIndex(part, -1) {
				found = append(found, [2]int{run[0] + at[0], run[0] + at[1]})
			}
			continue
		}
		found = append(found, piecesIn(part, run[0])...)
	}
	return found
}

var (
	// reNamed is a name with its value within a text: in an address, a header, XML or
	// GraphQL, an INI file or prose. Not a variable of GraphQL, which has a type.
	reNamed = regexp.MustCompile(`(^|[^A-Za-z0-9_$.-])([A-Za-z][A-Za-z0-9_.-]*)["']?\s*[=:]\s*(?:"([^"]+)"|'([^']+)'|([^\s"'&;,<>(){}$\x00\x01]+))`)
	// reElement is an element of XML with nothing but a text in it.
	reElement = regexp.MustCompile(`<(?:[A-Za-z][\w.-]*:)?([A-Za-z][\w.-]*)(?:\s[^<>]*)?>\s*([^<>\s][^<>]*?)\s*</`)
)

// namedSecretsIn returns the values within a text that stand behind the name of a
// secret.
func namedSecretsIn(text string) [][2]int {
	var found [][2]int
	for _, m := range reElement.FindAllStringSubmatchIndex(text, -1) {
		if isSecretName(text[m[2]:m[3]]) {
			found = append(found, [2]int{m[4], m[5]})
		}
	}
	for from := 0; from < len(text); {
		m := reNamed.FindStringSubmatchIndex(text[from:])
		if m == nil {
			break
		}
		value := slices.IndexFunc(m[6:], func(at int) bool { return at >= 0 }) + 6
		start, end := from+m[value], from+m[value+1]
		if !isSecretName(text[from+m[4] : from+m[5]]) {
			from = start // the value may have a name in it, as an address has
			continue
		}
		found = append(found, [2]int{start, end})
		from = end
	}
	return found
}

// piecesIn returns the pieces of a run, between its separators, that are random: of
// the segments of a path, of a key with a readable beginning, of a file's name.
func piecesIn(run string, offset int) [][2]int {
	var found [][2]int
	start := 0
	for i := 0; i <= len(run); i++ {
		if i < len(run) && !strings.ContainsRune("/._-=~%+", rune(run[i])) {
			continue
		}
		if piece := run[start:i]; isRandom(piece) {
			found = append(found, [2]int{offset + start, offset + i})
		}
		start = i + 1
	}
	return found
}

// isRandom reports whether a text without spaces looks as if nobody had chosen its
// characters: it is long, and letters, capitals and digits take turns in it; or it is
// a long number, or longer than any word.
func isRandom(s string) bool {
	const shortest, longestWord, longestNumber = 12, 28, 15
	plain := strings.NewReplacer("-", "", "_", "", "=", "", "+", "", "/", "", ".", "", "~", "", "%", "").Replace(s)
	if len(plain) < shortest {
		return false
	}
	turns, digits, letters := 0, 0, 0
	var before rune
	for _, r := range plain {
		class := 'a'
		switch {
		case unicode.IsDigit(r):
			class = '0'
			digits++
		case unicode.IsUpper(r):
			class = 'A'
			letters++
		default:
			letters++
		}
		if before != 0 && class != before {
			turns++
		}
		before = class
	}
	separators := len(s) - len(plain)
	switch {
	case letters == 0:
		return digits > longestNumber
	case separators == 0 && len(plain) > longestWord:
		return true
	case digits == 0:
		return separators <= 1 && turns*3 > len(plain) && len(plain) >= shortest+4
	}
	// Words with a number behind them, such as gpt-4o-2026, take few turns.
	return turns*5 >= len(plain) && separators*3 <= len(plain)
}

// isSecretParent reports whether everything below a name is taken for a secret.
func isSecretParent(name string) bool {
	return slices.ContainsFunc(nameWords(name), func(w string) bool {
		return slices.Contains([]string{"auth", "authorization", "credential", "credentials", "creds", "password", "secret", "secrets", "token", "tokens", "cookies"}, w)
	})
}
