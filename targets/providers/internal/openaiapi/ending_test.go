package openaiapi

import "testing"

func TestReasonsOfTheEndAreToldApartWhoeverGivesThem(t *testing.T) {
	for ending, reasons := range map[Ending][]string{
		Whole:    {"stop", "STOP", "tool_calls", "function_call"},
		Cut:      {"length", "MAX_TOKENS", "model_length", "max_output_tokens", "model_context_window_exceeded"},
		Filtered: {"content_filter", "content_filter: PROHIBITED_CONTENT", "content_filtered", "guardrail_intervened", "refusal", "SAFETY", "RECITATION", "BLOCKLIST", "PROHIBITED_CONTENT", "SPII", "IMAGE_SAFETY", "IMAGE_PROHIBITED_CONTENT", "IMAGE_RECITATION", "sensitive"},
		Failed:   {"error", "network_error", "insufficient_system_resource", "abort"},
		Unknown:  {"", "eos", "end_turn", "function_call_filter: MALFORMED_FUNCTION_CALL", "stopped", "content", "contemplation"},
	} {
		for _, reason := range reasons {
			if got := EndingOf(reason); got != ending {
				t.Errorf("%q is ending %d, want %d", reason, got, ending)
			}
		}
	}
}
