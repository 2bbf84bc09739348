package core_test

import (
	"reflect"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/core"
)

func TestUsagesAddUpFieldByField(t *testing.T) {
	var a, b core.Usage
	// Each field has a number of its own, so that none can stand for another.
	first, second := reflect.ValueOf(&a).Elem(), reflect.ValueOf(&b).Elem()
	for i := range first.NumField() {
		first.Field(i).SetInt(int64(i + 1))
		second.Field(i).SetInt(int64(100 * (i + 1)))
	}
	sum := reflect.ValueOf(a.Add(b))
	for i := range sum.NumField() {
		if got, want := sum.Field(i).Int(), int64(101*(i+1)); got != want {
			t.Errorf("%s is %d, want %d", sum.Type().Field(i).Name, got, want)
		}
	}
}
