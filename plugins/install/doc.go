// Package install puts third parties' plugins in place and says which of them a
// campaign runs with: it verifies releases, installs their programs side by
// side by version, keeps locks, and chooses the programs that a lock allows.
package install
