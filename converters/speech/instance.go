package speech

import "net/http"

// instance is the state of an open converter in either direction.
type instance struct {
	// cache keeps the results of conversions.
	cache *cache
	// client makes the requests of the engine openai.
	client *http.Client
}

func newInstance() instance { return instance{cache: newCache(cacheLimit), client: newClient()} }

// Close waits until all conversions have ended, and closes idle connections.
func (i instance) Close() error {
	i.cache.wait()
	i.client.CloseIdleConnections()
	return nil
}
