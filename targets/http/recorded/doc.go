// Package recorded makes the target "http" of a campaign from a request that was
// recorded: a command line of curl, as browsers copy it, or an entry of a HAR file.
//
// [Curl] and [HAR] return the target's definition as YAML, and the secrets that
// were found. The definition holds none of them: each is a reference, ${NAME}. What
// is taken for a secret is told by its name, such as Authorization or csrf_token, or
// by its form, such as a JWT or a long random text (secrets.go). In doubt it is one.
package recorded
