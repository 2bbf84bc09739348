package main

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// gone are the imports that the design rules out, from a package to another one.
var gone = [][2]string{
	{"core/store", "core/engine"},
	{"core/engine", "core/campaign"},
	{"plugins/install", "core/campaign"},
}

// report prints the figures of a module's packages.
func report(w io.Writer, packages []*source) {
	out := tabwriter.NewWriter(w, 0, 0, 2, ' ', tabwriter.AlignRight)
	defer func() { _ = out.Flush() }()
	var (
		types            []class
		files, functions []length
		counts           []length
		graphs           []shape
	)
	for _, s := range packages {
		types = append(types, classes(s)...)
		f, fn := lengths(s)
		files, functions = append(files, f...), append(functions, fn...)
		counts = append(counts, length{s.name, len(f)})
		graphs = append(graphs, shapeOf(s))
	}
	reportTypes(out, types)
	reportLengths(out, "files per package", counts, 10)
	reportLengths(out, "longest files (lines)", files, 5)
	reportLengths(out, "longest functions (lines)", functions, 5)
	reportArrows(out, graphs)
	reportImports(out, packages)
}

func reportTypes(out io.Writer, types []class) {
	name := func(c class) string { return c.name }
	fmt.Fprint(out, "methods\tin reach\tfields in reach\t  type\n")
	for _, c := range largest(types, 10, func(c class) int { return c.methods }, name) {
		fmt.Fprintf(out, "%d\t%d\t%d\t  %s\n", c.methods, c.reach, c.fields, c.name)
	}
	fmt.Fprint(out, "\nembeddings\tmethods in reach\tfields in reach\t  type\n")
	for _, c := range largest(types, 10, func(c class) int { return c.depth }, name) {
		if c.depth > 0 {
			fmt.Fprintf(out, "%d\t%d\t%d\t  %s\n", c.depth, c.reach, c.fields, c.name)
		}
	}
}

func reportLengths(out io.Writer, title string, all []length, n int) {
	fmt.Fprintf(out, "\n%s\t\n", title)
	for _, l := range largest(all, n, func(l length) int { return l.lines }, func(l length) string { return l.name }) {
		fmt.Fprintf(out, "%d\t  %s\n", l.lines, l.name)
	}
}

// shape is what the arrows between the files of a package come to.
type shape struct {
	name                                string
	files, arrows, walked, back, floors int
}

// manyFiles has a package reported whose arrows all lead down.
const manyFiles = 15

func shapeOf(s *source) shape {
	g := arrowsOf(s)
	back, floors := g.floors(g.order())
	return shape{s.name, len(g.files), g.arrows(), g.walkedBack(), back, floors}
}

func reportArrows(out io.Writer, shapes []shape) {
	fmt.Fprint(out, "\nfiles\tarrows\tback up when walked\tin the best order\tfloors\t  package\n")
	for _, s := range largest(shapes, len(shapes), func(s shape) int { return s.walked }, func(s shape) string { return s.name }) {
		if s.walked == 0 && s.files < manyFiles {
			continue
		}
		fmt.Fprintf(out, "%d\t%d\t%d\t%d\t%d\t  %s\n", s.files, s.arrows, s.walked, s.back, s.floors, s.name)
	}
}

func reportImports(out io.Writer, packages []*source) {
	fmt.Fprint(out, "\nfiles that import\t\n")
	for _, pair := range gone {
		n := 0
		for _, s := range packages {
			if s.name == pair[0] {
				n = s.imports[pair[1]]
			}
		}
		fmt.Fprintf(out, "%d\t  %s → %s\n", n, pair[0], pair[1])
	}
}
