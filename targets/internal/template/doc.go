// Package template fills in what a campaign writes for a service, such as
// {"text": "$(prompt)"}, so that every value arrives as it is: encoded for the place
// where it stands.
package template
