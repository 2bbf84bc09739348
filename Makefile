# Two targets matter to a newcomer: "make demo" and "make test". Both install
# what they need, or say exactly what to install.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Without the folder in what is compiled, checkouts and tools share their caches.
export GOFLAGS := -trimpath
TOOL  := go tool -modfile=go.tool.mod
BUILD := CGO_ENABLED=0 go build
# The race detector has every process wait for a second before it ends, and the
# tests start many. A package may take as long as all of CI. "make lint" vets, so
# that the tests need not. Two packages that compute for long and start no
# goroutines are compiled without the detector: SQLite, which is C translated to
# Go, and the arithmetic of sound. No package may be added that uses generic types
# of package sync: the linker keeps one copy of each, and it must be a watched one.
UNWATCHED := -gcflags=modernc.org/sqlite/lib=-race=false -gcflags=github.com/redteam-orchestrator/orchestrator/core/audio=-race=false
RACE      := env GORACE=atexit_sleep_ms=0 go test -race $(UNWATCHED) -vet=off -timeout 20m

.PHONY: help demo test build lint fmt generate check

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: build ## run campaigns/voicebot.yaml against the practice target, offline
	@.ci/need speech
	@examples/voicebot/demo.sh

test: ## all tests, with the race detector
	@.ci/need speech test python
	$(RACE) ./... ./.ci/figures
	@.ci/nested $(RACE) ./...

build: ## bin/orchestrator and bin/voicebot
	$(BUILD) -o bin/ ./cmd/orchestrator ./examples/voicebot

lint: ## every linter, formatting and vulnerability check
	@.ci/lint

fmt: ## format all Go files
	$(TOOL) gofumpt -w $$(git ls-files -co --exclude-standard '*.go' ':!*.pb.go')

generate: ## generated code and golden files
	go tool -modfile=go.buf.mod buf generate
	go test ./... -run Golden -update

check: lint test demo ## exactly what CI runs
