// Package compare compares two runs of a campaign: which findings are new, and which
// attack success rates changed significantly. It does no I/O and uses outcomes and
// names only, no content of conversations.
package compare
