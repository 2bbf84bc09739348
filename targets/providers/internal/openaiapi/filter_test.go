package openaiapi

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

func TestAListTakesEachTextOnceAndNotMoreThanItHolds(t *testing.T) {
	if got := Add([]string{"a"}, "b", "a", "b"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
	var list []string
	for i := range 100 {
		list = Add(list, fmt.Sprint(i))
	}
	if len(list) != 64 || list[63] != "63" {
		t.Errorf("%d texts, the last is %q", len(list), list[len(list)-1])
	}
}

func TestOnlyAFiltersRefusalIsBlocked(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":{"code":"content_filter","message":"m","innererror":{"content_filter_result":{"hate":{"filtered":true,"severity":"high"},"self_harm":{"filtered":false}}}}}`: "content_filter: m (hate (high))",
		`{"error":{"code":"content_filter","message":"m","inner_error":{"content_filter_results":{"hate":{"filtered":true,"severity":4}}}}}`:                                   "content_filter: m (hate)",
		`{"error":{"code":"content_filter","message":"m","innererror":"x"}}`:                                                                                                   "content_filter: m",
		`{"error":{"type":"content_policy_violation","message":"m"}}`:                                                                                                          "content_policy_violation: m",
		`{"error":{"code":"400","message":"m","innererror":{"code":"ResponsibleAIPolicyViolation"}}}`:                                                                          "400: m",
		`{"error":{"code":"invalid_prompt","message":"against our Policy"}}`:                                                                                                   "invalid_prompt: against our Policy",
		`{"error":{"code":"invalid_prompt","message":"it is too long"}}`:                                                                                                       "",
		`{"error":{"code":"content_filter_error","message":"m"}}`:                                                                                                              "",
		`{"error":{"code":"server_error","message":"m"}}`:                                                                                                                      "",
	} {
		e, _ := access.ReadError([]byte(body))
		if got := BlockedBy(e, []byte(body)); got != want {
			t.Errorf("%s: %q, want %q", body, got, want)
		}
	}
}

func TestCategoriesOfEveryFormAreRead(t *testing.T) {
	results := FilterResults{
		"jailbreak": []byte(`{"filtered":true,"detected":true}`), "violence": []byte(`{"filtered":true,"severity":"high"}`), "hate": []byte(`{"filtered":false}`),
		"custom_blocklists": []byte(`[{"filtered":true,"id":"a"},{"filtered":false,"id":"b"}]`), "empty": []byte(`[]`), "text": []byte(`"filtered"`), "none": []byte(`null`),
	}
	if got := strings.Join(results.Filtered(), ", "); got != "custom_blocklists, jailbreak, violence (high)" {
		t.Errorf("read %s", got)
	}
}
