// Package campaign reads campaign files: YAML in, a checked [Campaign] or a
// complete list of positioned [Problems] out. It is the only package that
// knows YAML, and it sends nothing and starts nothing.
package campaign
