// Package access is how a target reaches a service over the network: the keys of
// its configuration for credentials, proxies and certificates, their checks, the
// addresses that a target takes, and what a failed connection or an HTTP error
// means.
//
// A target embeds [Config] in its own configuration, without a json name, calls
// [Config.Check] and [Config.Parse] from its Validate method, and [Config.Open]
// when it is opened. An [Access] then makes its transports and headers, and
// redacts the secrets in its errors.
package access
