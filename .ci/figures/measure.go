package main

import (
	"cmp"
	"go/ast"
	"go/types"
	"slices"
)

// class is a struct or another named type of the module.
type class struct {
	name string
	// methods are its own. reach also counts those that embedding gives it, and
	// fields counts its own and those of the structs of its package that it embeds.
	methods, reach, fields int
	// depth is 1 for a struct that embeds a struct of its package, 2 for one that
	// embeds one of depth 1, and so on.
	depth int
}

// classes returns the named types of a package that have methods or embed a
// struct, in the order of their names.
func classes(s *source) []class {
	var all []class
	for _, name := range s.types.Scope().Names() {
		object, ok := s.types.Scope().Lookup(name).(*types.TypeName)
		if !ok || object.IsAlias() || !isWritten(s, object) {
			continue
		}
		named, ok := object.Type().(*types.Named)
		if !ok || types.IsInterface(named) {
			continue
		}
		all = append(all, class{
			name:    s.name + "." + name,
			methods: named.NumMethods(),
			reach:   types.NewMethodSet(types.NewPointer(named)).Len(),
			fields:  fieldsInReach(s.types, named),
			depth:   depth(s.types, named),
		})
	}
	return all
}

// isWritten reports whether an object stands in a file that nobody generated.
func isWritten(s *source, object types.Object) bool {
	return slices.ContainsFunc(s.files, func(f *ast.File) bool {
		return f.FileStart <= object.Pos() && object.Pos() < f.FileEnd
	})
}

// embedded returns the structs of the package that a struct embeds.
func embedded(pkg *types.Package, named *types.Named) []*types.Named {
	structure, ok := named.Underlying().(*types.Struct)
	if !ok {
		return nil
	}
	var all []*types.Named
	for field := range structure.Fields() {
		t := field.Type()
		if pointer, ok := t.(*types.Pointer); ok {
			t = pointer.Elem()
		}
		inner, ok := t.(*types.Named)
		if !ok || !field.Embedded() || inner.Obj().Pkg() != pkg {
			continue
		}
		if _, ok := inner.Underlying().(*types.Struct); ok {
			all = append(all, inner)
		}
	}
	return all
}

func depth(pkg *types.Package, named *types.Named) int {
	deepest := 0
	for _, inner := range embedded(pkg, named) {
		deepest = max(deepest, 1+depth(pkg, inner))
	}
	return deepest
}

func fieldsInReach(pkg *types.Package, named *types.Named) int {
	structure, ok := named.Underlying().(*types.Struct)
	if !ok {
		return 0
	}
	n := 0
	for field := range structure.Fields() {
		if !field.Embedded() {
			n++
		}
	}
	for _, inner := range embedded(pkg, named) {
		n += fieldsInReach(pkg, inner)
	}
	return n
}

// length is a file or a function with its lines.
type length struct {
	name  string
	lines int
}

// lengths returns the lines of each file and function of a package.
func lengths(s *source) (files, functions []length) {
	for _, f := range s.files {
		file := s.name + "/" + s.file(f.Package)
		files = append(files, length{file, s.fset.File(f.Package).LineCount()})
		for _, d := range f.Decls {
			if function, ok := d.(*ast.FuncDecl); ok {
				lines := s.fset.Position(d.End()).Line - s.fset.Position(d.Pos()).Line + 1
				functions = append(functions, length{file + ": " + function.Name.Name, lines})
			}
		}
	}
	return files, functions
}

// largest returns the n largest of all by a figure; those that are alike are in
// the order of their names.
func largest[T any](all []T, n int, figure func(T) int, name func(T) string) []T {
	sorted := slices.SortedFunc(slices.Values(all), func(a, b T) int {
		return cmp.Or(cmp.Compare(figure(b), figure(a)), cmp.Compare(name(a), name(b)))
	})
	return sorted[:min(n, len(sorted))]
}
