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
# tests start many. A package may take as long as all of CI. SQLite, which is C
# translated to Go, is compiled without the detector: it has no goroutines, and
# would take three quarters of the tests' time; the calls into it are watched.
# "make lint" vets, so that the tests need not.
RACE  := env GORACE=atexit_sleep_ms=0 go test -race -gcflags=modernc.org/...=-race=false -vet=off -timeout 20m

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
