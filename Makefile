# make demo    install the screening tool and screen the demonstration scan
# make test    install everything for development, lint, run all tests
# make lint    linters and types only
# make bench   measure speed and memory on this machine into results/bench.md and results/bench-annotation.md
# make clean   remove what the targets above made, the environments too

PYTHON ?= python3
JOBS ?= auto
SCAN ?= $(firstword $(wildcard examples/demo-scan*))
OUT ?= demo

VENV := .venv
BIN := $(VENV)/bin
BENCH := .venv-bench
PIP_INSTALL := install --quiet --disable-pip-version-check
PINNED := pyproject.toml constraints.txt

.PHONY: demo test lint bench clean
.DELETE_ON_ERROR:

demo: $(VENV)/.base
	$(BIN)/ichor screen $(SCAN) --out $(OUT)

# The tests come last, so that pytest's summary is the last line.
# One torch thread a worker: two workers with two threads each spend their time waiting for one another.
test: lint
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(JOBS)

lint: $(VENV)/.dev
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

bench: $(VENV)/.dev $(BENCH)/.keras
	$(BIN)/python scripts/bench_annotate.py --out results/bench-annotation.md
	$(BIN)/python scripts/bench.py --keras-python $(BENCH)/bin/python --out results/bench.md

clean:
	rm -rf $(VENV) $(BENCH) $(OUT) build dist .mypy_cache .pytest_cache .ruff_cache .hypothesis

$(BIN)/python:
	@command -v $(PYTHON) >/dev/null || { \
	  echo "ichor: expected Python 3.11 or newer as '$(PYTHON)', found none: set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
	  echo "ichor: expected Python 3.11 or newer, found $$($(PYTHON) --version 2>&1): set PYTHON=/path/to/python3" >&2; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || { \
	  echo "ichor: expected Python's venv and ensurepip modules, found none: on Debian, apt-get install python3-venv" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)

# The base install: no torch.
$(VENV)/.base: $(PINNED) | $(BIN)/python
	$(BIN)/pip $(PIP_INSTALL) -c constraints.txt -e .
	@touch $@

# torch comes as the build that pip's settings offer: a CPU build in its find-links is preferred to the index.
$(VENV)/.dev: $(PINNED) | $(BIN)/python
	$(BIN)/pip $(PIP_INSTALL) -c constraints.txt -e '.[dev]'
	@touch $@ $(VENV)/.base

# Keras is measured against, never used: it lives in an environment of its own.
$(BENCH)/.keras: scripts/bench-requirements.txt | $(BIN)/python
	$(PYTHON) -m venv $(BENCH)
	$(BENCH)/bin/pip $(PIP_INSTALL) -r $<
	@touch $@
