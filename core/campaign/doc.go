// Package campaign reads campaign files: YAML in, a checked [Campaign] or a
// complete list of problems with their positions out. It has one function for
// each block of the file; package yamlfile reads the nodes. It sends nothing
// and starts nothing. A plan holds what a run needs, without positions: only
// plan.New and the application read a Campaign.
package campaign
