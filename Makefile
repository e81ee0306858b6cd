# Seine needs Go, make and git, and no C compiler: `make demo` and `make test`
# are the two to begin with, `make help` lists the others.

GO      ?= go
VERSION ?= $(shell git describe --tags --always --dirty 2>/dev/null)

# One way of building for everything, so that all targets share the build
# cache. Only the race detector needs cgo.
export CGO_ENABLED = 0
export GOFLAGS    := $(strip $(shell $(GO) env GOFLAGS) -trimpath -buildvcs=false)

LDFLAGS   = -s -w -X main.release=$(VERSION)
PLATFORMS = linux/amd64 linux/arm64 darwin/amd64 darwin/arm64 windows/amd64 windows/arm64
RACY      = ./analyzer ./flow/internal/lines ./flow/parquet ./cmd/seine
TOOL      = $(GO) tool -modfile=scripts/tools/go.mod

FUZZTIME ?= 20s

.DEFAULT_GOAL := all
.PHONY: all demo test ci lint gofmt vet staticcheck race bench fuzz cover cross clean help

all: ## build bin/seine
	$(GO) build -ldflags '$(LDFLAGS)' -o bin/seine ./cmd/seine

demo: all ## find the incidents planted in 50,000 flows of an office
	@echo
	@echo 'testdata/demo/flows.csv.gz: 50,000 flows of eight hours in an invented office. Planted among them are a'
	@echo 'beacon and other contacts to listed addresses, over IPv4 and IPv6, a visit from a listed network, scans of'
	@echo 'one machine and of many, guessed passwords of which the last fits, an upload at night and a burst of ports;'
	@echo 'testdata/demo/README.md lists them all.'
	@echo
	bin/seine analyze -f table --blacklist testdata/demo/blacklist.txt testdata/demo/flows.csv.gz
	@echo
	@echo 'Go on with -v for the flows behind each finding, "bin/seine explain beacon" for how one is made, and'
	@echo '"bin/seine analyze --help" for the rest.'

test: ## run all tests
	$(GO) test ./...

# Each system and each architecture once: linux/amd64 or what else this is
# comes with the tests.
ci: PLATFORMS = linux/arm64 darwin/arm64 windows/amd64
ci: lint cross race test ## run everything that a change must pass

lint: gofmt vet staticcheck ## check the format and the usual mistakes

gofmt:
	@unformatted=$$(gofmt -l .); [ -z "$$unformatted" ] || { echo "not formatted with gofmt:"; echo "$$unformatted"; exit 1; }

vet:
	$(GO) vet ./...
	GOOS=darwin GOARCH=arm64 $(GO) vet ./...
	GOOS=windows GOARCH=amd64 $(GO) vet ./...

# staticcheck is a module of its own, so that go.mod lists what Seine needs and
# nothing else.
staticcheck:
	$(TOOL) staticcheck ./...

# The packages that start goroutines, and the commands, which run all of them.
# Except on macOS the race detector needs a C compiler.
race: ## run the concurrent packages under the race detector
	@if [ "$$($(GO) env GOOS)" = darwin ] || command -v "$$($(GO) env CC)" >/dev/null 2>&1; then \
		echo 'CGO_ENABLED=1 $(GO) test -race -short $(RACY)'; \
		CGO_ENABLED=1 $(GO) test -race -short $(RACY); \
	else \
		echo 'no C compiler: the race detector is left out'; \
	fi

bench: ## measure against wc, encoding/csv and DuckDB (ROWS=, RUNS=; see scripts/bench/run.sh)
	scripts/bench/run.sh

fuzz: ## run every fuzz target for FUZZTIME (20s)
	@grep -rl --include='*_test.go' '^func Fuzz' . | sort | { failed=0; while read -r file; do \
		for target in $$(sed -n 's/^func \(Fuzz[A-Za-z0-9_]*\)(.*/\1/p' "$$file"); do \
			echo "$$target in $$(dirname "$$file")"; \
			$(GO) test -run '^$$' -fuzz "^$$target\$$" -fuzztime $(FUZZTIME) -fuzzminimizetime 5x "$$(dirname "$$file")" </dev/null || failed=1; \
		done; \
	done; exit $$failed; }

cover: ## print how much of each package the tests run through
	@mkdir -p bin
	@out=$$($(GO) test -coverpkg=./... -coverprofile=bin/coverage.out ./... 2>&1) || { echo "$$out"; exit 1; }
	@scripts/coverage bin/coverage.out

cross: ## build bin/<os>-<arch>/seine for Linux, macOS and Windows
	@set -e; for platform in $(PLATFORMS); do \
		os=$${platform%/*}; arch=$${platform#*/}; exe=; [ $$os != windows ] || exe=.exe; \
		echo "bin/$$os-$$arch/seine$$exe"; \
		GOOS=$$os GOARCH=$$arch $(GO) build -ldflags '$(LDFLAGS)' -o bin/$$os-$$arch/seine$$exe ./cmd/seine; \
	done

clean: ## remove what make built
	rm -rf bin

help: ## list the targets
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do printf '%-8s %s\n' "$$name" "$$text"; done
