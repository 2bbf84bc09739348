// Package clients tests the practice target with other people's clients and types. Its
// tests need software that .ci/clients installs, and are skipped without it.
package clients
