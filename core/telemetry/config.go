package telemetry

import (
	"cmp"
	"net/url"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// The environment variables that are read here. OpenTelemetry's library reads its
// other ones itself.
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

// config is the configuration in the environment.
type config struct {
	endpoint string // "" if nothing is traced
	headers  map[string]string
	service  string
	contents bool
}

// environment looks up environment variables. An empty one counts as not set.
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
		return c, core.Errorf(core.ErrorConfig, "%s: the exporter %q is not supported", envExporter, exporter).WithHint("otlp or none")
	}
	if strings.EqualFold(e.get(envDisabled), "true") {
		return c, nil
	}
	if err := e.endpoint(&c, exporter == "otlp"); err != nil || c.endpoint == "" {
		return c, err
	}
	for _, name := range []string{envTracesProtocol, envProtocol} {
		if p := e.get(name); p != "" && p != protocol {
			return c, core.Errorf(core.ErrorConfig, "%s: the protocol %q is not supported", name, p).WithHint("%s; the collector's port for it is usually 4318", protocol)
		}
	}
	return c, e.headers(&c)
}

// endpoint reads the collector's URL. wanted says that tracing was asked for, so that
// the default applies.
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

// headers reads the headers of requests to the collector, such as a token.
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
			return core.Errorf(core.ErrorConfig, "%s is not a list of headers", name).WithHint("KEY=VALUE,KEY=VALUE, with values escaped as in a URL")
		}
		c.headers[key] = value
	}
	return nil
}
