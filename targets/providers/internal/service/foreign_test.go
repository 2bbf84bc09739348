package service

import (
	"encoding/json"
	"testing"

	"github.com/redteam-orchestrator/orchestrator/targets/internal/access"
)

func TestWhatHasTheFormOfNothingIsNoError(t *testing.T) {
	for data, want := range map[string]bool{
		"": true, "null": true, "{}": true, "[]": true, `""`: true, `" "`: true, "false": true, "0": true,
		`{"code":0,"message":null,"list":[{}, ""]}`: true, `{"code":0,"message":"x"}`: false, `[{"code":1}]`: false,
		`{"code":1}`: false, `"down"`: false, "[1]": false, "true": false, "500": false, "{": false,
	} {
		if got := Empty(json.RawMessage(data)); got != want {
			t.Errorf("%q is empty: %t", data, got)
		}
	}
}

func TestAnErrorIsToldInUnfamiliarForms(t *testing.T) {
	for data, want := range map[string]bool{
		`{"detail":"Internal error"}`: true, `{"object":"error","message":"x","code":500}`: true, `{"message":"x","type":"error"}`: true,
		`{"errors":[{"message":"x"}]}`: true, `{"error":{}}`: true, `{"error":"x"}`: true,
		`{"detail":""}`: false, `{"detail":null,"errors":[]}`: false, `{"error":null}`: false, `{"object":"list"}`: false, `{"type":"ping"}`: false,
		`{"code":503,"message":"x","status":"UNAVAILABLE"}`: true, `{"message":"x","status":500}`: true, `{"type":"news","message":"x","code":1}`: false,
		`{"message":"","code":500}`: false, `{"message":"x","code":0,"status":""}`: false, `{"code":500}`: false,
		`{"message":"x"}`: false, `[]`: false, "error": false,
	} {
		if got := IsError([]byte(data)); got != want {
			t.Errorf("%s is an error: %t", data, got)
		}
	}
}

func TestAGatewaysFilterIsTold(t *testing.T) {
	for data, want := range map[string]string{
		`{"error":{"message":"litellm.ContentPolicyViolationError: filtered","type":null,"param":null,"code":"400"}}`: "400: litellm.ContentPolicyViolationError: filtered",
		`{"error":{"code":403,"message":"Flagged","metadata":{"reasons":["violence","hate"],"flagged_input":"x"}}}`:   "403: Flagged (violence, hate)",
		`{"code":403,"message":"Flagged","metadata":{"flagged_input":""}}`:                                            "403: Flagged",
		`{"error":{"code":403,"message":"No access","metadata":{"provider_name":"x"}}}`:                               "",
		`{"error":{"code":403,"message":"No access","metadata":"x"}}`:                                                 "",
		`{"error":{"message":{"error":"Violated guardrail policy"},"code":"400"}}`:                                    "400: Violated guardrail policy",
		`{"error":{"message":"bad","code":"data_inspection_failed"}}`:                                                 "data_inspection_failed: bad",
		`{"error":{"message":"bad","type":"hooks_failed"}}`:                                                           "hooks_failed: bad",
		`{"error":{"message":"Content Exists Risk (request id: 1)","type":"x"}}`:                                      "x: Content Exists Risk (request id: 1)",
		`{"error":{"message":"bad","code":"1301"},"contentFilter":[{"role":"user"}]}`:                                 "1301: bad",
		`{"error":{"message":"bad","code":"1301"},"contentFilter":[]}`:                                                "",
		`{"error":{"message":"The guardrail was not found","code":"404"}}`:                                            "",
		`null`: "",
	} {
		e, _ := access.ReadError([]byte(data))
		if got := Flagged(e, []byte(data)); got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}
