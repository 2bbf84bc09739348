package host

import (
	"context"
	"errors"
	"testing"
)

func TestAComponentIsCalledOnceMoreOnlyAfterACrash(t *testing.T) {
	own, late := errors.New("the component's own"), errors.New("the time was up")
	died, again := &crash{"acme", "died (exit status 3)"}, &crash{"acme", "died (exit status 4)"}
	for name, test := range map[string]struct {
		// errs are those of the calls, one after the other.
		errs []error
		// ended says that the context has ended by the second call.
		ended bool
		want  error
	}{
		"it succeeds":                            {[]error{nil}, false, nil},
		"it fails":                               {[]error{own}, false, own},
		"it crashes and succeeds":                {[]error{died, nil}, false, nil},
		"it crashes and fails":                   {[]error{died, own}, false, own},
		"it crashes twice":                       {[]error{died, again}, false, again},
		"the second call takes too long":         {[]error{died, late}, true, died},
		"the second call succeeds just in time":  {[]error{died, nil}, true, nil},
		"the first error tells more than a time": {[]error{died, context.DeadlineExceeded}, true, died},
	} {
		t.Run(name, func(t *testing.T) {
			ctx, end := context.WithCancel(t.Context())
			defer end()
			i := &instance{current: resolved(opened{process: &process{run: &run{over: make(chan struct{})}}, id: "7"})}
			calls := 0
			err := i.call(ctx, func(o opened) error {
				if o.id != "7" {
					t.Errorf("called in the instance %q", o.id)
				}
				calls++
				if calls == 2 && test.ended {
					end()
				}
				return test.errs[calls-1]
			})
			if !errors.Is(err, test.want) || (err == nil) != (test.want == nil) || calls != len(test.errs) {
				t.Errorf("%v after %d calls, want %v after %d", err, calls, test.want, len(test.errs))
			}
		})
	}
}
