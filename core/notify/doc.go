// Package notify sends the result of a comparison of two runs to webhooks: as JSON,
// or as a message for Slack and compatible services. Notices contain counts and
// names, but no content of conversations.
package notify
