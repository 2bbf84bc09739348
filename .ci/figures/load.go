package main

import (
	"context"
	"encoding/json"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// source is a package of the module, with its types.
type source struct {
	// name is the import path below the module's.
	name    string
	fset    *token.FileSet
	files   []*ast.File
	types   *types.Package
	uses    map[*ast.Ident]types.Object
	imports map[string]int // by import path below the module's: in how many files
}

// file returns the base name of the file that holds a position.
func (s *source) file(p token.Pos) string { return filepath.Base(s.fset.Position(p).Filename) }

// entry is what the go command says of a package.
type entry struct {
	ImportPath, Dir, Export string
	GoFiles                 []string
	Module                  *struct {
		Path string
		Main bool
	}
}

// load reads the packages of the module in a folder. What the go command has to
// say goes to messages.
func load(ctx context.Context, root string, messages io.Writer) ([]*source, error) {
	cmd := exec.CommandContext(ctx, "go", "list", "-export", "-deps", "-json=ImportPath,Dir,Export,GoFiles,Module", "./...")
	cmd.Dir, cmd.Stderr = root, messages
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("listing the packages of %s: %w", root, err)
	}
	exports := map[string]string{}
	var own []entry
	for decoder := json.NewDecoder(strings.NewReader(string(out))); ; {
		var e entry
		if err := decoder.Decode(&e); err == io.EOF {
			break
		} else if err != nil {
			return nil, fmt.Errorf("reading the list of packages: %w", err)
		}
		exports[e.ImportPath] = e.Export
		if e.Module != nil && e.Module.Main && len(e.GoFiles) > 0 {
			own = append(own, e)
		}
	}
	var all []*source
	for _, e := range own {
		s, err := check(e, exports)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// check parses a package and resolves its references. exports has the compiled
// packages that it may import.
func check(e entry, exports map[string]string) (*source, error) {
	s := &source{
		name:    strings.TrimPrefix(e.ImportPath, e.Module.Path+"/"),
		fset:    token.NewFileSet(),
		uses:    map[*ast.Ident]types.Object{},
		imports: map[string]int{},
	}
	for _, name := range e.GoFiles {
		f, err := parser.ParseFile(s.fset, filepath.Join(e.Dir, name), nil, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		s.files = append(s.files, f)
		for _, i := range f.Imports {
			s.imports[strings.TrimPrefix(strings.Trim(i.Path.Value, `"`), e.Module.Path+"/")]++
		}
	}
	compiled := importer.ForCompiler(s.fset, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	config := types.Config{Importer: compiled}
	var err error
	if s.types, err = config.Check(e.ImportPath, s.fset, s.files, &types.Info{Uses: s.uses}); err != nil {
		return nil, fmt.Errorf("checking %s: %w", s.name, err)
	}
	written := s.files[:0:0]
	for _, f := range s.files {
		if !ast.IsGenerated(f) {
			written = append(written, f)
		}
	}
	s.files = written
	return s, nil
}
