#!/usr/bin/env bash
# A plugin that speaks gRPC only has net/rpc linked in, and with it every exported method
# of an SDK that stands beside it.
#
# go-plugin v1.8.0 (MPL-2.0), plugin.Serve. It can serve by net/rpc too, and decides when
# it runs. net/rpc looks methods up by names that it learns then, so Go's linker keeps
# every exported method of every type that is used. google.golang.org/grpc v1.85.0 does
# the same by its debugging pages (text/template), unless built with the tag grpcnotrace.
# With openai-go v3.99.0 (Apache-2.0) beside it, and one call of one endpoint:
#   - the tag takes a sixth off a program that serves gRPC without go-plugin;
#   - the tag takes nearly nothing off the same program behind plugin.Serve.
#
# Guessed before: NetRPCUnsupportedPlugin, which every plugin of gRPC embeds, or
# GRPCServer, or the tag, leaves net/rpc out. Each process of such a plugin has the
# methods in memory; a companion of provider SDKs lost a third of its size by a Serve of
# its own that speaks the same protocol.
#
# Needs Go 1.26 or later; sizes are for linux/amd64, and differ a little from one Go to
# the next.
set -euo pipefail
work=$(mktemp -d)
trap 'chmod -R u+w "$work"; rm -rf "$work"' EXIT
cd "$work"
mkdir served bare

cat >go.mod <<'MOD'
module example.test/plugin

go 1.26

require (
	github.com/hashicorp/go-plugin v1.8.0
	github.com/openai/openai-go/v3 v3.99.0
	google.golang.org/grpc v1.85.0
)
MOD

# ask.go is the same in both programs.
cat >bare/ask.go <<'GO'
package main

import (
	"context"
	"fmt"

	"github.com/openai/openai-go/v3"
)

func ask() {
	client := openai.NewClient()
	reply, err := client.Chat.Completions.New(context.Background(), openai.ChatCompletionNewParams{})
	fmt.Println(reply, err)
}
GO
cp bare/ask.go served/

cat >bare/main.go <<'GO'
package main

import (
	"net"
	"os"

	"google.golang.org/grpc"
)

func main() {
	if len(os.Args) > 1 {
		ask()
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	_ = grpc.NewServer().Serve(listener)
}
GO

cat >served/main.go <<'GO'
package main

import (
	"context"
	"os"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
)

type offer struct{ plugin.NetRPCUnsupportedPlugin }

func (offer) GRPCServer(*plugin.GRPCBroker, *grpc.Server) error { return nil }

func (offer) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

func main() {
	if len(os.Args) > 1 {
		ask()
	}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig: plugin.HandshakeConfig{ProtocolVersion: 1, MagicCookieKey: "KEY", MagicCookieValue: "value"},
		Plugins:         plugin.PluginSet{"offer": offer{}},
		GRPCServer:      plugin.DefaultGRPCServer,
	})
}
GO
go mod tidy >/dev/null 2>&1

export CGO_ENABLED=0 GOOS=linux GOARCH=amd64
for program in bare served; do
  for tag in none grpcnotrace; do
    go build -trimpath -tags "$tag" -ldflags=-dumpdep -o "$program.$tag" "./$program" 2>calls
    by=$(sed -n 's/ <ReflectMethod> -> .*//p' calls | grep -o '^net/rpc\|^text/template' | sort -u | paste -sd, || true)
    bytes=$(wc -c <"$program.$tag")
    echo "$program, tag $tag: $((bytes / 1000000)) MB" >&2
    echo "$program, tag $tag: methods are called by name in ${by:-nothing}"
    echo "$bytes" >"$program.$tag.bytes"
  done
  before=$(cat "$program.none.bytes") after=$(cat "$program.grpcnotrace.bytes")
  if [ $((after * 10)) -lt $((before * 9)) ]; then echo "$program: more than a tenth smaller with the tag"; else echo "$program: not a tenth smaller with the tag"; fi
done | tee seen

cat >expected <<'TEXT'
bare, tag none: methods are called by name in text/template
bare, tag grpcnotrace: methods are called by name in nothing
bare: more than a tenth smaller with the tag
served, tag none: methods are called by name in net/rpc,text/template
served, tag grpcnotrace: methods are called by name in net/rpc
served: not a tenth smaller with the tag
TEXT
diff expected seen && echo "as found on 1 December 2026"
