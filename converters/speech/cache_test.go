package speech

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
)

func fixed(data string) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) { return []byte(data), nil }
}

func forbidden(t *testing.T) func(context.Context) ([]byte, error) {
	return func(context.Context) ([]byte, error) {
		t.Error("the work was done again")
		return nil, nil
	}
}

func get(t *testing.T, c *cache, content string, work func(context.Context) ([]byte, error)) string {
	t.Helper()
	data, err := c.get(t.Context(), []byte(content), work)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestAResultIsRememberedByItsContent(t *testing.T) {
	c := newCache(100)
	get(t, c, "one", fixed("1"))
	if got := get(t, c, "one", forbidden(t)); got != "1" {
		t.Errorf("got %q, want 1", got)
	}
	if got := get(t, c, "two", fixed("2")); got != "2" {
		t.Errorf("got %q, want 2", got)
	}
	c.wait()
}

func TestEqualRequestsAtTheSameTimeWaitForOnePieceOfWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, release, started := newCache(100), make(chan struct{}), 0
		work := func(context.Context) ([]byte, error) {
			started++
			<-release
			return []byte("spoken"), nil
		}
		results := make(chan string, 20)
		for range cap(results) {
			go func() { results <- get(t, c, "one", work) }()
		}
		synctest.Wait()
		close(release)
		for range cap(results) {
			if got := <-results; got != "spoken" {
				t.Errorf("got %q", got)
			}
		}
		if started != 1 {
			t.Errorf("the work was done %d times", started)
		}
	})
}

func TestTheWorkGoesOnWhileAnybodyWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, release := newCache(100), make(chan struct{})
		work := func(ctx context.Context) ([]byte, error) {
			select {
			case <-release:
				return []byte("spoken"), nil
			case <-ctx.Done():
				return nil, ctx.Err()
			}
		}
		impatient, giveUp := context.WithCancel(t.Context())
		first, second := make(chan error, 1), make(chan string, 1)
		go func() {
			_, err := c.get(impatient, []byte("one"), work)
			first <- err
		}()
		synctest.Wait()
		go func() { second <- get(t, c, "one", forbidden(t)) }()
		synctest.Wait()
		giveUp()
		if err := <-first; !errors.Is(err, context.Canceled) {
			t.Errorf("the one that gave up got %v, want context.Canceled", err)
		}
		close(release)
		if got := <-second; got != "spoken" {
			t.Errorf("the one that waited got %q", got)
		}
	})
}

func TestTheWorkIsGivenUpWhenNobodyWaitsForIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := newCache(100)
		ctx, giveUp := context.WithCancel(t.Context())
		result := make(chan error, 1)
		go func() {
			_, err := c.get(ctx, []byte("one"), func(ctx context.Context) ([]byte, error) {
				<-ctx.Done()
				return nil, ctx.Err()
			})
			result <- err
		}()
		synctest.Wait()
		giveUp()
		if err := <-result; !errors.Is(err, context.Canceled) {
			t.Errorf("error %v, want context.Canceled", err)
		}
		c.wait()
		if got := get(t, c, "one", fixed("again")); got != "again" {
			t.Errorf("afterwards got %q, want fresh work", got)
		}
	})
}

func TestFailuresAreNotRemembered(t *testing.T) {
	c := newCache(100)
	broken := errors.New("broken")
	if _, err := c.get(t.Context(), []byte("one"), func(context.Context) ([]byte, error) { return nil, broken }); !errors.Is(err, broken) {
		t.Errorf("error %v, want %v", err, broken)
	}
	if got := get(t, c, "one", fixed("mended")); got != "mended" {
		t.Errorf("got %q, want mended", got)
	}
	c.wait()
}

func TestTheCacheKeepsWhatWasUsedLastWithinItsLimit(t *testing.T) {
	c := newCache(10)
	get(t, c, "a", fixed("aaaa"))
	get(t, c, "b", fixed("bbbb"))
	get(t, c, "a", forbidden(t))
	get(t, c, "c", fixed("cccc"))
	get(t, c, "a", forbidden(t))
	get(t, c, "c", forbidden(t))
	if got := get(t, c, "b", fixed("b anew")); got != "b anew" {
		t.Errorf("b was kept beyond the limit: %q", got)
	}
	get(t, c, "huge", fixed("longer than the whole cache"))
	get(t, c, "huge", fixed("again"))
	c.wait()
	if c.size > c.limit || c.recent.Len() != len(c.entries) {
		t.Errorf("%d bytes in %d entries, %d of them listed; the limit is %d", c.size, len(c.entries), c.recent.Len(), c.limit)
	}
}
