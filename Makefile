# The menu: `make`. Every target makes the environment it needs.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# The first Python of at least 3.11 that can make an environment.
FIND_PYTHON = for p in python3.11 python3 python3.12 python3.13 python3.14; do \
	  if $$p -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	  then echo $$p; exit; fi; done; \
	  echo "Python 3.11 or newer with venv is needed" >&2; exit 1

PYTEST_ARGS ?=
# A file's tests stay in one process; each process has a database server and a broker of its own.
TEST_PROCESSES ?= 2
MUTATION_ARGS ?=
BENCH_ARGS ?=
FUZZ_ARGS ?=
IMAGE ?= channel-sync
PYTHON_IMAGE ?= python:3.11-slim-bookworm
IMAGE_ARGS ?=
COMPOSE ?= docker compose
ORACLE_ARGS ?=
CHAOS_ARGS ?=

.PHONY: help
help: ## this menu
	@awk 'BEGIN {FS = ":.*## "} /^[a-z-]+:.*## / {printf "  make %-16s %s\n", $$1, $$2}' \
	  $(MAKEFILE_LIST)

.PHONY: venv
venv: $(STAMP) ## the environment, from the hashed requirement files

$(STAMP): requirements/dev.txt pyproject.toml src/channel_sync/__init__.py
	@test -x $(BIN)/python || { \
	  python=$$($(FIND_PYTHON)); $$python -m venv $(VENV); }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --require-hashes -r requirements/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check \
	  --no-deps --no-build-isolation -e .
	@touch $@

.PHONY: demo
demo: $(STAMP) ## the whole system on embedded parts: a hotel and a day of messages
	@$(BIN)/channel-sync demo

.PHONY: test
test: $(STAMP) ## all tests; PYTEST_ARGS="-k name" for some
	@$(BIN)/python -m pytest -n $(TEST_PROCESSES) --dist loadfile $(PYTEST_ARGS)

.PHONY: check
check: $(STAMP) check-generated ## lint, format, types, import contracts, generated files
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

.PHONY: check-generated
check-generated: $(STAMP) ## generated files say what the code says
	@$(BIN)/python -m tools.generated --check

.PHONY: generated
generated: $(STAMP) ## writes the generated files
	@$(BIN)/python -m tools.generated
	@$(BIN)/python -m tools.golden

.PHONY: format
format: $(STAMP) ## formats, and repairs what lint can repair
	@$(BIN)/ruff check --fix --quiet . || true
	@$(BIN)/ruff format .

.PHONY: coverage-core
coverage-core: $(STAMP) ## the unit tests cover every branch of the core
	@LAWS=quick $(BIN)/coverage run --branch --source=src/channel_sync/core --data-file=.coverage.core \
	  -m pytest -q tests/unit
	@$(BIN)/coverage report --data-file=.coverage.core --rcfile=/dev/null --show-missing \
	  --skip-covered --fail-under=100

.PHONY: mutation
mutation: $(STAMP) ## breaks the core on purpose; MUTATION_ARGS="--sample 400"
	@$(BIN)/python tools/mutation.py $(MUTATION_ARGS)

.PHONY: oracle
oracle: $(STAMP) ## searches for moves beside a solver's; ORACLE_ARGS="--instances 1000"
	@$(BIN)/python -m tools.oracle $(ORACLE_ARGS)

.PHONY: bench
bench: $(STAMP) ## the measured comparisons
	@$(BIN)/python -m bench $(BENCH_ARGS)

.PHONY: fuzz
fuzz: $(STAMP) ## mutated messages against every decoder; FUZZ_ARGS="--inputs 200000"
	@$(BIN)/python -m tools.fuzz $(FUZZ_ARGS)

.PHONY: chaos
chaos: $(STAMP) ## workers under faults, 10 minutes; CHAOS_ARGS="--minutes 2" or "--soak --write"
	@$(BIN)/python -m tests.chaos $(CHAOS_ARGS)

.PHONY: kafka
kafka: $(STAMP) ## fetches Apache Kafka for the tests (needs java 17 and mvn)
	@$(BIN)/python -m tests.parts.jars

.PHONY: image
image: ## the worker's image, and its size; PYTHON_IMAGE=… for another base
	@docker build --quiet --build-arg PYTHON_IMAGE=$(PYTHON_IMAGE) \
	  --build-arg REVISION=$$(git rev-parse HEAD 2>/dev/null || echo unknown) \
	  $(IMAGE_ARGS) --tag $(IMAGE) . >/dev/null
	@docker image inspect --format '{{.Size}}' $(IMAGE) \
	  | awk '{printf "$(IMAGE): %.1f MB\n", $$1 / 1e6}'

.PHONY: compose
compose: ## the whole system in containers: plays the demo's messages and prints the outcomes
	@$(COMPOSE) up --detach --build >/dev/null
	@$(COMPOSE) logs --follow --no-log-prefix feeder
	@test "$$(docker inspect --format '{{.State.ExitCode}}' $$($(COMPOSE) ps --all --quiet feeder))" = 0
	@echo "it still runs: $(COMPOSE) down --volumes"

.PHONY: lock
lock: ## renews the requirement files; LOCK_ARGS="--upgrade" for newer versions
	@test -x $(BIN)/python || { python=$$($(FIND_PYTHON)); $$python -m venv $(VENV); }
	@test -x $(BIN)/uv || $(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@compile() { \
	  $(BIN)/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes \
	    --no-emit-index-url --no-emit-find-links --no-header --no-annotate $(LOCK_ARGS) \
	    pyproject.toml "$${@:2}" -o requirements/$$1.txt; }; \
	compile dev --extra dev; \
	compile demo --extra demo --extra desk -c requirements/dev.txt; \
	compile run -c requirements/dev.txt; \
	echo 'hatchling>=1.27' | $(BIN)/uv pip compile --quiet --universal --python-version 3.11 \
	  --generate-hashes --no-emit-index-url --no-emit-find-links --no-header --no-annotate \
	  $(LOCK_ARGS) - -c requirements/dev.txt -o requirements/build.txt

.PHONY: clean
clean: ## removes the environment and every cache of this folder
	@rm -rf $(VENV) .coverage .coverage.* .hypothesis .mypy_cache .pytest_cache .ruff_cache \
	  .import_linter_cache build dist mutants
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
