# `make` or `make help` lists the targets.
SHELL := /bin/sh
.DEFAULT_GOAL := help
# Node 24 comes as a package, for machines with an older one.
NODE := node_modules/.bin/node
BIN := PATH="$(CURDIR)/node_modules/.bin:$$PATH"

# make puts STACK=… into the environment, where no shell reads it.
OPERATE = @$(BIN) $(NODE) cli/main.ts $@ --stack "$$STACK"

.PHONY: help lab lab-down preview-prod start stop restart status host-keys test test-all test-edge test-kubernetes replay render bench bench-docs check types lint format clean

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  %-16s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

node_modules/.installed: package.json package-lock.json
	@echo "installing packages" >&2
	@npm ci --no-audit --no-fund --loglevel=error
	@touch $@

lab: node_modules/.installed ## Run the whole program in the embedded lab (KEEP=1 leaves it running)
	@$(BIN) $(NODE) lab/main.ts

lab-down: node_modules/.installed ## Stop a lab that KEEP=1 left running
	@$(BIN) $(NODE) lab/main.ts down

preview-prod: node_modules/.installed ## Preview Pulumi.prod.yaml from nothing, without credentials of AWS (DIFF=1: every input)
	@$(BIN) $(NODE) tools/preview-prod.ts $(if $(filter 1,$(DIFF)),--diff)

test: node_modules/.installed ## Run the tests, with the real engine, sshd, Docker and clients where they are (CI=true: the long ones too)
	@$(BIN) $(NODE) tools/test.ts

test-all: node_modules/.installed ## Run every test, as CI does; builds Traefik, a CA and a kube-apiserver, once
	@$(BIN) $(NODE) tools/test.ts --all

test-edge: node_modules/.installed ## Build Traefik and a CA, once, and run only the tests with real certificates (root, Docker)
	@$(BIN) $(NODE) tools/test.ts --edge

test-kubernetes: node_modules/.installed ## Build a kube-apiserver, once, and run only the tests with a real cluster (root)
	@$(BIN) $(NODE) tools/test.ts --kubernetes

replay: node_modules/.installed ## Compare the lab's Harbor with recordings of a real one (DIR=folder of *.json)
	@$(BIN) $(NODE) tools/replay.ts "$$DIR"

start: node_modules/.installed ## Start a stopped Harbor and wait until it is healthy: make start STACK=prod
	$(OPERATE)

stop: node_modules/.installed ## Stop Harbor; data and certificates stay (STACK=prod, FORCE=1 doesn't ask)
	$(OPERATE) $(if $(filter 1,$(FORCE)),--yes)

restart: node_modules/.installed ## Stop Harbor, start it and wait until it is healthy (STACK=prod, FORCE=1)
	$(OPERATE) $(if $(filter 1,$(FORCE)),--yes)

status: node_modules/.installed ## Say how Harbor is; fails where it is not healthy (STACK=prod, JSON=1)
	$(OPERATE) $(if $(filter 1,$(JSON)),--json)

render: node_modules/.installed ## Print the cache for other tools: make render WHAT=kubespray STACK=prod (OUTPUT=folder)
	$(OPERATE) "$$WHAT" $(if $(OUTPUT),--output "$$OUTPUT")

host-keys: node_modules/.installed ## Collect the nodes' SSH host keys for a review (STACK=prod, OUTPUT=known_hosts, JSON=1)
	$(OPERATE) $(if $(OUTPUT),--output "$$OUTPUT") $(if $(filter 1,$(JSON)),--json)

bench: node_modules/.installed ## Measure rollouts to 10 to 1,000 nodes beside ssh and ansible-core, some 20 minutes (OPTIONS="--nodes 10,100")
	@$(BIN) $(NODE) bench/main.ts $(OPTIONS)

bench-docs: node_modules/.installed ## Write what make bench measured into docs/benchmarks.md
	@$(BIN) $(NODE) bench/document.ts
	@$(BIN) prettier --write --log-level warn docs/benchmarks.md

check: node_modules/.installed ## Types, lint and format
	@$(BIN) tsc --noEmit
	@$(BIN) eslint . --max-warnings 0 --cache --cache-location .cache/eslint
	@$(BIN) prettier --check --log-level warn --cache --cache-location .cache/prettier .

format: node_modules/.installed ## Rewrite the files in the project's format
	@$(BIN) prettier --write --log-level warn .

clean: ## Remove what the targets made in this folder
	rm -rf node_modules .cache .lab coverage
