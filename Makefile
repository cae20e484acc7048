# Python >= 3.11 and make are all that is needed; uv is used where it is there.
PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
UV = $(shell command -v uv 2>/dev/null)
WORKERS ?= $(shell $(PYTHON) -c 'import os; print(2 * (os.cpu_count() or 1))')  # tests wait, too
.DEFAULT_GOAL := help
unexport PYTHONDONTWRITEBYTECODE  # where it is set, every process of every test compiles the house anew
SEED := $(or $(SEED),$(shell date +%s))
# `make fuzz` tries so many times the cases of `make check`.
TIMES ?= 15

help: ## Show these targets
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

$(VENV)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -c 'import sys; sys.exit("ttai needs Python 3.11 or newer: make PYTHON=python3.11 ...") if sys.version_info < (3, 11) else None'
ifneq ($(UV),)
	test -d $(VENV) || $(UV) venv -q --python $(PYTHON) $(VENV)
	$(UV) pip install -q --python $(BIN)/python --compile-bytecode -c constraints.txt -e '.[dev]'
else
	test -d $(VENV) || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install -q -c constraints.txt -e '.[dev]'
endif
	touch $@

demo: $(VENV)/.installed ## Serve the simulated market over HTTP and say how to connect
	$(BIN)/ttai serve --demo --http

dev: $(VENV)/.installed ## The same with debug log, started anew when a file changes
	$(BIN)/watchfiles --filter python '$(BIN)/ttai serve --demo --http --log-level DEBUG' ttai plugins

test: $(VENV)/.installed ## The quick tests
	$(BIN)/pytest -q -n $(WORKERS)

check: $(VENV)/.installed ## All that must be green: style, types, layers, tests with coverage, whole processes
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache
	$(BIN)/coverage erase
	$(MAKE) test PYTEST_ADDOPTS="--cov --cov-report="
	$(BIN)/coverage report
	$(BIN)/coverage report --include='ttai/quant/*' --fail-under=100 > /dev/null || { $(BIN)/coverage report --include='ttai/quant/*'; exit 1; }
	$(BIN)/pytest -q -m slow --timeout 300 -n auto

fuzz: $(VENV)/.installed ## Thousands of hostile inputs, about 5 minutes; `make fuzz SEED=7` repeats a run
	FUZZ=$(TIMES) $(BIN)/pytest -q tests/fuzz -m slow -n auto --dist loadfile -p no:randomly --hypothesis-seed=$(SEED) --show-capture=no || { echo "To repeat it: make fuzz SEED=$(SEED)"; exit 1; }

fix: $(VENV)/.installed ## Format, mend what a machine can mend, write the examples of the docs anew
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .
	$(BIN)/python -m tests.contract.docs

bench: $(VENV)/.installed ## The figures, with their baselines in the same run
	$(BIN)/python -m compileall -q ttai plugins $(VENV)/lib
	$(BIN)/pytest -q -m bench --benchmark-enable --benchmark-columns=min,median,rounds -p no:randomly -s

chaos: $(VENV)/.installed ## A real server under random faults, about 6 minutes (make chaos SEED=7 MINUTES=3)
	$(BIN)/python -m tests.chaos $(if $(SEED),--seed $(SEED)) $(if $(MINUTES),--minutes $(MINUTES))

dist-check: $(VENV)/.installed ## Install the wheel from nothing; conformance suite, Inspector (needs the package registries)
	rm -rf dist/check && mkdir -p dist/check
	$(BIN)/python -m pip wheel -q --no-deps --no-build-isolation -w dist/check .
	$(PYTHON) -m venv dist/check/venv
	dist/check/venv/bin/python -m pip install -q -c constraints.txt dist/check/*.whl
	dist/check/venv/bin/ttai call get_quotes symbols=SPY,AAPL --demo --data-dir dist/check/data
	$(PYTHON) build/dist_check.py dist/check/venv

dist/freeze/venv/.installed: pyproject.toml constraints.txt
	rm -rf dist/freeze
	$(PYTHON) -m venv dist/freeze/venv
	dist/freeze/venv/bin/python -m pip install -q -c constraints.txt '.[sidecar]'
	touch $@

sidecar: dist/freeze/venv/.installed ## Freeze the server for a desktop app and try it (needs the package registries)
	dist/freeze/venv/bin/python -m pip install -q --no-deps --force-reinstall .
	dist/freeze/venv/bin/pyinstaller -y --log-level ERROR --distpath dist/sidecar --workpath dist/freeze/work build/ttai.spec
	dist/freeze/venv/bin/python build/sidecar.py

constraints: $(VENV)/.installed ## Write constraints.txt anew from pyproject's ranges
	$(BIN)/uv pip compile -q --universal --python-version 3.11 --no-emit-index-url --no-header --no-annotate --upgrade --all-extras -o constraints.txt pyproject.toml

clean: ## Remove what these targets made
	rm -rf $(VENV) dist .coverage .benchmarks .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

.PHONY: help demo dev test check fuzz chaos fix bench dist-check sidecar constraints clean
