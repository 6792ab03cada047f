# Usher: every command of the repository. `make help` lists them.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PYTHON ?= python3
UV_VERSION := 0.13.9
BIN := .venv/bin
PACKAGES := libs/contracts libs/kit libs/cli services/identity services/entitlements services/usage \
	services/notifications services/reporting services/console
DATA ?=

.PHONY: help install lock up down status demo test check format clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-10s %s\n", $$1, $$2}'

install: .venv/installed ## Install what is missing into .venv

$(BIN)/uv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
		|| { echo "Usher needs Python 3.11 or newer; set PYTHON=/path/to/python3.11"; exit 1; }
	@$(PYTHON) -m venv .venv || { echo "python3 cannot make a virtual environment; on Debian: apt-get install python3-venv"; exit 1; }
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==$(UV_VERSION)

.venv/installed: requirements.lock Makefile $(PACKAGES:%=%/pyproject.toml) | $(BIN)/uv
	@$(BIN)/uv pip sync --quiet --python $(BIN)/python requirements.lock
	@$(BIN)/uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation $(PACKAGES:%=-e %)
	@touch $@

lock: | $(BIN)/uv ## Resolve dependencies anew into requirements.lock
	$(BIN)/uv pip compile --quiet --universal --generate-hashes --python-version 3.11 --no-header \
		$(foreach p,contracts kit cli,--no-emit-package usher-$(p)) \
		pyproject.toml --group dev $(PACKAGES:%=%/pyproject.toml) --output-file requirements.lock
