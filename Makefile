# Usher: every command of the repository. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
PACKAGES := libs/contracts libs/kit libs/cli services/identity services/entitlements services/usage \
	services/notifications services/reporting services/console
DATA ?=
ARGS ?=
ONLY ?=
SEED ?= 1
FAULTS ?= 80

.PHONY: help images install lock demo up down status clean test test-long bench mutate chaos check contracts format

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: .venv/installed ## Install what is missing into .venv

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Usher needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python3 cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/installed: requirements.lock Makefile $(PACKAGES:%=%/pyproject.toml) | $(BIN)/uv
	@$(BIN)/uv pip sync --quiet --compile-bytecode --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

lock: | $(BIN)/uv ## Resolve dependencies anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
		$(foreach p,contracts kit cli,--no-emit-package usher-$(p)) \
		pyproject.toml --group dev $(PACKAGES:%=%/pyproject.toml) --output-file requirements.lock

demo: install ## Bring up the whole system with a sample district, or with DATA=PATH
	@$(BIN)/usher demo $(if $(DATA),--data "$(DATA)")

up: install ## Start servers and services on this machine
	@$(BIN)/usher up

down: ## Stop them; their data stays
	@[ ! -x $(BIN)/usher ] || $(BIN)/usher down

status: install ## Show what runs
	@$(BIN)/usher status

clean: down ## Remove local data; what was downloaded stays
	@[ ! -d .usher/test ] || flock --nonblock .usher/test/in-use $(BIN)/python -m usher_cli.servers stop .usher/test \
		|| { echo "tests are running in this clone: wait for them, then make clean"; exit 1; }
	@for home in .usher/chaos .usher/chaos-test; do \
		[ ! -d $$home ] || flock --nonblock $$home/lock $(BIN)/python -m usher_cli.servers stop $$home \
			|| { echo "the fault suite runs in this clone: wait for it, then make clean"; exit 1; }; done
	@[ ! -d .usher ] || find .usher -mindepth 1 -maxdepth 1 ! -name rabbitmq -exec rm -rf {} +

images: ## Build the image that docker compose up runs
	@docker info >/dev/null 2>&1 || { echo "no Docker engine answers: start one, or run make demo, which needs none"; exit 1; }
	@docker compose build identity

test: install ## Run every test on real servers of its own; ARGS="-k waitlist" goes to pytest
	@$(BIN)/pytest -n auto $(ARGS)

test-long: install ## Run what is fuzzed and every property on many examples, other ones each time
	@USHER_MODEL_EXAMPLES=300 USHER_OPENAPI_TIMES=10 USHER_HYPOTHESIS_PROFILE=long \
		$(BIN)/pytest -n auto --timeout 7200 -m "hypothesis or long" $(ARGS)

bench: install ## Measure speed on servers of its own; ONLY=name,… some of it, ARGS="--people 5000" other sizes
	@$(BIN)/python -m tests.bench --only "$(ONLY)" $(ARGS)

chaos: install ## Kill, restart and poison the system under load; SEED=7 FAULTS=200 other and more faults
	@$(BIN)/python -m tests.chaos --seed $(SEED) --faults $(FAULTS) $(ARGS)

mutate: install ## Change entitlements' rules in every small way, and show what no test notices; ARGS="*terms*" some
	@$(BIN)/python -m tests.mutation $(ARGS)

check: install ## Formatter, linter, types, import rules, contracts, migrations
	@$(BIN)/ruff format --check . || { echo "run make format"; exit 1; }
	@$(BIN)/ruff check --quiet .
	@$(BIN)/mypy conftest.py libs services tests
	@$(BIN)/lint-imports | sed -n '/^Contracts:/,$$p'; exit $${PIPESTATUS[0]}
	@$(BIN)/python -m usher_contracts check
	@$(BIN)/pytest --quiet tests/migrations

contracts: install ## Release contracts that are new, and write docs/catalogue.md
	@$(BIN)/python -m usher_contracts release

format: install ## Format, and mend what the linter can
	@$(BIN)/ruff format --quiet .
	@$(BIN)/ruff check --quiet --fix .
