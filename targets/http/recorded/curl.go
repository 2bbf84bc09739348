package recorded

import (
	"mime"
	"net/url"
	"path"
	"slices"
	"strings"
	"unicode/utf8"
)

// maxRecording bounds a recording, in bytes.
const maxRecording = 64 << 20

// Curl makes a target from a command line of curl. An option that cannot be taken
// over is an error that names it.
func Curl(line string, o Options) (Target, error) {
	if len(line) > maxRecording {
		return Target{}, wrong("the command is larger than %d MiB", maxRecording>>20)
	}
	if err := otherForm(line); err != nil {
		return Target{}, err
	}
	all, err := words(line)
	if err != nil {
		return Target{}, err
	}
	if !utf8.ValidString(strings.Join(all, "")) {
		return Target{}, wrong("the command is not UTF-8 text, which a campaign is")
	}
	if len(all) > 0 && all[0] == "$" {
		all = all[1:]
	}
	if len(all) == 0 || strings.TrimSuffix(path.Base(all[0]), ".exe") != "curl" {
		return Target{}, wrong("the command is not one of curl").WithHint("it begins with curl")
	}
	c := &command{arguments: all[1:]}
	if err := c.read(); err != nil {
		return Target{}, err
	}
	r, err := c.request()
	if err != nil {
		return Target{}, err
	}
	return convert(r, o)
}

// otherForm returns an error for the other forms in which browsers copy a request.
func otherForm(line string) error {
	const hint = `have the browser copy it as "cURL (bash)", in some "cURL (POSIX)"`
	start := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(start, "fetch(") || strings.HasPrefix(start, "await fetch("):
		return wrong("a call of JavaScript's fetch, not a command of curl").WithHint(hint)
	case strings.HasPrefix(start, "$session") || strings.Contains(start, "Invoke-WebRequest") && !strings.HasPrefix(start, "curl"),
		strings.Contains(start, "Invoke-RestMethod") && !strings.HasPrefix(start, "curl"):
		return wrong("the command is written for PowerShell").WithHint(hint)
	}
	return nil
}

// command is a command line of curl that is read.
type command struct {
	arguments []string
	method    string
	urls      []string
	headers   []pair
	cookies   string
	data      []string
	isJSON    bool
	get       bool
	parts     []filePart
	user      string
	hasUser   bool
	proxy     string
	notes     []string
}

// option is an option of curl.
type option struct {
	short string
	long  string
	// takes says that the option has an argument.
	takes bool
	do    func(c *command, argument string) error
}

func ignore(*command, string) error { return nil }

// refuse returns what refuses an option.
func refuse(why, hint string) func(*command, string) error {
	return func(*command, string) error { return wrong("%s", why).WithHint("%s", hint) }
}

func noted(note string) func(*command, string) error {
	return func(c *command, _ string) error {
		c.notes = append(c.notes, note)
		return nil
	}
}

func options() []option {
	return slices.Concat(requestOptions(), bodyOptions(), otherOptions())
}

func requestOptions() []option {
	return []option{
		{"X", "request", true, func(c *command, s string) error { c.method = s; return nil }},
		{"", "url", true, func(c *command, s string) error { c.urls = append(c.urls, s); return nil }},
		{"H", "header", true, (*command).header},
		{"A", "user-agent", true, func(c *command, s string) error { return c.header("User-Agent: " + s) }},
		{"e", "referer", true, func(c *command, s string) error { return c.header("Referer: " + s) }},
		{"b", "cookie", true, (*command).cookie},
		{"u", "user", true, func(c *command, s string) error { c.user, c.hasUser = s, true; return nil }},
		{"", "oauth2-bearer", true, func(c *command, s string) error { return c.header("Authorization: Bearer " + s) }},
		{"x", "proxy", true, func(c *command, s string) error { c.proxy = s; return nil }},
		{"I", "head", false, func(c *command, _ string) error { c.method = "HEAD"; return nil }},
		{"G", "get", false, func(c *command, _ string) error { c.get = true; return nil }},
	}
}

func bodyOptions() []option {
	return []option{
		{"d", "data", true, func(c *command, s string) error { return c.addData(s, true) }},
		{"", "data-ascii", true, func(c *command, s string) error { return c.addData(s, true) }},
		{"", "data-binary", true, func(c *command, s string) error { return c.addData(s, true) }},
		{"", "data-raw", true, func(c *command, s string) error { return c.addData(s, false) }},
		{"", "data-urlencode", true, (*command).encoded},
		{"", "json", true, func(c *command, s string) error { c.isJSON = true; return c.addJSON(s) }},
		{"F", "form", true, (*command).part},
		{"", "form-string", true, (*command).textPart},
	}
}

