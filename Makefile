# Two targets matter to a newcomer: "make demo" and "make test". Both install
# what they need, or say exactly what to install.
SHELL := bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help

# Without the folder in what is compiled, checkouts and tools share their caches.
export GOFLAGS := -trimpath
TOOL  := go tool -modfile=go.tool.mod
# The race detector has every process wait for a second before it ends, and the
# tests start many. A package may take as long as all of CI. "make lint" vets, so
# that the tests need not. What computes for long and starts no goroutines is
# compiled without the detector: SQLite, which is C translated to Go, the arithmetic
# of sound and its Base64, and the curves and regular expressions that every start
# of a plugin needs. No package may be added that uses generic types of package
# sync: the linker keeps one copy of each, and it must be a watched one.
unwatched = -gcflags=$(1)=-race=false
RACE := env GORACE=atexit_sleep_ms=0 go test -race -vet=off -timeout 20m \
	$(call unwatched,modernc.org/sqlite/lib) \
	$(call unwatched,github.com/redteam-orchestrator/orchestrator/core/audio) \
	$(call unwatched,encoding/base64) \
	$(call unwatched,regexp/...) \
	$(call unwatched,crypto/internal/fips140/nistec/...)

# The packages whose tests take longest begin first.
LONGEST := ./cmd/... ./plugins/... ./targets/... ./examples/...

.PHONY: help demo test build lint fmt generate check

help: ## this list
	@grep -hE '^[a-z]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

demo: build ## attack the practice target by text, by voice and through its web site, offline
	@.ci/need speech
	@examples/voicebot/demo.sh

test: ## all tests, with the race detector
	@.ci/need speech test python
	@nested=$$(mktemp); trap 'rm -f "$$nested"' EXIT; .ci/nested $(RACE) ./... >"$$nested" 2>&1 & others=$$!; status=0; \
	$(RACE) $(LONGEST) ./... ./.ci/figures || status=$$?; wait "$$others" || status=$$?; cat "$$nested"; exit "$$status"

build: ## bin/: orchestrator, its companion for providers' SDKs, and voicebot
	@.ci/build

lint: ## every linter, formatting and vulnerability check
	@.ci/lint

fmt: ## format all Go files
	$(TOOL) gofumpt -w $$(git ls-files -co --exclude-standard '*.go' ':!*.pb.go')

generate: ## generated code and golden files
	go tool -modfile=go.buf.mod buf generate
	go test ./... -run Golden -update

check: lint test demo ## exactly what CI runs
