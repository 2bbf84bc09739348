// Package tool has the functions that a campaign offers to a model, its calls of them,
// and their results.
package tool

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/redteam-orchestrator/orchestrator/core"
)

// maxName is the longest name of a function that the services take.
const maxName = 64

// Tool is a function that the model may call.
type Tool struct {
	Name        string         `json:"name" required:"true" doc:"Name of the function."`
	Description string         `json:"description" doc:"What it does, for the target to read."`
	Parameters  map[string]any `json:"parameters" doc:"JSON Schema of its arguments."`
}

// Check returns what is wrong with a list of tools, and with the choice among them:
// "", auto, none, required, or the name of one.
func Check(tools []Tool, choice string) []error {
	wrong := func(key, format string, args ...any) *core.Error {
		return core.Errorf(core.ErrorConfig, format, args...).At(key)
	}
	var problems []error
	names := []string{"", "auto", "none", "required"}
	for _, tool := range tools {
		switch {
		case tool.Name == "" || len(tool.Name) > maxName:
			problems = append(problems, wrong("tools", "the name %q does not have 1 to %d characters", tool.Name, maxName))
		case slices.Contains(names, tool.Name):
			problems = append(problems, wrong("tools", "the name %q is taken", tool.Name))
		}
		names = append(names, tool.Name)
	}
	if !slices.Contains(names, choice) {
		problems = append(problems, wrong("tool_choice", "%q is neither auto, none or required nor the name of a tool", choice))
	}
	return problems
}

// NoResult is what a service is told of a call that the campaign does not answer: it takes
// no further message while a call has no result.
const NoResult = "There is no result."

// Call is a call of a tool, as core knows it.
type Call struct {
	ID   string `json:"call_id"`
	Name string `json:"name"`
	// Arguments are as the model gave them, JSON or not.
	Arguments string `json:"arguments"`
}

// Value returns a call as a value.
func Value(id, name, arguments string) (core.Value, error) {
	data, err := json.Marshal(Call{id, name, arguments})
	if err != nil {
		return core.Value{}, fmt.Errorf("encoding a call of a tool: %w", err)
	}
	return core.Value{Modality: core.ToolCall, MediaType: core.MediaJSON, Data: data}, nil
}

// ReadCall reads a call.
func ReadCall(v core.Value) (Call, error) {
	var call Call
	if err := json.Unmarshal(v.Data, &call); err != nil || call.ID == "" || call.Name == "" {
		return call, core.Errorf(core.ErrorInput, "a call of a tool has to be a JSON object with call_id, name and arguments")
	}
	return call, nil
}

// Result is the result of a call.
type Result struct {
	ID     string `json:"call_id"`
	Output string `json:"output"`
}

// ReadResult reads the result of a call.
func ReadResult(v core.Value) (Result, error) {
	var result Result
	if err := json.Unmarshal(v.Data, &result); err != nil || result.ID == "" {
		return result, core.Errorf(core.ErrorInput, "the result of a tool has to be a JSON object with call_id and output")
	}
	return result, nil
}

// ResultValue returns a result as a value.
func ResultValue(r Result) (core.Value, error) {
	data, err := json.Marshal(r)
	if err != nil {
		return core.Value{}, fmt.Errorf("encoding the result of a tool: %w", err)
	}
	return core.Value{Modality: core.ToolResult, MediaType: core.MediaJSON, Data: data}, nil
}

// TakeResults splits the parts of a message into the outputs of calls, by the calls'
// identifiers, and all others. waits says whether a call waits for a result: it is an
// error to answer another one, or one twice.
func TakeResults(parts []core.Part, waits func(id string) bool) (outputs map[string]string, others []core.Part, err error) {
	outputs = map[string]string{}
	for _, p := range parts {
		if p.Modality != core.ToolResult {
			others = append(others, p)
			continue
		}
		r, err := ReadResult(p.Value)
		if err != nil {
			return nil, nil, err
		}
		if _, twice := outputs[r.ID]; twice || !waits(r.ID) {
			return nil, nil, NotOpen(r.ID)
		}
		outputs[r.ID] = r.Output
	}
	return outputs, others, nil
}

// WithoutCarriedOut returns the parts of a message of the assistant without the calls that
// its service has carried out itself, and their results.
func WithoutCarriedOut(m core.Message) []core.Part {
	waiting := m.WaitingCalls()
	return slices.DeleteFunc(slices.Clone(m.Parts), func(p core.Part) bool {
		isWaiting := slices.ContainsFunc(waiting, func(v core.Value) bool { return bytes.Equal(v.Data, p.Data) })
		return p.Modality == core.ToolResult || p.Modality == core.ToolCall && !isWaiting
	})
}

// NotOpen is the error of a result for a call that does not wait for one.
func NotOpen(id string) error {
	return core.Errorf(core.ErrorInput, "there is no call %q that waits for a result", id)
}
