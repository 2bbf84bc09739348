// Package plugintest is the conformance kit for components: [TestTarget],
// [TestConverter] and [TestScorer] hold one to what package core promises of
// its kind. Run each twice, with [InProcess] and with [Served], for a plugin's
// components are used from another process:
//
//	func TestMain(m *testing.M) { plugintest.Main(m, All()...) }
//
//	func TestReverseConforms(t *testing.T) {
//		plugintest.Each(t, All(), func(t *testing.T, s plugintest.Source) {
//			plugintest.TestConverter(t, s, plugintest.ConverterCase{Use: "reverse", Input: core.TextValue("hello")})
//		})
//	}
//
// A finished program is tested the same way, with [Program].
package plugintest
