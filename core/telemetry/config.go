package telemetry

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The variables that are read here. What else OpenTelemetry has for its exporters
// and samplers, its own library reads.
const (
	envDisabled        = "OTEL_SDK_DISABLED"
	envExporter        = "OTEL_TRACES_EXPORTER"
	envEndpoint        = "OTEL_EXPORTER_OTLP_ENDPOINT"
	envTracesEndpoint  = "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	envHeaders         = "OTEL_EXPORTER_OTLP_HEADERS"
	envTracesHeaders   = "OTEL_EXPORTER_OTLP_TRACES_HEADERS"
	envProtocol        = "OTEL_EXPORTER_OTLP_PROTOCOL"
	envTracesProtocol  = "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"
	envService         = "OTEL_SERVICE_NAME"
	envCaptureContents = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT"

	defaultEndpoint = "http://localhost:4318"
	protocol        = "http/protobuf"
)

// config is what the environment says.
type config struct {
	endpoint string // "" where nothing is traced
	headers  map[string]string
	service  string
	contents bool
}

// environment reads a variable; one that is empty is not set.
type environment func(name string) (string, bool)

func (e environment) get(name string) string {
	value, _ := e(name)
	return strings.TrimSpace(value)
}

func (e environment) config() (config, error) {
	c := config{service: cmp.Or(e.get(envService), "orchestrator"), contents: strings.EqualFold(e.get(envCaptureContents), "true")}
	exporter := e.get(envExporter)
	switch exporter {
	case "", "otlp":
	case "none":
		return c, nil
	default:
		return c, core.Errorf(core.ErrorConfig, "%s: %q is no exporter of this program", envExporter, exporter).WithHint("it is otlp or none")
	}
	if strings.EqualFold(e.get(envDisabled), "true") {
		return c, nil
	}
	if err := e.endpoint(&c, exporter == "otlp"); err != nil || c.endpoint == "" {
		return c, err
	}
	for _, name := range []string{envTracesProtocol, envProtocol} {
		if p := e.get(name); p != "" && p != protocol {
			return c, core.Errorf(core.ErrorConfig, "%s: %q is not spoken by this program", name, p).WithHint("it is %s; the collector's port for it is 4318 as a rule", protocol)
		}
	}
	return c, e.headers(&c)
}

// endpoint reads where the collector is.
func (e environment) endpoint(c *config, wanted bool) error {
	name, address := envTracesEndpoint, e.get(envTracesEndpoint)
	if address == "" {
		name, address = envEndpoint, e.get(envEndpoint)
		if address == "" && wanted {
			address = defaultEndpoint
		}
		if address == "" {
			return nil
		}
		address = strings.TrimRight(address, "/") + "/v1/traces"
	}
	u, err := url.Parse(address)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return core.Errorf(core.ErrorConfig, "%s does not hold the URL of a collector", name).WithHint("such as %s", defaultEndpoint)
	}
	c.endpoint = address
	return nil
}

// headers reads what the collector wants to see, such as a token.
func (e environment) headers(c *config) error {
	name, list := envTracesHeaders, e.get(envTracesHeaders)
	if list == "" {
		name, list = envHeaders, e.get(envHeaders)
	}
	c.headers = map[string]string{}
	if list == "" {
		return nil
	}
	for pair := range strings.SplitSeq(list, ",") {
		key, value, ok := strings.Cut(pair, "=")
		value, err := url.PathUnescape(strings.TrimSpace(value))
		if key = strings.TrimSpace(key); !ok || key == "" || err != nil { // the value may be a secret
			return core.Errorf(core.ErrorConfig, "%s is no list of headers", name).WithHint("it is KEY=VALUE,KEY=VALUE, with values escaped as in a URL")
		}
		c.headers[key] = value
	}
	return nil
}
