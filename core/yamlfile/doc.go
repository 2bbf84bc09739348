// Package yamlfile reads YAML files strictly: YAML nodes in, values or a complete
// list of positioned [Problems] out. It knows no grammar. What keys there are and
// what they mean is said by whoever reads a file with it, one function for each
// block:
//
//	root.Object(
//		yamlfile.Required("version", yamlfile.VersionOne),
//		yamlfile.Optional("retries", yamlfile.IntegerInto(&retries, 0, 100)),
//	)
//
// An unknown key is a problem with the nearest known one, as is a key that appears
// twice, an alias, a tag, a file that is too large or nested too deep. Start with
// [Parse]; what a [Value] holds is read with its methods.
package yamlfile
