# Everything here makes .venv itself. `make help` lists the targets.
.DEFAULT_GOAL := help
SHELL := /bin/sh
.NOTPARALLEL:

PYTHON := $(shell for p in python3 python3.14 python3.13 python3.12 python3.11 python; do "$$p" -c "" 2>/dev/null && echo "$$p" && break; done)
BIN := .venv/bin
FLASK := $(BIN)/flask --app app
# Tests on two processes at once; the races run alone afterwards, then the browser. Both without counting lines, which takes
# much of their servers' speed; the rules are covered without them.
JOBS ?= 2
# What is compiled once need not be compiled by every process that the tests start.
export PYTHONDONTWRITEBYTECODE :=
RULES := checkin/queueing/*,checkin/alerts/*

.PHONY: help run test check fmt lock messages bench faults shots venv venv-dev tools clean

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile

run: venv ## set up everything and serve at HOST:PORT (127.0.0.1:8000)
	@$(FLASK) db upgrade
	@$(FLASK) demo
	@exec $(FLASK) serve

test: venv-dev tools ## set up everything and run all the tests, with coverage
	@rm -f .coverage .coverage.*
	$(BIN)/python -m pytest --cov --cov-report= --cov-fail-under=0 -n $(JOBS) -m "not race and not browser"
	$(BIN)/python -m pytest tests/races -m race
	$(BIN)/python -m pytest tests/browser tests/tooling -n $(JOBS) -m "browser and not race"
	$(BIN)/coverage report
	$(BIN)/coverage report --include="$(RULES)" --fail-under=100

check: venv-dev ## lint, types, layers, templates and the quick tests
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-logo
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/python -m pytest -q -n $(JOBS) -m "not browser and not postgres and not race and not slow"

fmt: venv-dev ## put code into its usual form
	$(BIN)/ruff check --fix
	$(BIN)/ruff format

lock: venv-dev ## lock the requirements again after a change of requirements*.in (UPGRADE=--upgrade for newer ones)
	$(BIN)/uv pip compile $(LOCK) requirements.in -o requirements.txt
	$(BIN)/uv pip compile $(LOCK) requirements-dev.in -o requirements-dev.txt
LOCK = --quiet --universal --generate-hashes --no-emit-index-url --no-header --python-version 3.11 $(UPGRADE)

messages: venv-dev ## collect the sentences for translation and bring the catalogues up to date
	@$(BIN)/python -m tools.messages

bench: venv-dev ## measure; each script prints one line of JSON
	@$(BIN)/python -m bench.take
	@$(BIN)/python -m bench.depth
	@$(BIN)/python -m bench.checkin
	@$(BIN)/python -m bench.kiosks
	@$(BIN)/python -m bench.volunteer
	@$(BIN)/python -m bench.board
	@$(BIN)/python -m bench.estimate

faults: venv-dev tools ## kill, stop and lie to the workers that send alerts; prints the table of docs/reliability.md
	@$(BIN)/python -m bench.faults

shots: venv-dev tools ## take the screenshots of the README
	$(BIN)/python -m tests.shots

clean: ## remove what tools leave behind; .venv and instance/ stay
	rm -rf .coverage .coverage.* htmlcov .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache test-results

venv:
	@$(if $(PYTHON),,$(error No Python. Type: sudo apt-get install python3 python3-venv))
	@$(PYTHON) tools/set_up.py run

venv-dev:
	@$(if $(PYTHON),,$(error No Python. Type: sudo apt-get install python3 python3-venv))
	@$(PYTHON) tools/set_up.py dev

tools: # Chromium and PostgreSQL, for the tests
	@$(BIN)/python -m tests.support.bring
