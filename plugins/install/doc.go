// Package install installs third-party plugins and chooses those that a
// campaign runs with: it verifies releases, installs their programs side by
// side by version, writes lock files, and chooses the programs that a lock
// allows.
package install
