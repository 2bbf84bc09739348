// Package campaign reads campaign files: YAML in, a checked [Campaign] or a complete
// list of problems with their places out. It is the grammar of the file, one function
// for each block; package yamlfile reads the nodes. It sends nothing and starts
// nothing. What a run needs of a campaign is in a plan, which has no positions: only
// plan.New and the application read a Campaign.
package campaign