func otherOptions() []option {
	var all []option
	for _, o := range []struct{ short, long string }{
		{"s", "silent"},
		{"S", "show-error"},
		{"v", "verbose"},
		{"i", "include"},
		{"f", "fail"},
		{"", "fail-with-body"},
		{"N", "no-buffer"},
		{"#", "progress-bar"},
		{"", "no-progress-meter"},
		{"", "compressed"},
		{"", "http1.1"},
		{"0", "http1.0"},
		{"", "http2"},
		{"", "http2-prior-knowledge"},
		{"g", "globoff"},
		{"L", "location"},
		{"4", "ipv4"},
		{"6", "ipv6"},
		{"", "basic"},
		{"", "path-as-is"},
		{"O", "remote-name"},
		{"J", "remote-header-name"},
		{"", "tcp-nodelay"},
		{"", "tlsv1.2"},
		{"", "tlsv1.3"},
	} {
		all = append(all, option{o.short, o.long, false, ignore})
	}
	for _, o := range []struct{ short, long string }{
		{"o", "output"},
		{"w", "write-out"},
		{"m", "max-time"},
		{"", "connect-timeout"},
		{"c", "cookie-jar"},
		{"", "retry"},
		{"", "retry-delay"},
		{"", "retry-max-time"},
		{"D", "dump-header"},
		{"", "max-redirs"},
		{"", "keepalive-time"},
		{"", "trace"},
		{"", "trace-ascii"},
		{"", "stderr"},
	} {
		all = append(all, option{o.short, o.long, true, ignore})
	}
	return append(all, refusedOptions()...)
}

// refusedOptions are those that no target of a campaign can do, or only by keys of its
// own.
func refusedOptions() []option {
	return []option{
		{"k", "insecure", false, refuse("-k (--insecure) would talk to anybody who says to be the service", "leave it out, and give the service's certificate authority as ca_certificates: ${file:ca.pem}")},
		{"T", "upload-file", true, refuse("-T (--upload-file) sends a file", "write the file as a part of a form, with -F")},
		{"", "aws-sigv4", true, refuse("--aws-sigv4 signs each request, and a recorded request is not signed again", "attack the service through a gateway that takes a key")},
		{"", "digest", false, refuse("--digest answers a challenge of the service, and a recorded request does not", "use a login of the service's that gives a token or a cookie")},
		{"", "ntlm", false, refuse("--ntlm answers a challenge of the service, and a recorded request does not", "use a login of the service's that gives a token or a cookie")},
		{"", "negotiate", false, refuse("--negotiate answers a challenge of the service, and a recorded request does not", "use a login of the service's that gives a token or a cookie")},
		{"K", "config", true, refuse("-K (--config) reads more options from a file", "write them on the command line")},
		{"", "unix-socket", true, refuse("--unix-socket names no host", "have the service listen at a port of this machine")},
		{"", "resolve", true, refuse("--resolve sends the request to another address than that of its host", "give the address itself")},
		{"", "connect-to", true, refuse("--connect-to sends the request to another host", "give that host itself")},
		{"", "cacert", true, noted("The command trusts a certificate authority of its own: add ca_certificates: ${file:ca.pem}.")},
		{"E", "cert", true, noted("The command shows a client certificate: add client_certificate: ${file:client.pem} and client_key: ${file:client-key.pem}.")},
		{"", "key", true, noted("The command has the key of a client certificate: add client_key: ${file:client-key.pem}.")},
		{"U", "proxy-user", true, noted("The command logs in to its proxy: write user and password into proxy, as a reference.")},
	}
}

