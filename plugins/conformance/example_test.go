package conformance_test

import (
	"context"
	"fmt"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/plugins/conformance"
)

// failures is a T that prints the checks that fail.
type failures struct {
	name   string
	failed *bool
}

// stop ends a check, as Fatalf and Skipf do.
type stop struct{}

func (failures) Context() context.Context { return context.Background() }

func (f failures) Group(name string, checks func(conformance.T)) {
	checks(failures{name: strings.TrimPrefix(f.name+"/"+name, "/"), failed: f.failed})
}

func (f failures) Run(name string, check func(conformance.T)) (passed bool) {
	failed := false
	defer func() {
		if r := recover(); r != nil && r != any(stop{}) {
			panic(r)
		}
		passed = !failed
		if failed {
			fmt.Println("FAIL", strings.TrimPrefix(f.name+"/"+name, "/"))
		}
	}()
	check(failures{name: f.name + "/" + name, failed: &failed})
	return true
}

func (f failures) Errorf(string, ...any) { *f.failed = true }

func (f failures) Fatalf(string, ...any) {
	*f.failed = true
	panic(stop{})
}

func (failures) Skipf(string, ...any) { panic(stop{}) }

// shout converts text to upper case. Its author forgot that it may be given something
// else than text.
type shout struct{}

func (shout) Convert(_ context.Context, in core.Value) (core.Value, error) {
	return core.TextValue(strings.ToUpper(in.Text())), nil
}

// Components can be held to the contract without a plugin's process, by any T.
func ExampleComponents() {
	text := []core.Modality{core.Text}
	component := core.NewConverter(core.Info{Name: "shout", Summary: "Shouts.", In: text, Out: text}, struct{}{},
		func(context.Context, struct{}) (core.Converter, error) { return shout{}, nil })
	source, err := conformance.InProcess([]core.Component{component})
	if err != nil {
		fmt.Println(err)
		return
	}
	failed := false
	conformance.Components(failures{failed: &failed}, source, []core.Info{component.Info}, nil)
	// Output: FAIL converter shout/refuses what it does not say it takes
}
