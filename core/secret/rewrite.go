package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
)

// maxDepth bounds the recursion; no configuration is nested that deep.
const maxDepth = 100

// rewrite copies a JSON document with its string values (not its keys)
// replaced by what visit returns. It works on tokens so that numbers and the
// order of keys survive. An empty document stays empty.
func rewrite(config []byte, visit func(path, s string) string) ([]byte, error) {
	if len(bytes.TrimSpace(config)) == 0 {
		return nil, nil
	}
	r := rewriter{in: json.NewDecoder(bytes.NewReader(config)), visit: visit}
	r.in.UseNumber()
	if err := r.value("", 0); errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading the configuration: %w", io.ErrUnexpectedEOF)
	} else if err != nil {
		return nil, fmt.Errorf("reading the configuration: %w", err)
	}
	if _, err := r.in.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("reading the configuration: more than one JSON value")
	}
	return r.out.Bytes(), nil
}

type rewriter struct {
	in    *json.Decoder
	out   bytes.Buffer
	visit func(path, s string) string
}

func (r *rewriter) value(path string, depth int) error {
	if depth > maxDepth {
		return fmt.Errorf("nested more than %d deep", maxDepth)
	}
	token, err := r.in.Token()
	if err != nil {
		return err
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return r.object(path, depth)
		}
		return r.array(path, depth)
	case string:
		return r.write(r.visit(path, t))
	default:
		return r.write(t)
	}
}

func (r *rewriter) object(path string, depth int) error {
	r.out.WriteByte('{')
	for first := true; r.in.More(); first = false {
		if !first {
			r.out.WriteByte(',')
		}
		token, err := r.in.Token()
		if err != nil {
			return err
		}
		key := token.(string) // the decoder accepts nothing else here
		if err := r.write(key); err != nil {
			return err
		}
		r.out.WriteByte(':')
		below := key
		if path != "" {
			below = path + "." + key
		}
		if err := r.value(below, depth+1); err != nil {
			return err
		}
	}
	r.out.WriteByte('}')
	_, err := r.in.Token()
	return err
}

func (r *rewriter) array(path string, depth int) error {
	r.out.WriteByte('[')
	for i := 0; r.in.More(); i++ {
		if i > 0 {
			r.out.WriteByte(',')
		}
		if err := r.value(path+"["+strconv.Itoa(i)+"]", depth+1); err != nil {
			return err
		}
	}
	r.out.WriteByte(']')
	_, err := r.in.Token()
	return err
}

func (r *rewriter) write(v any) error {
	data, err := json.Marshal(v)
	if err != nil {
		return err
	}
	r.out.Write(data)
	return nil
}
