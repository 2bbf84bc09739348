package app

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"github.com/redteam-orchestrator/orchestrator/core"
	"github.com/redteam-orchestrator/orchestrator/core/secret"
)

// variable is a variable of a file of variables.
type variable struct{ value, file string }

// Variables are the environment variables that files give. The zero value is none.
type Variables struct{ byName map[string]variable }

// The permissions of a file of variables that are looked at.
const (
	othersWrite = 0o002
	othersRead  = 0o004
)

// ReadVariables reads files of variables; of a name that several give, that of the
// last one counts. A file that others may write is an error: they could say which
// address is attacked. One that others may read is a warning, and so are variables
// that lookupEnv has with another value, which counts.
func ReadVariables(files Files, names []string, lookupEnv func(string) (string, bool)) (v Variables, warnings []string, err error) {
	v.byName = map[string]variable{}
	for _, name := range names {
		values, mode, err := readEnvFile(files, name)
		if err != nil {
			return Variables{}, nil, err
		}
		switch {
		case mode&othersWrite != 0:
			return Variables{}, nil, core.Errorf(core.ErrorConfig, "--env-file %s: everybody on this machine may write it", name).WithHint("chmod 600 %s", name)
		case mode&othersRead != 0:
			warnings = append(warnings, fmt.Sprintf("--env-file %s: everybody on this machine may read it (chmod 600 %s)", name, name))
		}
		for key, value := range values {
			v.byName[key] = variable{value, name}
		}
	}
	return v, append(warnings, v.hidden(lookupEnv)...), nil
}

// hidden returns a warning about variables that the environment has with another
// value.
func (v Variables) hidden(lookupEnv func(string) (string, bool)) []string {
	var names []string
	for name, one := range v.byName {
		if value, ok := lookupEnv(name); ok && value != "" && value != one.value {
			names = append(names, name)
		}
	}
	if len(names) == 0 {
		return nil
	}
	slices.Sort(names)
	return []string{fmt.Sprintf("the environment has another value than --env-file for %s, and counts", strings.Join(names, ", "))}
}

// readEnvFile reads a file of variables and its permissions.
func readEnvFile(files Files, name string) (map[string]string, fs.FileMode, error) {
	failed := func(err error) error {
		return core.Errorf(core.ErrorConfig, "--env-file %s: %w", name, err).WithHint("a file of lines NAME=VALUE")
	}
	path, err := files.Abs(name)
	if err == nil {
		path, err = files.Resolve(path) // the user may name a symbolic link
	}
	if err != nil {
		return nil, 0, failed(err)
	}
	data, err := ReadFile(files, filepath.Dir(path), filepath.Base(path), secret.MaxEnvFile)
	if err != nil {
		return nil, 0, failed(err)
	}
	mode, err := modeOf(files, path)
	if err != nil {
		return nil, 0, failed(err)
	}
	values, err := secret.ParseEnv(data)
	if wrong, ok := errors.AsType[secret.EnvErrors](err); ok {
		var all []error
		for _, e := range wrong {
			all = append(all, core.Errorf(core.ErrorConfig, "%s:%d: %s", name, e.Line, e.Message).WithHint("%s", e.Hint))
		}
		return nil, 0, errors.Join(all...)
	}
	return values, mode, err
}

// modeOf returns the permissions of a file.
func modeOf(files Files, path string) (fs.FileMode, error) {
	folder, err := files.Open(filepath.Dir(path))
	if err != nil {
		return 0, err
	}
	defer func() { _ = folder.Close() }() // nothing was written
	info, err := fs.Stat(folder.FS(), filepath.Base(path))
	if err != nil {
		return 0, err
	}
	return info.Mode(), nil
}

// lookup returns the value of a variable and where it is from: its name, with the
// file that gives it. The environment comes first, unless its variable is empty.
func (s *Secrets) lookup(name string) (value, source string, ok bool) {
	value, ok = s.LookupEnv(name)
	if one, inFile := s.Variables.byName[name]; inFile && value == "" {
		return one.value, fmt.Sprintf("%s in %s", name, one.file), true
	}
	return value, name, ok
}
