# The targets for people. `.ci/run` calls `test` and `check`, nothing else.
.DEFAULT_GOAL := help
.PHONY: help run demo build test race nightly bench check fmt lint vet postgres chromium screenshots docs clean

SHELL := /bin/bash
# Where git does not trust the checkout (another user's folder), stamping would end the build.
export GOFLAGS += -buildvcs=false
VERSION := $(shell git describe --tags --always --dirty 2>/dev/null)
BUILD := go build -trimpath $(if $(VERSION),-ldflags "-X main.version=$(VERSION)") -o bin/ledger ./cmd/ledger
LINT_VERSION := 2.15.0
CACHE := $(CURDIR)/.cache

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

run: postgres build ## build, start the whole system on .ledger, import the example, keep serving
	@exec bin/ledger dev $(ARGS)

build: ## build bin/ledger
	@$(BUILD)

demo: postgres build ## run a ledger and three provisioning services for a minute, and show that it adds up
	@go build -trimpath -o bin/ ./examples/provisioner ./examples/provisioner/demo
	@exec bin/demo $(ARGS)

test: postgres chromium ## run all tests, with real Postgres, real NATS and a real browser of their own
	go test -timeout 20m ./...

race: postgres ## run the tests of what works concurrently, the whole program too, under the race detector
	go test -race -timeout 20m ./client ./cmd/ledger ./eventstore ./handlers ./handlers/intake ./handlers/webhooks ./projections ./internal/...

nightly: ## a million random commands against the rules, from a new seed; PROPERTY_COMMANDS and PROPERTY_SEED choose others
	PROPERTY_COMMANDS=$${PROPERTY_COMMANDS:-1000000} PROPERTY_SEED=$${PROPERTY_SEED:-$$(date +%s)} \
		go test -count=1 -timeout 60m -run TestAnyCommandsKeepTheBooks ./domain

bench: postgres build ## measure this build beside the machine's physical limits
	@bin/ledger bench $(ARGS)

check: fmt vet lint ## formatting, vet and lint

fmt:
	@files=$$(find . -name '*.go' -not -path './.*' -exec gofmt -l {} +); \
	if [ -n "$$files" ]; then echo "not formatted (gofmt -w):" $$files; exit 1; fi

vet:
	go vet ./...

# The one version that .golangci.yml was written for, from the PATH, from GOPATH/bin, or built once into .cache.
lint:
	@for bin in golangci-lint "$$(go env GOPATH)/bin/golangci-lint" $(CACHE)/bin/golangci-lint; do \
		if "$$bin" version 2>/dev/null | grep -q " $(LINT_VERSION) "; then lint=$$bin; break; fi; \
	done; \
	if [ -z "$$lint" ]; then \
		echo "building golangci-lint $(LINT_VERSION) once, a few minutes"; \
		GOBIN=$(CACHE)/bin go install github.com/golangci/golangci-lint/v2/cmd/golangci-lint@v$(LINT_VERSION) || exit 1; \
		lint=$(CACHE)/bin/golangci-lint; \
	fi; \
	"$$lint" run ./...

postgres:
	@go run ./internal/pgserver/which >/dev/null 2>&1 || scripts/install-postgres

# Tests that look at pages are skipped without it, and say so.
chromium:
	@scripts/install-chromium

screenshots: postgres chromium ## take the pictures of docs/console.md anew, from the example of `ledger dev`
	go test -count=1 -timeout 10m -run TestScreenshots ./cmd/ledger -args -screenshots $(CURDIR)/docs/images

docs: ## write docs/api anew: OpenAPI, AsyncAPI and JSON Schemas, from the code
	@go run ./handlers/contract/write

clean: ## remove what was built; the data in .ledger stays
	rm -rf bin .cache
