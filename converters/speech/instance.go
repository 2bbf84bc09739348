package speech

import "net/http"

// instance is what an open converter of either direction holds.
type instance struct {
	// cache remembers results by what they were made of.
	cache *cache
	// client makes the requests of the engine openai.
	client *http.Client
}

func newInstance() instance { return instance{cache: newCache(cacheLimit), client: newClient()} }

// Close waits until no conversion is going on any more, and closes connections.
func (i instance) Close() error {
	i.cache.wait()
	i.client.CloseIdleConnections()
	return nil
}
