// Package notify tells webhooks what a comparison of two runs found: as JSON for
// programs, and as a message for Slack and those who are compatible with it. It
// says counts and names, and nothing of what was said in a run.
package notify
