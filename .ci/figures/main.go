// Figures prints how a checkout of this module is built: the methods of its
// types, how deep they embed each other, the files of its packages, its longest
// files and functions, and the arrows between the files of a package. It judges
// nothing; what stands out has its reason in ARCHITECTURE.md.
//
//	go run ./.ci/figures [FOLDER]
//
// The checkout has to compile: references are resolved by the type checker. Test
// files and generated files are left out.
package main

import (
	"context"
	"fmt"
	"os"
)

func main() {
	root := "."
	if len(os.Args) > 1 {
		root = os.Args[1]
	}
	packages, err := load(context.Background(), root, os.Stderr)
	if err != nil {
		fmt.Fprintln(os.Stderr, "figures:", err)
		os.Exit(1)
	}
	report(os.Stdout, packages)
}
