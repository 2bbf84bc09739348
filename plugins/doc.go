// Package plugins is what the author of a plugin imports: [Serve] makes a main
// function out of a list of components.
//
// Describe each component with [Target], [Converter] or [Scorer], build the
// program under the name orchestrator-plugin-NAME, and put it into a plugin
// folder. The components are then NAME/COMPONENT in a campaign. What Serve does for an author: it speaks the wire protocol, checks
// configuration against the schema of the config struct, turns a panic in a
// call into an error of that call, passes cancellation and deadlines on, sends
// what is logged with log/slog, and anything printed, to the orchestrator's
// log, reaches the targets of the campaign that a configuration names
// (core.Model), and ends the process when the orchestrator is gone.
//
// The other end is package plugins/host; package plugins/plugintest checks a
// component in-process and as a plugin.
package plugins
