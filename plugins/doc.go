// Package plugins is what the author of a plugin imports: [Serve] makes a main
// function out of a list of components.
//
// Describe each component with [core.NewTarget], [core.NewConverter] or
// [core.NewScorer], build the program under the name orchestrator-plugin-NAME, and
// put it into a plugin folder. The components are then NAME/COMPONENT in a campaign.
//
// Serve speaks the wire protocol, checks configuration against the schema of the
// config struct, turns a panic in a call into an error of that call, passes
// cancellation and deadlines on, sends what is logged with log/slog, and anything
// printed, to the orchestrator's log, and ends the process when the orchestrator is
// gone. What the host asks of the plugin is in service.go, target.go, converter.go
// and scorer.go; what components ask of the host, for the targets of the campaign
// that their configuration names ([core.Model]), is in hostclient.go.
//
// The other end is package plugins/host; package plugins/plugintest checks a
// component in-process and as a plugin.
package plugins
