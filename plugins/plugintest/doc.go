// Package plugintest is the conformance kit for authors in Go. [Test] holds
// components to what package core promises of their kind, in the test's process
// and as a plugin, and the plugin's process to what the contract promises of it:
//
//	func TestMain(m *testing.M) { plugintest.Main(m, components()...) }
//
//	func TestThePluginConforms(t *testing.T) {
//		plugintest.Test(t, components(), plugintest.Case{
//			Kind: core.KindConverter, Use: "template", Config: `{"text": "Say: {{ .text }}"}`,
//		})
//	}
//
// A case is needed for components with required keys only. [Program] does the
// same with a finished program, and "orchestrator plugins test" too, in any
// language.
package plugintest
