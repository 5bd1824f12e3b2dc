# Palisade. `make help` says what there is.
SHELL   := /bin/bash
GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null || echo dev)
LDFLAGS := -s -w -X palisade.dev/cli.Version=$(VERSION)
DATA    ?= palisade-data

.PHONY: help build run test test-setup bench bench-peers fuzz self-scan field-trial oracle compare-sobelow bench-scan lint fmt tidy clean

help: ## say what there is
	@awk -F':.*## ' '/^[a-z-]+:.*## /{printf "  %-12s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

build: ## build bin/palisade
	CGO_ENABLED=0 $(GO) build -trimpath -ldflags '$(LDFLAGS)' -o bin/palisade ./cmd/palisade

run: build ## the demo shop behind the gateway; UPSTREAM=http://127.0.0.1:4000 protects an app of yours (LISTEN, CONSOLE, DATA)
	@PALISADE_DATA='$(DATA)' exec bin/palisade run

test: test-setup ## everything that must hold, in both modules and on both databases
	$(GO) vet ./... ./guard/...
	@unformatted=$$(gofmt -l $$(git ls-files '*.go')); if [ -n "$$unformatted" ]; then echo "not formatted (run make fmt):"; echo "$$unformatted"; exit 1; fi
	$(GO) test -p 2 ./... ./guard/...
	cd bench && GOWORK=off $(GO) vet ./...

test-setup: ## install the Debian packages that tests need, where that is allowed; otherwise say which are missing
	@./scripts/test-setup

bench: ## benchmarks next to the code; ratios are read within one run
	cd guard && $(GO) test -run '^$$' -bench . -benchmem ./...
	$(GO) test -run '^$$' -bench . -benchmem ./backend/... ./gateway/... ./store/...

bench-peers: ## the limiter beside other libraries, in one run
	cd bench && GOWORK=off $(GO) test -run '^$$' -bench . -benchmem ./...

FUZZTIME ?= 30s
fuzz: ## every fuzz target for FUZZTIME
	@./scripts/fuzz $(FUZZTIME)

self-scan: build ## what Palisade finds in its own source: nothing, or what .palisade-ignore.yaml explains
	bin/palisade scan code . --quiet --out bin/self-scan.md || { cat bin/self-scan.md; exit 1; }

TRIAL ?= vampi
URL   ?= http://127.0.0.1:5000
field-trial: ## scan a vulnerable API that you have started on this machine, and compare with what is known of it: TRIAL=vampi URL=http://127.0.0.1:5000
	@$(GO) run ./scripts/field-trial scan/api/testdata/field/$(TRIAL).txt $(URL)

oracle: ## every .ex and .exs below ORACLE_DIRS: our tree against that of Debian's Elixir
	@$(GO) run ./scripts/elixir-oracle $(ORACLE_DIRS)

compare-sobelow: build ## our findings in SOBELOW_DIRS against those of SOBELOW, the command that runs it
	@SOBELOW='$(SOBELOW)' $(GO) run ./scripts/compare-sobelow -palisade bin/palisade $(SOBELOW_DIRS)

bench-scan: build ## CPU and memory of scans of SOBELOW_DIRS, and the ratio to Sobelow's where SOBELOW is set
	@SOBELOW='$(SOBELOW)' $(GO) run ./scripts/bench-scan -palisade bin/palisade $(SOBELOW_DIRS)

lint: ## golangci-lint; the first run builds it
	@GO='$(GO)' ./scripts/lint

fmt: ## format
	GOWORK=off $(GO) tool -modfile=tools.mod gofumpt -w $$(git ls-files '*.go')

tidy: ## go.mod of all modules
	$(GO) mod tidy && (cd guard && $(GO) mod tidy) && (cd bench && GOWORK=off $(GO) mod tidy)

clean: ## remove what was built
	rm -rf bin