// read reads all arguments.
func (c *command) read() error {
	known := options()
	for i := 0; i < len(c.arguments); i++ {
		a := c.arguments[i]
		var err error
		switch {
		case a == "--next":
			return wrong("--next begins a second request").WithHint("give one request")
		case strings.HasPrefix(a, "--"):
			i, err = c.long(known, i)
		case strings.HasPrefix(a, "-") && a != "-":
			i, err = c.short(known, i)
		default:
			c.urls = append(c.urls, a)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// long reads a long option, and returns the index of its last argument.
func (c *command) long(known []option, i int) (int, error) {
	name := strings.TrimPrefix(c.arguments[i], "--")
	for _, o := range known {
		if o.long != name && "no-"+o.long != name {
			continue
		}
		if !o.takes {
			if o.long != name { // switched off
				return i, nil
			}
			return i, o.do(c, "")
		}
		if i+1 >= len(c.arguments) {
			return i, wrong("--%s has no argument", name)
		}
		return i + 1, o.do(c, c.arguments[i+1])
	}
	before, _, hasValue := strings.Cut(name, "=")
	if hasValue && slices.ContainsFunc(known, func(o option) bool { return o.long == before && o.takes }) {
		return i, wrong("the argument of --%s stands behind a =", before).WithHint("curl takes it behind a space")
	}
	return i, wrong("the option --%s of curl is not known here", shown(name)).WithHint("leave it out if it does not matter to the service")
}

// short reads short options that may stand together, the last with its argument.
func (c *command) short(known []option, i int) (int, error) {
	rest := strings.TrimPrefix(c.arguments[i], "-")
	for rest != "" {
		at := slices.IndexFunc(known, func(o option) bool { return o.short != "" && strings.HasPrefix(rest, o.short) })
		if at < 0 {
			return i, wrong("the option -%s of curl is not known here", shown(rest[:1])).WithHint("leave it out if it does not matter to the service")
		}
		o := known[at]
		rest = rest[len(o.short):]
		if !o.takes {
			if err := o.do(c, ""); err != nil {
				return i, err
			}
			continue
		}
		if rest != "" {
			return i, o.do(c, rest)
		}
		if i+1 >= len(c.arguments) {
			return i, wrong("-%s has no argument", o.short)
		}
		return i + 1, o.do(c, c.arguments[i+1])
	}
	return i, nil
}

// shown returns an option's name for an error, without what may be a secret in it.
func shown(name string) string {
	name, _, _ = strings.Cut(name, "=")
	const longest = 30
	return strings.ToValidUTF8(name[:min(len(name), longest)], "")
}

func (c *command) header(s string) error {
	if strings.HasPrefix(s, "@") {
		return wrong("-H reads headers from a file").WithHint("write them on the command line")
	}
	name, value, ok := strings.Cut(s, ":")
	if !ok { // "Name;" sends a header without a value
		name, ok = strings.CutSuffix(s, ";")
	}
	if name = strings.TrimSpace(name); !ok || name == "" {
		return wrong("a header without its name")
	}
	value = strings.TrimSpace(value)
	switch {
	case value == "" && strings.Contains(s, ":"): // "Name:" leaves the header out
		return nil
	case strings.EqualFold(name, "Cookie"):
		return c.cookie(value)
	}
	c.headers = append(c.headers, pair{name, value})
	return nil
}

func (c *command) cookie(s string) error {
	if !strings.Contains(s, "=") && !strings.Contains(s, beginVariable) {
		return wrong("-b reads cookies from a file").WithHint(`write them on the command line, as in -b "name=value"`)
	}
	c.cookies = strings.TrimPrefix(c.cookies+"; "+s, "; ")
	return nil
}

func (c *command) addData(s string, file bool) error {
	if file && strings.HasPrefix(s, "@") {
		return wrong("-d reads the body from a file").WithHint("write the body on the command line, with --data-raw")
	}
	c.data = append(c.data, s)
	return nil
}

func (c *command) addJSON(s string) error {
	if strings.HasPrefix(s, "@") {
		return wrong("--json reads the body from a file").WithHint("write the body on the command line")
	}
	if len(c.data) == 0 {
		c.data = append(c.data, "")
	}
	c.data[len(c.data)-1] += s
	return nil
}

// encoded adds "content", "=content" or "name=content", which curl encodes.
func (c *command) encoded(s string) error {
	name, content, ok := strings.Cut(s, "=")
	switch {
	case !ok && strings.Contains(s, "@"):
		return wrong("--data-urlencode reads the body from a file").WithHint("write the body on the command line")
	case !ok:
		c.data = append(c.data, escaped(s))
	case name == "":
		c.data = append(c.data, escaped(content))
	default:
		c.data = append(c.data, name+"="+escaped(content))
	}
	return nil
}

// escaped encodes a text for a form, and leaves the marks of variables.
func escaped(s string) string {
	return strings.NewReplacer(url.QueryEscape(beginVariable), beginVariable, url.QueryEscape(endVariable), endVariable).Replace(url.QueryEscape(s))
}

// part adds a part of a form: name=value, or name=@file, with ;type= and ;filename=.
func (c *command) part(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return wrong("-F without a =")
	}
	if strings.HasPrefix(value, "<") {
		return wrong("-F reads the text of a field from a file").WithHint("write the text on the command line")
	}
	p := filePart{name: name, value: strings.Trim(value, " \t")} // as curl does
	if file, isFile := strings.CutPrefix(value, "@"); isFile {
		p.file = true
		fields := strings.Split(file, ";")
		p.filename, p.value = path.Base(strings.Trim(fields[0], `"`)), ""
		for _, f := range fields[1:] {
			key, v, _ := strings.Cut(f, "=")
			switch v = strings.Trim(v, `"`); strings.TrimSpace(key) {
			case "type":
				p.kind = v
			case "filename":
				p.filename = v
			}
		}
	} else if text, kind, ok := strings.Cut(value, ";type="); ok {
		p.value, p.kind = strings.Trim(text, " \t"), kind
	}
	if p.file && p.kind == "" {
		p.kind = mime.TypeByExtension(path.Ext(p.filename))
	}
	c.parts = append(c.parts, p)
	return nil
}

func (c *command) textPart(s string) error {
	name, value, ok := strings.Cut(s, "=")
	if !ok {
		return wrong("--form-string without a =")
	}
	c.parts = append(c.parts, filePart{name: name, value: value})
	return nil
}

// request returns the request that the command sends.
func (c *command) request() (*request, error) {
	if len(c.urls) != 1 {
		return nil, wrong("%d addresses on the command line, and a request has one", len(c.urls))
	}
	if len(c.parts) > 0 && len(c.data) > 0 {
		return nil, wrong("-F and -d are given, and a request has one body")
	}
	address := c.urls[0]
	if !strings.Contains(address, "://") {
		address = "http://" + address // as curl does
	}
	r := &request{method: c.method, headers: c.headers, parts: c.parts, proxy: c.proxy, notes: c.notes}
	data := strings.Join(c.data, "&")
	if c.get && data != "" {
		separator := "?"
		if strings.Contains(address, "?") {
			separator = "&"
		}
		address, data = address+separator+data, ""
	}
	var err error
	if r.url, err = parseURL(address); err != nil {
		return nil, err
	}
	if c.hasUser {
		r.user, r.password, _ = strings.Cut(c.user, ":")
	}
	r.cookies = splitCookies(c.cookies)
	if len(c.data) > 0 && !c.get {
		r.body, r.hasBody = data, true
		switch r.contentType = r.header("Content-Type"); {
		case r.contentType != "":
		case c.isJSON:
			r.contentType = "application/json"
		default:
			r.contentType = "application/x-www-form-urlencoded"
		}
	}
	if r.method == "" {
		r.method = "GET"
		if r.hasBody || len(r.parts) > 0 {
			r.method = "POST"
		}
	}
	return r, nil
}

// parseURL parses an address. Its errors do not quote it: it may hold credentials.
func parseURL(address string) (*url.URL, error) {
	marked := strings.NewReplacer(beginVariable, markBegin, endVariable, markEnd).Replace(address)
	u, err := url.Parse(marked)
	if err != nil || u.Hostname() == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, wrong("the address of the request is no URL of HTTP").WithHint("write it in full, such as https://bot.example/api/chat")
	}
	if strings.Contains(u.Host, markBegin) {
		return nil, wrong("the host of the address is a variable").WithHint("write it out: it is checked against the campaign's scope")
	}
	u.Fragment, u.RawFragment = "", ""
	return u, nil
}

// The marks of variables within addresses, where control characters cannot be.
const (
	markBegin = "\ue000"
	markEnd   = "\ue001"
)

// unmarked returns a decoded piece of an address with the marks of variables.
func unmarked(s string) string {
	return strings.NewReplacer(markBegin, beginVariable, markEnd, endVariable).Replace(s)
}

// splitCookies splits the value of a Cookie header.
func splitCookies(s string) []pair {
	var all []pair
	for c := range strings.SplitSeq(s, ";") {
		name, value, ok := strings.Cut(strings.TrimSpace(c), "=")
		if ok && name != "" {
			all = append(all, pair{name, value})
		}
	}
	return all
}
